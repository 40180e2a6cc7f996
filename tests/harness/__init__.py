"""What the tests of the contracts share: actors, calls, reverts, events, signatures."""

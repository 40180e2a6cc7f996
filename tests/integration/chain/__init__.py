"""The chain as the services see it."""

"""Python against the contracts on a local chain."""

"""The tests, which are the specification: see tests/README.md for how they are written."""

"""What the contracts cost: `make gas`."""

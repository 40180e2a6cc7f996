"""The SDK against the escrow itself."""

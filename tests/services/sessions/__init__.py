"""The SDK's pure parts."""

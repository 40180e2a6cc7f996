"""Signers, in memory and in a vault."""

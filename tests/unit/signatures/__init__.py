"""Signatures: who signed a digest, for keys and for contracts."""

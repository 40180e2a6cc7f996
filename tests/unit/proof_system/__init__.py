"""ProofSystem: which circuits count, and what a proof shows."""

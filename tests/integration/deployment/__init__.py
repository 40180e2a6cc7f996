"""Deployments, on local chains and rehearsed on one that says it is Base Sepolia."""

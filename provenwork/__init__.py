"""Provenwork: pay machines for work that is proven."""

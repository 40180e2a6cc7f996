"""How much of its rate everybody has left."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, DateTime, Float, Index, Table, Text

from provenwork.store.tables._metadata import metadata

__all__ = ["rate_buckets"]

rate_buckets = Table(
    "rate_buckets",
    metadata,
    # 128 bits of a hash of the rate's name and the caller: addresses and keys of callers are not kept.
    Column("bucket", Text, primary_key=True),
    Column("tokens", Float, nullable=False),
    Column("refilled_at", DateTime(timezone=True), nullable=False),
    # When it is full again, and says no more than having no row.
    Column("full_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("tokens >= 0", name="tokens"),
    Index(None, "full_at"),
    # Not in the write-ahead log: after a crash of the database every bucket is full.
    prefixes=["UNLOGGED"],
)
"""One row per caller and rate that is not full, on the database's clock."""

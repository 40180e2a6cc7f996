"""Who may do something alone, and until when."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, Table, Text

from provenwork.store.tables._metadata import metadata

__all__ = ["leases"]

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    # The fencing token: larger with every change of hands. The row stays when the lease ends, so it never starts again.
    Column("token", BigInteger, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("token > 0", name="token"),
)
"""One row per thing that only one may do at a time, on the database's clock."""

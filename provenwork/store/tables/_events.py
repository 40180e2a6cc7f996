"""The event log."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    PrimaryKeyConstraint,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

from provenwork.store.tables._metadata import metadata

__all__ = ["events", "streams"]

streams = Table(
    "streams",
    metadata,
    Column("name", Text, primary_key=True),
    # Whoever appends holds this row until it commits: the order of the numbers is the order of the commits.
    Column("seq", BigInteger, nullable=False),
    CheckConstraint("seq >= 0", name="seq"),
    CheckConstraint("char_length(name) BETWEEN 1 AND 200", name="name"),
)
"""One row per stream: its name, and the number of its last event."""

events = Table(
    "events",
    metadata,
    Column("stream", Text, ForeignKey("streams.name"), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("type", Text, nullable=False),
    Column("payload", JSONB, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("stream", "seq"),
    CheckConstraint("seq > 0", name="seq"),
)
"""What happened: in each stream numbered 1, 2, 3, ... without a gap; append-only (a trigger refuses anything else)."""

"""What must still be done outside the database."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from provenwork.store.tables._metadata import metadata

__all__ = ["outbox"]

outbox = Table(
    "outbox",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("topic", Text, nullable=False),
    Column("payload", JSONB, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    # When it may be taken (again); null once it was given up.
    Column("due_at", DateTime(timezone=True)),
    # Grows with every taking, so it also tells two takings of one message apart.
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("problem", Text, nullable=False, server_default=""),
    CheckConstraint("attempts >= 0", name="attempts"),
    Index(None, "topic", "due_at"),
)
"""Messages to deliver at least once. What was delivered is deleted; what was given up keeps its row and its last problem."""

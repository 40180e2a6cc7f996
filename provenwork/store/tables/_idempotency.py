"""Answers kept for those who ask again."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
)

from provenwork.store.tables._metadata import metadata

__all__ = ["idempotency_keys"]

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("principal", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("route", Text, nullable=False),
    Column("key", Text, nullable=False),
    # SHA-256 of the request's body.
    Column("body_hash", LargeBinary, nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("principal", "method", "route", "key"),
    Index(None, "expires_at"),
    CheckConstraint("octet_length(body_hash) = 32", name="body_hash"),
)
"""The answer to a request, written in the same transaction as what the request did."""

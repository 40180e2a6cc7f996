"""How far the indexers of chains are."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    PrimaryKeyConstraint,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

from provenwork.store.tables._metadata import metadata

__all__ = ["chain_blocks", "chain_cursors"]

chain_cursors = Table(
    "chain_cursors",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("chain_id", BigInteger, nullable=False),
    # Name, address and first block of each contract: the stream has exactly their events.
    Column("contracts", JSONB, nullable=False),
    # Everything below is in the stream; the block before it, by hash, is what the next one must follow.
    Column("next_block", BigInteger, nullable=False),
    Column("last_hash", Text),
    # Up to here nothing is taken back any more.
    Column("final_block", BigInteger, nullable=False),
    Column("final_seq", BigInteger, nullable=False),
    CheckConstraint("final_block < next_block", name="final_block"),
)
"""One row per stream of a chain's events."""

chain_blocks = Table(
    "chain_blocks",
    metadata,
    Column("stream", Text, ForeignKey("chain_cursors.stream"), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
    # Its events in the stream; none if the last is before the first.
    Column("first_seq", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    PrimaryKeyConstraint("stream", "number"),
    CheckConstraint("last_seq >= first_seq - 1", name="seqs"),
)
"""The blocks that may still be taken back."""

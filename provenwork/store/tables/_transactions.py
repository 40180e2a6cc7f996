"""Transactions to send on chains."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from provenwork.store.tables._metadata import metadata

__all__ = ["sender_accounts", "transaction_attempts", "transactions"]

sender_accounts = Table(
    "sender_accounts",
    metadata,
    Column("chain_id", BigInteger, nullable=False),
    Column("sender", Text, nullable=False),
    # Every nonce below was used by a transaction of ours that is final, or before this database, or as a person accepted.
    Column("known_below", BigInteger, nullable=False),
    PrimaryKeyConstraint("chain_id", "sender"),
    CheckConstraint("known_below >= 0", name="known_below"),
)
"""The accounts that are sent from."""

transactions = Table(
    "transactions",
    metadata,
    Column("id", Uuid, primary_key=True),
    # In which order they are signed.
    Column("place", BigInteger, Identity(), nullable=False),
    Column("chain_id", BigInteger, nullable=False),
    Column("sender", Text, nullable=False),
    # The caller's: the same key is the same transaction, for ever.
    Column("key", Text, nullable=False),
    Column("to_address", Text, nullable=False),
    Column("value", Numeric(78, 0), nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("gas", BigInteger),
    Column("purpose", Text, nullable=False),
    # Never signed after this.
    Column("not_after", DateTime(timezone=True)),
    Column("cancelled", Boolean, nullable=False, server_default=text("false")),
    Column("state", Text, nullable=False),
    # From the first signature on, and for ever: a nonce is never given to two.
    Column("nonce", BigInteger),
    # What was mined.
    Column("hash", Text),
    Column("block_number", BigInteger),
    Column("block_hash", Text),
    Column("succeeded", Boolean),
    Column("gas_used", BigInteger),
    Column("fee", Numeric(78, 0)),
    Column("problem", Text, nullable=False, server_default=""),
    Column("enqueued_at", DateTime(timezone=True), nullable=False),
    Column("signed_at", DateTime(timezone=True)),
    Column("decided_at", DateTime(timezone=True)),
    UniqueConstraint("chain_id", "sender", "key"),
    UniqueConstraint("chain_id", "sender", "nonce"),
    CheckConstraint(
        "state IN ('queued', 'sent', 'unknown', 'mined', 'settled', 'failed')", name="state"
    ),
    CheckConstraint("state IN ('queued', 'failed') OR nonce IS NOT NULL", name="nonce"),
    CheckConstraint("state <> 'queued' OR nonce IS NULL", name="queued"),
    Index(
        "ix_transactions_undecided",
        "chain_id",
        "sender",
        "state",
        "place",
        postgresql_where=text("state NOT IN ('settled', 'failed')"),
    ),
)
"""What to send, and what became of it."""

transaction_attempts = Table(
    "transaction_attempts",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("transaction_id", Uuid, ForeignKey("transactions.id"), nullable=False),
    Column("number", Integer, nullable=False),
    # Nothing, under the same nonce, in place of the transaction.
    Column("cancels", Boolean, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("max_fee", Numeric(78, 0), nullable=False),
    Column("priority_fee", Numeric(78, 0), nullable=False),
    Column("signed_at", DateTime(timezone=True), nullable=False),
    Column("broadcasts", Integer, nullable=False, server_default="0"),
    Column("next_broadcast_at", DateTime(timezone=True), nullable=False),
    # What the node had against it, the last time.
    Column("answer", Text, nullable=False, server_default=""),
    UniqueConstraint("transaction_id", "number"),
    CheckConstraint("number > 0", name="number"),
)
"""Signed bytes, all under the transaction's one nonce: of them at most one is ever mined."""

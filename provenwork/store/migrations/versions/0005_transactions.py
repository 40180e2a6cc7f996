"""Transactions to send on chains."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes one step forward."""
    op.create_table(
        "transactions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("to_address", sa.Text(), nullable=False),
        sa.Column("value", sa.Numeric(78, 0), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("gas", sa.BigInteger(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("not_after", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("nonce", sa.BigInteger(), nullable=True),
        sa.Column("hash", sa.Text(), nullable=True),
        sa.Column("block_number", sa.BigInteger(), nullable=True),
        sa.Column("block_hash", sa.Text(), nullable=True),
        sa.Column("succeeded", sa.Boolean(), nullable=True),
        sa.Column("gas_used", sa.BigInteger(), nullable=True),
        sa.Column("fee", sa.Numeric(78, 0), nullable=True),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.Column("enqueued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'sent', 'unknown', 'mined', 'settled', 'failed')",
            name=op.f("ck_transactions_state"),
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'failed') OR nonce IS NOT NULL", name=op.f("ck_transactions_nonce")
        ),
        sa.CheckConstraint(
            "state <> 'queued' OR nonce IS NULL", name=op.f("ck_transactions_queued")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transactions")),
        sa.UniqueConstraint(
            "chain_id", "sender", "key", name=op.f("uq_transactions_chain_id_sender_key")
        ),
        sa.UniqueConstraint(
            "chain_id", "sender", "nonce", name=op.f("uq_transactions_chain_id_sender_nonce")
        ),
    )
    op.create_index(
        "ix_transactions_undecided",
        "transactions",
        ["chain_id", "sender", "state", "place"],
        postgresql_where=sa.text("state NOT IN ('settled', 'failed')"),
    )
    op.create_table(
        "transaction_attempts",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("cancels", sa.Boolean(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("max_fee", sa.Numeric(78, 0), nullable=False),
        sa.Column("priority_fee", sa.Numeric(78, 0), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("broadcasts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_broadcast_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_transaction_attempts_number")),
        sa.ForeignKeyConstraint(
            ["transaction_id"],
            ["transactions.id"],
            name=op.f("fk_transaction_attempts_transaction_id"),
        ),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_transaction_attempts")),
        sa.UniqueConstraint(
            "transaction_id", "number", name=op.f("uq_transaction_attempts_transaction_id_number")
        ),
    )

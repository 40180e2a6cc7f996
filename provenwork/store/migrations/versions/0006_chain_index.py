"""How far the indexers of chains are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes one step forward."""
    op.create_table(
        "chain_cursors",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("contracts", postgresql.JSONB(), nullable=False),
        sa.Column("next_block", sa.BigInteger(), nullable=False),
        sa.Column("last_hash", sa.Text(), nullable=True),
        sa.Column("final_block", sa.BigInteger(), nullable=False),
        sa.Column("final_seq", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("final_block < next_block", name=op.f("ck_chain_cursors_final_block")),
        sa.PrimaryKeyConstraint("stream", name=op.f("pk_chain_cursors")),
    )
    op.create_table(
        "chain_blocks",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("first_seq", sa.BigInteger(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("last_seq >= first_seq - 1", name=op.f("ck_chain_blocks_seqs")),
        sa.ForeignKeyConstraint(
            ["stream"], ["chain_cursors.stream"], name=op.f("fk_chain_blocks_stream")
        ),
        sa.PrimaryKeyConstraint("stream", "number", name=op.f("pk_chain_blocks")),
    )

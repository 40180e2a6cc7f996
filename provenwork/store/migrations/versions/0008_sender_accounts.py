"""How far all nonces of an account are accounted for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Goes one step forward."""
    op.create_table(
        "sender_accounts",
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("known_below", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("known_below >= 0", name=op.f("ck_sender_accounts_known_below")),
        sa.PrimaryKeyConstraint("chain_id", "sender", name=op.f("pk_sender_accounts")),
    )

"""Broadcasts to groups, and accounts found whatever their case."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from dispatcher.store import dialect

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add what robots say, and the index that accounts are found by."""
    op.create_table(
        "broadcast",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("alert", sa.Text(), nullable=False),
        sa.Column("robot", sa.Text(), nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("failure_code", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_broadcast_chain"), "broadcast", ["chain"], unique=False)
    op.create_index(
        "broadcast_due",
        "broadcast",
        ["due_at"],
        unique=False,
        **dialect.only(sa.text("due_at IS NOT NULL")),
    )
    in_any_case = dialect.in_any_case(op.get_bind(), "value")
    op.create_index("address_in_any_case", "address", [sa.text(in_any_case)])


def downgrade() -> None:
    """Take it away again."""
    op.drop_index("address_in_any_case", "address")
    op.drop_table("broadcast")

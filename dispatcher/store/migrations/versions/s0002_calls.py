"""Calls: how each went, when a digest last rang, and who is awake."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from dispatcher.store import dialect

revision = "0002"
down_revision = "0001"

ON_THE_LINE = "channel = 'voice' AND state IN ('sending', 'unknown', 'accepted')"


def _of_messages() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("call", sa.Text(), nullable=True),
        sa.Column("picked_up_at", sa.BigInteger(), nullable=True),
        sa.Column("keyed_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("hang_up", sa.Boolean(), server_default=sa.false(), nullable=False),
    )


def upgrade() -> None:
    """Add what calls need."""
    for column in _of_messages():
        op.add_column("message", column)
    op.create_index(op.f("ix_message_call"), "message", ["call"], unique=False)
    op.create_index(
        "message_on_the_line",
        "message",
        ["address"],
        unique=False,
        **dialect.only(sa.text(ON_THE_LINE)),
    )
    op.add_column("question", sa.Column("called_at", sa.BigInteger(), nullable=True))
    op.create_table(
        "awake",
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("chain", "person"),
    )


def downgrade() -> None:
    """Take it away again."""
    op.drop_table("awake")
    op.drop_column("question", "called_at")
    op.drop_index("message_on_the_line", "message")
    op.drop_index(op.f("ix_message_call"), "message")
    for column in _of_messages():
        op.drop_column("message", column.name)

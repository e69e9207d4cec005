"""Who fills a post when: terms of holdings, rotations, overrides, leaves."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add them; who holds a post today holds it without end."""
    op.add_column("holding", sa.Column("valid_from", sa.BigInteger(), nullable=True))
    op.add_column("holding", sa.Column("valid_until", sa.BigInteger(), nullable=True))
    op.create_table(
        "rotation",
        *_of_a_post(),
        sa.Column("starts_on", sa.Text(), nullable=False),
        sa.Column("ends_on", sa.Text(), nullable=True),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.Column("handover", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "duty_override",
        *_of_a_post(),
        *_span(),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "duty_member",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("human", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", "position"),
    )
    op.create_table(
        "duty_leave",
        *_of_a_post(),
        sa.Column("human", sa.Text(), nullable=False),
        sa.Column("substitute", sa.Text(), nullable=True),
        *_span(),
        sa.PrimaryKeyConstraint("number"),
    )


def _of_a_post() -> tuple[sa.Column[int], sa.Column[str], sa.Column[str]]:
    return (
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("post", sa.Text(), nullable=False),
    )


def _span() -> tuple[sa.Column[int], sa.Column[int]]:
    return (
        sa.Column("begins_at", sa.BigInteger(), nullable=True),
        sa.Column("ends_at", sa.BigInteger(), nullable=True),
    )


def downgrade() -> None:
    """Take them away again."""
    for table in ("duty_leave", "duty_member", "duty_override", "rotation"):
        op.drop_table(table)
    op.drop_column("holding", "valid_until")
    op.drop_column("holding", "valid_from")

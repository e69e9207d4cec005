"""Outlines of units."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the land of units."""
    op.create_table(
        "outline",
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("geometry", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("unit"),
    )


def downgrade() -> None:
    """Take it away again."""
    op.drop_table("outline")

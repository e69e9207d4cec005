"""Which alerts each alert refers to, found by what they refer to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the references; alerts of earlier versions that had some were Cancels."""
    op.create_table(
        "reference",
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("identifier", sa.Text(), nullable=False),
        sa.Column("alert", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sender", "identifier", "alert"),
    )
    op.create_index("alert_state", "alert", ["state"])


def downgrade() -> None:
    """Take it away again."""
    op.drop_index("alert_state", "alert")
    op.drop_table("reference")

"""Several workers send: who they are, and which of them holds a message."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from dispatcher.store.moment import Moment

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Let workers be counted, and their messages told apart."""
    op.create_table(
        "worker",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("joined_at", Moment, nullable=False),
    )
    op.add_column("message", sa.Column("holder", sa.Integer))


def downgrade() -> None:
    """Go back to one worker."""
    op.drop_column("message", "holder")
    op.drop_table("worker")

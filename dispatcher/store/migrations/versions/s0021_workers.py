"""Several workers send: who they are, which holds a message, what waits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from dispatcher.store import dialect
from dispatcher.store.moment import Moment

revision = "0021"
down_revision = "0020"

ORDER = ["lane", "place", "due_at", "id"]
NOW = [*ORDER, "channel", "reason", "state"]
BEFORE = ["lane", "place", "due_at", "channel", "reason", "state"]
WAITS = "state = 'waiting'"
ONLY = {
    "waits": dialect.only(sa.text(WAITS)),
    "call": dialect.only(sa.text(f"{WAITS} AND channel = 'voice'")),
    "desk": dialect.only(sa.text("state = 'desk'")),
    "ends": dialect.only(sa.text(f"{WAITS} AND not_after IS NOT NULL")),
}


def upgrade() -> None:
    """Let workers be counted, and their messages told apart."""
    op.create_table(
        "worker",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("joined_at", Moment, nullable=False),
    )
    op.add_column("message", sa.Column("holder", sa.Integer))
    op.drop_index("message_waiting", "message")
    op.create_index("message_waiting", "message", NOW, **ONLY["waits"])
    op.create_index("message_call_waiting", "message", ORDER, **ONLY["call"])
    op.create_index("message_late", "message", ["not_after"], **ONLY["ends"])
    op.create_index("callout_desk", "callout", ["alert"], **ONLY["desk"])


def downgrade() -> None:
    """Go back to one worker."""
    op.drop_index("callout_desk", "callout")
    op.drop_index("message_late", "message")
    op.drop_index("message_call_waiting", "message")
    op.drop_index("message_waiting", "message")
    op.create_index("message_waiting", "message", BEFORE, **ONLY["waits"])
    op.drop_column("message", "holder")
    op.drop_table("worker")

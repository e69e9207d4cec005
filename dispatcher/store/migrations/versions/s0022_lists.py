"""Alerts are listed by time, callouts by state and mark, what is due by its lane."""

from __future__ import annotations

from alembic import op
from sqlalchemy import TextClause, text

from dispatcher.store import dialect

revision = "0022"
down_revision = "0021"

NEWEST: list[str | TextClause] = [text("received_at DESC"), "id"]
DUE = dialect.only(text("due_at IS NOT NULL"))
NOT_CLOSED, MARKED = text("state <> 'closed'"), text("marks <> '[]'")


def upgrade() -> None:
    """Let a page be read without all that is not on it."""
    op.drop_index("alert_state", "alert")
    op.create_index("alert_state", "alert", ["state", *NEWEST])
    op.create_index("alert_newest", "alert", NEWEST)
    op.drop_index("callout_due", "callout")
    op.create_index("callout_due", "callout", ["lane", "due_at"], **DUE)
    op.create_index(
        "callout_state", "callout", ["state", "id"], **dialect.only(NOT_CLOSED)
    )
    op.create_index(
        "callout_marked", "callout", ["id", "marks"], **dialect.only(MARKED)
    )


def downgrade() -> None:
    """Go back to looking at each."""
    op.drop_index("callout_marked", "callout")
    op.drop_index("callout_state", "callout")
    op.drop_index("callout_due", "callout")
    op.create_index("callout_due", "callout", ["due_at"], **DUE)
    op.drop_index("alert_newest", "alert")
    op.drop_index("alert_state", "alert")
    op.create_index("alert_state", "alert", ["state"])

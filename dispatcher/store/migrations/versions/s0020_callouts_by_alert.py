"""What is asked of a store of years: a warning's page, a chain's messages, the lost."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

from dispatcher.store import dialect

revision = "0020"
down_revision = "0019"

OWNERLESS = text(
    "due_at IS NULL AND owner IS NULL"
    " AND state IN ('waiting', 'calling', 'taken', 'desk')"
)


def upgrade() -> None:
    """Let each be found without looking at all there is."""
    op.create_index("callout_alert", "callout", ["alert", "id"])
    op.drop_index("ix_callout_alert", "callout")
    op.create_index("ix_message_chain", "message", ["chain"])
    op.create_index("callout_ownerless", "callout", ["id"], **dialect.only(OWNERLESS))


def downgrade() -> None:
    """Go back to looking."""
    op.drop_index("callout_ownerless", "callout")
    op.drop_index("ix_message_chain", "message")
    op.create_index("ix_callout_alert", "callout", ["alert"])
    op.drop_index("callout_alert", "callout")

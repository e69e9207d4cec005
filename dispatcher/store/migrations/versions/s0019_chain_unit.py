"""A unit's callouts in a chain are found by both: asked for each callout that opens."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Let one index serve whole chains and units in them."""
    op.create_index("callout_chain_unit", "callout", ["chain", "unit"])
    op.drop_index("ix_callout_chain", "callout")


def downgrade() -> None:
    """Go back to whole chains."""
    op.create_index("ix_callout_chain", "callout", ["chain"])
    op.drop_index("callout_chain_unit", "callout")

"""Changes of the roster with their lines: what was before, and what is after."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add them; of changes before there were any, nothing is known."""
    op.create_table(
        "roster_change",
        sa.Column("edition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("edition"),
    )
    op.create_table(
        "roster_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_roster_line_edition", "roster_line", ["edition"])
    op.create_index("roster_line_subject", "roster_line", ["subject", "kind"])
    # What one person holds, and which numbers are wrong, is asked at every edit.
    op.create_index("ix_holding_person", "holding", ["person"])
    op.execute("CREATE INDEX address_wrong ON address (id) WHERE wrong")


def downgrade() -> None:
    """Take them away again; the journal of the house still tells of each change."""
    op.drop_index("address_wrong", "address")
    op.drop_index("ix_holding_person", "holding")
    op.drop_table("roster_line")
    op.drop_table("roster_change")

"""Flags of addresses with their trail, and when each person was confirmed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

# The trail of numbers found wrong before there was one: they were by the time of the
# newest fact, and more is not known.
KNOWN_WRONG = """
INSERT INTO address_flag (address, flag, at, "by")
SELECT DISTINCT id, 'wrong_person', COALESCE((SELECT MAX(at) FROM fact), 0), 'system'
FROM address WHERE wrong
"""


def upgrade() -> None:
    """Add the flags and the column."""
    op.create_table(
        "address_flag",
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("flag", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("callout", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("cleared_at", sa.BigInteger(), nullable=True),
        sa.Column("cleared_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("address", "flag", "at"),
        sqlite_with_rowid=False,
    )
    op.execute(KNOWN_WRONG)
    op.add_column("person", sa.Column("confirmed_at", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    """Take them away again; ``address.wrong`` goes on saying which are wrong."""
    with op.batch_alter_table("person") as person:
        person.drop_column("confirmed_at")
    op.drop_table("address_flag")

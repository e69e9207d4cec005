"""What needs a human at the desk, and what each channel has carried by the minute."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from dispatcher.store import dialect

revision = "0017"
down_revision = "0016"

# What lies at the desk when the tables come.
PARKED = """
INSERT INTO todo (kind, subject, at, alert, note)
SELECT 'parked', id, received_at, id, '' FROM alert WHERE state = 'parked'
"""
WAITING = "lane, place, due_at"


def upgrade() -> None:
    """Add the tables; the index of what waits tells of which channel and why, too."""
    op.create_table(
        "todo",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("alert", sa.Text(), nullable=True),
        sa.Column("unit", sa.Text(), nullable=True),
        sa.Column("person", sa.Text(), nullable=True),
        sa.Column("callback", sa.Integer(), nullable=True),
        sa.Column("meaning", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.Column("settled", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
    )
    op.create_index(
        "todo_open",
        "todo",
        ["kind", "subject"],
        unique=True,
        **dialect.only(sa.text("settled_at IS NULL")),
    )
    op.create_index(
        "todo_newest",
        "todo",
        ["id"],
        **dialect.only(sa.text("settled_at IS NULL")),
    )
    op.create_table(
        "todo_callout",
        sa.Column("callout", sa.Text(), primary_key=True),
        sa.Column("todo", sa.Integer(), primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_todo_callout_todo", "todo_callout", ["todo"])
    op.execute(PARKED)
    op.create_table(
        "traffic",
        sa.Column("route", sa.Text(), primary_key=True),
        sa.Column("what", sa.Text(), primary_key=True),
        sa.Column("minute", sa.BigInteger(), primary_key=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sqlite_with_rowid=False,
    )
    _waiting(f"{WAITING}, channel, reason, state")


def downgrade() -> None:
    """Take them away again."""
    _waiting(WAITING)
    for name in ("traffic", "todo_callout", "todo"):
        op.drop_table(name)


def _waiting(columns: str) -> None:
    op.drop_index("message_waiting", "message")
    op.create_index(
        "message_waiting",
        "message",
        columns.split(", "),
        **dialect.only(sa.text("state = 'waiting'")),
    )

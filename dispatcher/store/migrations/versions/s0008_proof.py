"""Hash chains over facts, journals of alerts and of the house, and seals."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import op

from dispatcher.core.proof import GENESIS, Head, linked
from dispatcher.store import batch, dialect, schema

revision = "0008"
down_revision = "0007"

PAGE = 2_000  # callouts at a time
ORIGIN = dialect.spoken("""
UPDATE callout SET origin = coalesce(
  (SELECT body ->> 'alert' FROM fact
   WHERE fact.callout = callout.id AND fact.seq = 1),
  alert)
""")
CALLOUTS = "SELECT id FROM callout WHERE id > :last ORDER BY id LIMIT :most"
FACTS = """
SELECT id, callout, body FROM fact
WHERE callout > :last AND callout <= :until ORDER BY callout, seq
"""


def _chained() -> tuple[tuple[str, sa.Column[Any]], ...]:
    return tuple(
        (table, sa.Column(name, sa.Text(), server_default=default, nullable=False))
        for table, name, default in (
            ("fact", "hash", ""),
            ("callout", "head", GENESIS),
            ("callout", "origin", ""),
        )
    )


def upgrade() -> None:
    """Chain what has happened so far, and make room for what will."""
    for table, column in _chained():
        op.add_column(table, column)
    op.create_index(op.f("ix_callout_origin"), "callout", ["origin"], unique=False)
    op.create_table(
        "journal",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("subject", "seq"),
    )
    op.create_table(
        "seal",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("facts", sa.Integer(), nullable=False),
        sa.Column("upto", sa.Integer(), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("subject", "n"),
    )
    op.execute(ORIGIN)
    _chain(op.get_bind())


def _chain(connection: sa.Connection) -> None:
    last = ""
    while True:
        page = {"last": last, "most": PAGE}
        names = connection.execute(sa.text(CALLOUTS), page).scalars().all()
        if not names:
            return
        _chain_page(connection, {"last": last, "until": names[-1]})
        last = names[-1]


def _chain_page(connection: sa.Connection, page: dict[str, str]) -> None:
    facts, heads = [], []
    rows = connection.execute(sa.text(FACTS), page).all()
    for name, told in groupby(rows, key=lambda row: row.callout):
        head = Head(name)
        for row in told:
            head = linked(head, row.body)
            facts.append({"id": row.id, "hash": head.hash})
        heads.append({"id": name, "head": head.hash})
    batch.update(connection, schema.fact, facts, keys=("id",))
    batch.update(connection, schema.callout, heads, keys=("id",))


def downgrade() -> None:
    """Take all of it away again."""
    op.drop_table("seal")
    op.drop_table("journal")
    op.drop_index(op.f("ix_callout_origin"), "callout")
    for table, column in _chained():
        op.drop_column(table, column.name)

"""What only PostgreSQL has to be told: long numbers, and who came first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from dispatcher.store import dialect

revision = "0018"
down_revision = "0017"

LONG = (("fact", "id"), ("callback", "id"), ("seal", "upto"), ("todo", "callback"))
COUNTED = ("fact_id_seq", "callback_id_seq")
IN_ORDER = ("person", "unit")


def upgrade() -> None:
    """Make room for many years of facts, and number people and units as they come."""
    if not dialect.is_postgresql(op.get_bind()):
        return
    _alter(sa.BigInteger(), "bigint")
    for table in IN_ORDER:
        came = sa.Column("came", sa.BigInteger(), sa.Identity(always=True))
        op.add_column(table, came)


def downgrade() -> None:
    """Take it back; it fails when there are more facts than there was room for."""
    if not dialect.is_postgresql(op.get_bind()):
        return
    for table in IN_ORDER:
        op.drop_column(table, "came")
    _alter(sa.Integer(), "integer")


def _alter(kind: sa.Integer, name: str) -> None:
    for table, column in LONG:
        op.alter_column(table, column, type_=kind)
    for sequence in COUNTED:
        op.execute(f"ALTER SEQUENCE {sequence} AS {name}")

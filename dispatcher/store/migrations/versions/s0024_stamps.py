"""Alerts of megabytes are read once, and not searched for whether they are launched."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from dispatcher.store import dialect

revision = "0024"
down_revision = "0023"

# A body that comes beside the old stamp comes from who does not know of stamps.
ON_SQLITE = [
    """
    CREATE TRIGGER alert_unstamped AFTER UPDATE OF body ON alert
    WHEN NEW.stamp IS OLD.stamp AND NEW.body <> OLD.body
    BEGIN UPDATE alert SET stamp = NULL WHERE id = NEW.id; END
    """
]
ON_POSTGRESQL = [
    """
    CREATE FUNCTION alert_unstamped() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN NEW.stamp := NULL; RETURN NEW; END'
    """,
    """
    CREATE TRIGGER alert_unstamped BEFORE UPDATE OF body ON alert FOR EACH ROW
    WHEN (NEW.stamp IS NOT DISTINCT FROM OLD.stamp AND NEW.body <> OLD.body)
    EXECUTE FUNCTION alert_unstamped()
    """,
]


def upgrade() -> None:
    """Make room for stamps; what has none is read as before."""
    op.add_column("alert", sa.Column("stamp", sa.Text))
    op.add_column("alert", sa.Column("launched", sa.Boolean))
    on_postgresql = dialect.is_postgresql(op.get_bind())
    for statement in ON_POSTGRESQL if on_postgresql else ON_SQLITE:
        op.execute(statement)


def downgrade() -> None:
    """Go back to reading alerts whenever they are asked for."""
    if dialect.is_postgresql(op.get_bind()):
        op.execute("DROP FUNCTION alert_unstamped CASCADE")
    else:
        op.execute("DROP TRIGGER alert_unstamped")
    op.drop_column("alert", "launched")
    op.drop_column("alert", "stamp")

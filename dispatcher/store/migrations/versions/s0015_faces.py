"""What the board shows of a callout is kept beside its state."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Add it; of a callout that changes no more it is made when it is read."""
    face = sa.Column("face", sa.Text(), nullable=False, server_default="")
    op.add_column("callout", face)


def downgrade() -> None:
    """Take it away again."""
    op.drop_column("callout", "face")

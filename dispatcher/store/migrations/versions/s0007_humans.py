"""Which versions of people are of the same human."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the human; of those that are there nobody knows more than themselves."""
    op.add_column("person", sa.Column("human", sa.Text(), nullable=True))
    op.execute("UPDATE person SET human = id")
    with op.batch_alter_table("person") as table:
        table.alter_column("human", existing_type=sa.Text(), nullable=False)
    op.create_index("ix_person_human", "person", ["human"])


def downgrade() -> None:
    """Take it away again."""
    op.drop_index("ix_person_human", "person")
    op.drop_column("person", "human")

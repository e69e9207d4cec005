"""In a chain of a hundred thousand, the questions and messages of one person."""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Find them without all others of the chain."""
    op.create_index("question_person", "question", ["chain", "person"])
    op.create_index("message_person", "message", ["chain", "person"])
    op.drop_index("ix_message_chain", "message")


def downgrade() -> None:
    """Go back to looking at each of the chain."""
    op.create_index("ix_message_chain", "message", ["chain"])
    op.drop_index("message_person", "message")
    op.drop_index("question_person", "question")

"""Names, numbers, texts and callbacks encrypted; numbers found by fingerprint."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from alembic import op

from dispatcher.store import dialect, vault

revision = "0010"
down_revision = "0009"

PIECE = 1000
Row = sa.Row[tuple[object, ...]]

TEXTS = sa.text("UPDATE message SET text = :text WHERE id = :id")
CALLBACKS = sa.text(
    "UPDATE callback SET event_key = :event, body = :body WHERE id = :id"
)


def upgrade() -> None:
    """Encrypt what is there; nothing of it stays on free pages of the file."""
    connection = op.get_bind()
    if not dialect.is_postgresql(connection):
        connection.execute(sa.text("PRAGMA secure_delete=ON"))
    op.create_table(
        "human_key",
        sa.Column("human", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("wrapped", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("human"),
    )
    op.create_index("ix_human_key_key", "human_key", ["key"])
    op.create_table(
        "present_key",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    vault.appoint_settled(connection)
    op.drop_index("address_in_any_case", "address")
    op.drop_index("ix_address_value", "address")
    op.add_column("address", sa.Column("fingerprint", sa.Text(), nullable=True))
    for people in _pieces("SELECT id, name, human FROM person"):
        _encrypt_people(connection, people)
    for rows in _pieces(OF_HUMANS):
        _encrypt_addresses(connection, rows)
    for rows in _pieces("SELECT id, text FROM message"):
        _encrypt_texts(connection, rows)
    for rows in _pieces("SELECT id, channel, event_key, body FROM callback"):
        _encrypt_callbacks(connection, rows)
    with op.batch_alter_table("address") as table:
        table.alter_column("fingerprint", existing_type=sa.Text(), nullable=False)
    op.create_index("ix_address_fingerprint", "address", ["fingerprint"])
    op.execute("ALTER TABLE code RENAME COLUMN number TO fingerprint")
    _mark_codes(connection)


OF_HUMANS = """
    SELECT address.id, address.person, address.value, person.human
    FROM address JOIN person ON person.id = address.person
"""


def _pieces(query: str) -> Iterator[Sequence[Row]]:
    """All rows as they are now, so many at a time."""
    rows = op.get_bind().execute(sa.text(query)).all()
    for first in range(0, len(rows), PIECE):
        yield rows[first : first + PIECE]


def _encrypt_people(connection: sa.Connection, rows: Sequence[Row]) -> None:
    vault.add_humans(connection, (row.human for row in rows))
    humans = vault.Humans(connection, (row.human for row in rows))
    connection.execute(
        sa.text("UPDATE person SET name = :name WHERE id = :id"),
        [
            {
                "id": row.id,
                "name": humans.encrypt(row.human, vault.name_place(row.id), row.name),
            }
            for row in rows
        ],
    )


def _encrypt_addresses(connection: sa.Connection, rows: Sequence[Row]) -> None:
    humans = vault.Humans(connection, (row.human for row in rows))
    found = vault.fingerprints(connection, {row.value for row in rows})
    connection.execute(
        sa.text(
            "UPDATE address SET value = :value, fingerprint = :fingerprint "
            "WHERE id = :id AND person = :person"
        ),
        [
            {
                "id": row.id,
                "person": row.person,
                "fingerprint": found[row.value],
                "value": humans.encrypt(
                    row.human, vault.number_place(row.id, row.person), row.value
                ),
            }
            for row in rows
        ],
    )


def _encrypt_texts(connection: sa.Connection, rows: Sequence[Row]) -> None:
    texts = vault.Cipher(connection, vault.Matter.TEXT)
    connection.execute(
        TEXTS,
        [
            {"id": row.id, "text": texts.encrypt(vault.text_place(row.id), row.text)}
            for row in rows
        ],
    )


def _encrypt_callbacks(connection: sa.Connection, rows: Sequence[Row]) -> None:
    bodies = vault.Cipher(connection, vault.Matter.CALLBACK)
    events = vault.fingerprints(connection, {row.event_key for row in rows})
    connection.execute(
        CALLBACKS,
        [
            {
                "id": row.id,
                "event": events[row.event_key],
                "body": bodies.encrypt(
                    vault.body_place(row.channel, events[row.event_key]), row.body
                ),
            }
            for row in rows
        ],
    )


def _mark_codes(connection: sa.Connection) -> None:
    numbers = connection.scalars(sa.text("SELECT DISTINCT fingerprint FROM code")).all()
    found = vault.fingerprints(connection, numbers)
    if found:
        connection.execute(
            sa.text("UPDATE code SET fingerprint = :new WHERE fingerprint = :old"),
            [{"old": old, "new": new} for old, new in found.items()],
        )


def downgrade() -> None:
    """Write everything in clear again."""
    connection = op.get_bind()
    for rows in _pieces("SELECT id, name, human FROM person WHERE name <> ''"):
        _decrypt_people(connection, rows)
    for rows in _pieces(f"{OF_HUMANS} WHERE value <> ''"):
        _decrypt_addresses(connection, rows)
    for rows in _pieces("SELECT id, text FROM message"):
        _decrypt_texts(connection, rows)
    for rows in _pieces("SELECT id, channel, event_key, body FROM callback"):
        _decrypt_callbacks(connection, rows)
    _unmark_codes(connection)
    op.drop_index("ix_address_fingerprint", "address")
    op.drop_column("address", "fingerprint")
    op.create_index("ix_address_value", "address", ["value"])
    in_any_case = dialect.in_any_case(connection, "value")
    op.create_index("address_in_any_case", "address", [sa.text(in_any_case)])
    op.drop_table("human_key")
    op.drop_table("present_key")


def _decrypt_people(connection: sa.Connection, rows: Sequence[Row]) -> None:
    humans = vault.Humans(connection, (row.human for row in rows))
    connection.execute(
        sa.text("UPDATE person SET name = :name WHERE id = :id"),
        [
            {"id": row.id, "name": humans.read(vault.name_place(row.id), row.name)}
            for row in rows
        ],
    )


def _decrypt_addresses(connection: sa.Connection, rows: Sequence[Row]) -> None:
    humans = vault.Humans(connection, (row.human for row in rows))
    connection.execute(
        sa.text(
            "UPDATE address SET value = :value WHERE id = :id AND person = :person"
        ),
        [
            {
                "id": row.id,
                "person": row.person,
                "value": humans.read(vault.number_place(row.id, row.person), row.value),
            }
            for row in rows
        ],
    )


def _decrypt_texts(connection: sa.Connection, rows: Sequence[Row]) -> None:
    texts = vault.Cipher(connection, vault.Matter.TEXT)
    connection.execute(
        TEXTS,
        [
            {"id": row.id, "text": texts.read(vault.text_place(row.id), row.text)}
            for row in rows
        ],
    )


def _decrypt_callbacks(connection: sa.Connection, rows: Sequence[Row]) -> None:
    """The names of events are not told again: to hear one once more does no harm."""
    bodies = vault.Cipher(connection, vault.Matter.CALLBACK)
    connection.execute(
        CALLBACKS,
        [
            {
                "id": row.id,
                "event": row.event_key,
                "body": bodies.read(
                    vault.body_place(row.channel, row.event_key), row.body
                ),
            }
            for row in rows
        ],
    )


def _unmark_codes(connection: sa.Connection) -> None:
    """Codes by number again; those of numbers nobody has any more are given up."""
    values = connection.scalars(sa.text("SELECT DISTINCT value FROM address")).all()
    found = vault.fingerprints(connection, values)
    op.execute("ALTER TABLE code RENAME COLUMN fingerprint TO number")
    for number, fingerprint in found.items():
        connection.execute(
            sa.text("UPDATE code SET number = :number WHERE number = :fingerprint"),
            {"number": number.casefold(), "fingerprint": fingerprint},
        )

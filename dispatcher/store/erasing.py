"""Erasing a human: nobody can read any more who he was; what happened stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, Select, select, update

from channels.contract import Channel
from contacts.model import HumanId, PersonId
from dispatcher.core.journal import HOUSE, PersonErased
from dispatcher.store import imports, journal, people, schema, vault
from dispatcher.store.outbox import About, MessageState
from dispatcher.store.roster_edits import Editing, dismiss

ON_ITS_WAY = (MessageState.WAITING, MessageState.SENDING, MessageState.UNKNOWN)


class Kept(StrEnum):
    """Why somebody is not erased."""

    UNKNOWN = "unknown"  # there is nobody of this id
    ERASED = "erased"  # he is already
    CALLED = "called"  # a warning that is not over asks him, or has something for him


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """Who is to be erased, by any version of him, and who wants it why."""

    person: str
    by: str
    reason: str


def erase(
    connection: Connection, wanted: Erasure, now: datetime
) -> tuple[PersonId, ...] | Kept:
    """Erase all versions of a human; gives their ids, or why he is kept.

    His key is destroyed, and with it what it encrypted; he leaves his posts. While a
    warning calls him he stays: take him off his posts, and erase him when it is over.
    """
    versions = _versions(connection, wanted.person)
    if not versions:
        return Kept.UNKNOWN
    if not any(one.name for one in versions):
        return Kept.ERASED
    ids = tuple(PersonId(one.id) for one in versions)
    if _is_called(connection, ids):
        return Kept.CALLED
    editing = Editing(by=wanted.by, at=now)
    for version in people.find_people(connection, ids).values():
        dismiss(connection, version, editing)
    vault.forget(connection, versions[0].human)
    # A file that waits to be applied may name him, and would bring him back.
    imports.lapse(connection, before=now + timedelta.resolution, most=None)
    _clear(connection, ids)
    people.raise_version(connection)
    entry = PersonErased(at=now, by=wanted.by, people=ids, reason=wanted.reason)
    journal.note(connection, HOUSE, [entry])
    return ids


@dataclass(frozen=True, slots=True)
class _Version:
    id: str
    human: HumanId
    name: str


def _versions(connection: Connection, person: str) -> list[_Version]:
    table = schema.person
    human = select(table.c.human).where(table.c.id == person).scalar_subquery()
    rows = connection.execute(
        select(table.c.id, table.c.human, table.c.name)
        .where(table.c.human == human)
        .order_by(table.c.id)
    )
    return [_Version(row.id, HumanId(row.human), row.name) for row in rows]


def _is_called(connection: Connection, ids: Sequence[str]) -> bool:
    question, message = schema.question, schema.message
    asked = select(question.c.id).where(
        question.c.person.in_(ids), question.c.closed_at.is_(None)
    )
    on_its_way = message.c.state.in_([state.value for state in ON_ITS_WAY])
    rings = (message.c.channel == Channel.VOICE.value) & (
        message.c.state == MessageState.ACCEPTED.value
    )
    waits = select(message.c.id).where(message.c.person.in_(ids), on_its_way | rings)
    return any(connection.execute(query.limit(1)).first() for query in (asked, waits))


def _clear(connection: Connection, ids: Sequence[str]) -> None:
    """Overwrite what is his, and texts that told others of him."""
    person, address, message = schema.person, schema.address, schema.message
    own = select(schema.question.c.id).where(schema.question.c.person.in_(ids))
    for change in (
        schema.code.delete().where(schema.code.c.question.in_(own)),
        update(person).where(person.c.id.in_(ids)).values(name=""),
        update(address)
        .where(address.c.person.in_(ids))
        .values(value="", fingerprint=""),
        # Nobody asks any more what became of a text whose number is gone.
        update(message).where(message.c.person.in_(ids)).values(text="", due_at=None),
        update(message).where(_names(ids)).values(text=""),
    ):
        connection.execute(change)


def _names(ids: Sequence[str]) -> ColumnElement[bool]:
    """Messages that told others of a chain that he asked for help, and are settled."""
    message = schema.message
    gone = [MessageState.ACCEPTED, MessageState.DELIVERED, MessageState.FAILED]
    return (
        message.c.chain.in_(_chains(ids))
        & (message.c.purpose == About.INFO.value)
        & message.c.state.in_([state.value for state in (*gone, MessageState.DROPPED)])
    )


def _chains(ids: Sequence[str]) -> Select[tuple[str]]:
    question = schema.question
    return select(question.c.chain).where(question.c.person.in_(ids))

"""What the tests of the store put on its shelves: people, messages, callouts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Table, select

from channels.contract import Channel
from contacts.model import (
    Address,
    AddressId,
    AddressKind,
    Holding,
    Person,
    PersonId,
    Post,
    PostRef,
    Unit,
    UnitId,
    UnitKind,
)
from contacts.roster import Roster
from dispatcher.core.alert import AlertId, ChainId, Lane, Level
from dispatcher.core.callout import AttemptId, CalloutId, State
from dispatcher.store import callouts, outbox, people, questions, schema
from dispatcher.store.callouts import Change
from dispatcher.store.outbox import About, Lease, Message
from dispatcher.store.questions import Key, Kind, Question
from dispatcher.store.vault import KeyName, MemoryRing, fingerprint_under
from tests.core.build import START, Life, opening

# What only SQLite tells: how it finds its rows.
ON_SQLITE = pytest.mark.parametrize("kind", ["memory", "file"], indirect=True)
CHAIN = ChainId("chain")
COUNTY = Unit(
    id=UnitId("990421"),
    kind=UnitKind.COUNTY,
    name="澄溪县",
    parent=None,
    code_system="DEMO",
)


INDEX_KEY = bytes(32)


class KnownRing(MemoryRing):
    """Keys of which that of the fingerprints is known."""

    def __init__(self) -> None:
        super().__init__()
        self._keys[KeyName.INDEX] = [INDEX_KEY]


def line(number: str) -> str:
    """The fingerprint of a number under the known key."""
    return fingerprint_under(INDEX_KEY, number)


def after(seconds: float) -> datetime:
    """So many seconds after everything began."""
    return START + timedelta(seconds=seconds)


def lease(until: datetime, holder: int = 0) -> Lease:
    """The right of the only worker, or of another, to send what it claims."""
    return Lease(holder=holder, until=until)


def person(name: str, *numbers: str, named: str = "") -> Person:
    """A person whose addresses are called name0, name1.."""
    addresses = tuple(
        Address(id=AddressId(f"{name}{i}"), kind=AddressKind.MOBILE, value=number)
        for i, number in enumerate(numbers or (f"+999-{name}",))
    )
    return Person(id=PersonId(name), name=named or f"人{name}", addresses=addresses)


def roster(*everybody: Person) -> Roster:
    """A county where all of these are on duty."""
    duty = PostRef(COUNTY.id, Post.COUNTY_DUTY)
    return Roster.build(
        [COUNTY], everybody, [Holding(ref=duty, person=one.id) for one in everybody]
    )


def settle(connection: Connection, *everybody: Person) -> None:
    """Make these people the roster."""
    people.save_roster(connection, roster(*everybody))


def message(name: str, to: str = "li", **changes: Any) -> Message:
    """A message of its own, to somebody's first address."""
    plain = Message(
        id=name,
        alert=AlertId("alert"),
        chain=CHAIN,
        question="question",
        about=About.OWN,
        person=PersonId(to),
        address=AddressId(f"{to}0"),
        channel=Channel.SMS,
        lane=Lane.RED,
        place=0,
        level=Level.RED,
        drill=False,
        code=None,
        text=f"text of {name}",
        created_at=START,
    )
    return replace(plain, **changes)


def carrying(*names: str) -> tuple[tuple[AttemptId, CalloutId], ...]:
    """One attempt for each of these callouts."""
    return tuple((AttemptId(f"{name}.attempt"), CalloutId(name)) for name in names)


def post(connection: Connection, *messages: Message) -> None:
    """Put messages into the outbox, with the people they go to."""
    settle(connection, *(person(name) for name in {m.person for m in messages}))
    outbox.put(connection, messages)


def question(name: str, who: str = "li", **changes: Any) -> Question:
    """A question to somebody, with a code."""
    plain = Question(
        id=name,
        key=Key(CHAIN, 1, PersonId(who), Kind.OWN),
        alert=AlertId("alert"),
        lane=Lane.RED,
        level=Level.RED,
        drill=False,
        code="60",
        opened_at=START,
    )
    return replace(plain, **changes)


def ask(connection: Connection, asked: Question, *numbers: str) -> None:
    """Write one question down."""
    questions.add(connection, {asked: numbers})


def begin(connection: Connection, *names: str) -> dict[str, Life]:
    """Open callouts, and do what falls due at once."""
    lives = {name: Life(opening(name=name)) for name in names}
    for life in lives.values():
        life.wake(0)
    changes = [Change(None, life.callout, life.facts) for life in lives.values()]
    callouts.save(connection, changes)
    return lives


def turn(connection: Connection, name: str, state: State) -> None:
    """Let a callout stand in a state, however it came there."""
    seen = callouts.load(connection, [name])[CalloutId(name)]
    changed = replace(seen.callout, state=state)
    callouts.save(connection, [Change(seen, changed, ())])


def column(
    connection: Connection, table: Table, name: str, key: str = "id"
) -> dict[str, Any]:
    """One column of a table by its key."""
    rows = connection.execute(select(table.c[key], table.c[name]))
    return {row[0]: row[1] for row in rows}


def states(connection: Connection) -> dict[str, str]:
    """The state of every message."""
    return column(connection, schema.message, "state")


def ids(items: Iterable[Any]) -> list[str]:
    """The ids of things, in their order."""
    return [item.id for item in items]

"""How what needs a human is shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from channels.contract import Reply
from contacts.masking import hidden
from contacts.model import AddressKind, Person
from contacts.numbers import mask
from dispatcher.api.auth import Caller, Scope, may
from dispatcher.api.front import Front
from dispatcher.api.views import MissingPost, View
from dispatcher.core.alert import Alert, ParkReason
from dispatcher.core.answer import Meaning
from dispatcher.core.todo import Settling, TodoKind
from dispatcher.engine.context import Context
from dispatcher.store import alerts, callbacks, people, vault
from dispatcher.store.todo import Kept

MISSING_MOST = 100


class Action(StrEnum):
    """What may be done; the first three here, the others at the alert itself."""

    DISMISS = "dismiss"
    AS_ANSWER = "as_answer"
    ASSIGN = "assign"
    APPROVE = "approve"
    REJECT = "reject"
    RENEW = "renew"
    CANCEL = "cancel"


OFFERED: Mapping[TodoKind, tuple[Action, ...]] = {
    TodoKind.UNCLEAR_REPLY: (Action.AS_ANSWER, Action.DISMISS),
    TodoKind.STRANGER_REPLY: (Action.AS_ANSWER, Action.DISMISS),
    TodoKind.OPT_OUT: (Action.DISMISS,),
    TodoKind.NEED_HELP: (Action.ASSIGN, Action.DISMISS),
    TodoKind.PARKED: (Action.APPROVE, Action.REJECT),
    TodoKind.END_ASKED: (Action.RENEW, Action.CANCEL, Action.DISMISS),
    TodoKind.CANCEL_CONFIRM: (Action.DISMISS,),
    TodoKind.MISSING_POSTS: (Action.DISMISS,),
}


class WriterView(View):
    """Who wrote, or is in trouble; ``name`` takes ``people:read``.

    :ivar id: a version of a person; null: nobody of the roster
    :ivar number: masked; of a reply, the one it came from
    """

    id: str | None
    name: str | None
    number: str | None


class SettledView(View):
    """Who settled it, when and how."""

    at: datetime
    by: str
    how: Settling
    note: str


class TodoView(View):
    """Something that needs a human.

    :ivar text: what he wrote, with ``people:read`` and as long as callbacks are kept
    :ivar callouts: those that waited for an answer when it came
    :ivar reason: why an alert is parked
    :ivar missing: the first hundred posts nobody holds
    """

    id: str
    kind: TodoKind
    at: datetime
    alert: str | None
    unit: str | None
    unit_name: str | None
    person: WriterView | None
    text: str | None
    meaning: Meaning | None
    callouts: list[str]
    reason: ParkReason | None
    missing: list[MissingPost]
    actions: list[Action]
    settled: SettledView | None


async def shown(
    front: Front, caller: Caller, pick: Callable[[Connection], Sequence[Kept]]
) -> list[TodoView]:
    """Show these, with what the caller may read of them."""
    context = await front.runtime.keeper.context()
    named = may(caller, Scope.PEOPLE_READ)

    def look(connection: Connection) -> list[TodoView]:
        found = pick(connection)
        sight = Sight(
            context=context,
            named=named,
            people=people.find_people(
                connection, {k.todo.person for k in found if k.todo.person}
            ),
            replies=_replies(front, connection, found),
            alerts=_alerts(connection, found),
        )
        return [_view(sight, one) for one in found]

    return await front.runtime.database.read(look)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What a list is made of; ``named``: names and texts may be read."""

    context: Context
    named: bool
    people: Mapping[str, Person]
    replies: Mapping[int, Reply]
    alerts: Mapping[str, Alert]


ABOUT_ALERTS = frozenset({TodoKind.PARKED, TodoKind.MISSING_POSTS})


def _alerts(connection: Connection, found: Sequence[Kept]) -> dict[str, Alert]:
    """The alerts of which more is told than their ids."""
    wanted = {
        k.todo.alert for k in found if k.todo.alert and k.todo.kind in ABOUT_ALERTS
    }
    every = (alerts.find(connection, name) for name in wanted)
    return {one.id: one for one in every if one}


def _replies(
    front: Front, connection: Connection, found: Sequence[Kept]
) -> dict[int, Reply]:
    """What was written, by todo; read again from what the provider told us."""
    kept = callbacks.requests(
        connection, {k.todo.callback for k in found if k.todo.callback}
    )
    replies: dict[int, Reply] = {}
    for one in found:
        told = kept.get(one.todo.callback or 0)
        provider = front.runtime.providers.get(told.channel) if told else None
        for what in provider.parse(told.request) if told and provider else ():
            if isinstance(what, Reply) and _is(connection, what, one):
                replies[one.id] = what
    return replies


def _is(connection: Connection, reply: Reply, kept: Kept) -> bool:
    """Whether this is the reply: a callback may have brought several."""
    return vault.fingerprint(connection, reply.event_key) == kept.todo.subject


def _view(sight: Sight, kept: Kept) -> TodoView:
    about, settled = kept.todo, kept.settled
    reply, alert = sight.replies.get(kept.id), sight.alerts.get(about.alert or "")
    unit = sight.context.roster.units.get(about.unit) if about.unit else None
    vacant = alert.missing if alert and about.kind is TodoKind.MISSING_POSTS else ()
    return TodoView(
        id=str(kept.id),
        kind=about.kind,
        at=about.at,
        alert=about.alert,
        unit=about.unit,
        unit_name=unit.name if unit else None,
        person=_writer(sight, kept, reply),
        text=reply.text if reply and sight.named else None,
        meaning=about.meaning,
        callouts=list(about.callouts),
        reason=alert.reason if alert else None,
        missing=[
            MissingPost(unit=one, post=post) for one, post in vacant[:MISSING_MOST]
        ],
        actions=[] if settled else list(OFFERED[about.kind]),
        settled=SettledView(
            at=settled.at, by=settled.by, how=settled.how, note=settled.note
        )
        if settled
        else None,
    )


def _writer(sight: Sight, kept: Kept, reply: Reply | None) -> WriterView | None:
    person = sight.people.get(kept.todo.person or "")
    if person is None and reply is None:
        return None
    first = next(iter(person.addresses), None) if person else None
    number = hidden(first.kind, first.value) if first else None
    return WriterView(
        id=kept.todo.person,
        name=person.name if person and sight.named else None,
        number=_sender(reply) if reply else number,
    )


def _sender(reply: Reply) -> str:
    """A number by its ends, an account by its beginning."""
    account = not reply.sender.lstrip("+").isdecimal()
    return hidden(AddressKind.WECOM, reply.sender) if account else mask(reply.sender)

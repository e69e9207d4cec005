"""The one way a callout is changed: read, decide, write, all in one transaction.

Sweep, sender, inbox and desk all come through here. Whoever read an older version
than the store holds loses, reads again and decides again; attempts have deterministic
ids, so what is decided twice is done once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import (
    Callable,
    Collection,
    Container,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar, cast

from sqlalchemy import Connection
from typing_extensions import override

from contacts.model import Flag, PersonId
from dispatcher.core.alert import ChainId
from dispatcher.core.answer import Meaning
from dispatcher.core.callout import Callout, CalloutId, State
from dispatcher.core.decide import react
from dispatcher.core.draft import Draft
from dispatcher.core.event import DeadlineReached, Event
from dispatcher.core.evolve import opened
from dispatcher.core.fact import (
    Answered,
    AttemptPlanned,
    Fact,
    HelpTold,
    MeansStruck,
    Opened,
    PersonStruck,
    TakenOver,
)
from dispatcher.core.todo import TodoKind
from dispatcher.engine.compose import Desk, Planned, compose
from dispatcher.engine.context import Chain, Context
from dispatcher.store import callouts, calls, flags, outbox, strikes, todo
from dispatcher.store.callouts import Change, Seen, Told
from dispatcher.store.flags import Flagging
from dispatcher.store.todo import Todo

Events = Mapping[CalloutId, Sequence[Event]]
WRONG_PERSON = "wrong_person"
FRESH = timedelta(seconds=1)  # so old a draft may be, at most
Item = TypeVar("Item")


def step(
    connection: Connection, context: Context, events: Events, now: datetime
) -> int:
    """Let events reach their callouts, and all that is due with them.

    :returns: how many callouts changed
    """
    waiting: Events = events
    changed = 0
    while waiting:
        seen = callouts.load(connection, waiting)
        heard = chains_of(connection, {s.callout.chain for s in seen.values()})
        changes = [
            change
            for name, one in seen.items()
            if (change := _decided(context, one, waiting[name], heard, now)).facts
        ]
        lost = callouts.save(connection, changes)
        won = [change for change in changes if change.callout.id not in lost]
        _follow(Desk(connection, context, now), won)
        changed += len(won)
        waiting = {name: waiting[name] for name in lost}
    return changed


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """Callouts as they open, put down before it is anybody's turn to write.

    :ivar at: when they open
    :ivar struck: who was struck then, in each chain
    """

    context: Context
    at: datetime
    struck: Mapping[ChainId, frozenset[PersonId]]
    told: Sequence[Told]

    def holds(self, desk: Desk) -> bool:
        """Whether they may still open so: who is struck meanwhile is not called."""
        fresh = desk.context is self.context and desk.now - self.at <= FRESH
        return fresh and self.struck == _struck(desk.connection, self.struck)


def drafted(desk: Desk, first: Sequence[Opened]) -> Drafted:
    """Decide what callouts begin with, and all that is due at once; write nothing."""
    heard = chains_of(desk.connection, {fact.chain for fact in first})
    changes = [begun(desk.context, fact, heard, desk.now) for fact in first]
    return Drafted(
        context=desk.context,
        at=desk.now,
        struck={name: chain.struck for name, chain in heard.items()},
        told=[*map(Told.of, changes)],
    )


def launch(desk: Desk, drafted: Drafted) -> None:
    """Open callouts; those that exist stay as they are."""
    names = [one.change.callout.id for one in drafted.told]
    there = callouts.those_there(desk.connection, names)
    new = [one for one in drafted.told if one.change.callout.id not in there]
    callouts.write(desk.connection, new)
    _follow(desk, [one.change for one in new])


Chains = Mapping[ChainId, Chain]


def chains_of(connection: Connection, names: Collection[ChainId]) -> Chains:
    """What has been heard in these chains so far."""
    return {
        name: Chain(
            struck=struck,
            awake=Asked(partial(strikes.is_awake, connection, name)),
            leads_awake=Asked(partial(callouts.lead_answered, connection, name)),
        )
        for name, struck in _struck(connection, names).items()
    }


def _struck(
    connection: Connection, names: Collection[ChainId]
) -> dict[ChainId, frozenset[PersonId]]:
    return dict.fromkeys(names, frozenset()) | strikes.of_chains(connection, names)


@dataclass(frozen=True, slots=True)
class Asked(Container[Item]):
    """A set that is asked for in the store when somebody wants to know."""

    holds: Callable[[Item], bool]

    @override
    def __contains__(self, item: object) -> bool:
        return self.holds(cast("Item", item))


def _decided(
    context: Context,
    seen: Seen,
    events: Sequence[Event],
    chains: Chains,
    now: datetime,
) -> Change:
    draft = Draft(seen.callout, now)
    for event in events:
        react(draft, event)
    _climb(draft, context, chains)
    return Change(seen, draft.callout, draft.facts)


def begun(context: Context, first: Opened, chains: Chains, now: datetime) -> Change:
    """A callout that opens, with all that is due at once."""
    draft = Draft(opened(first), now)
    _climb(draft, context, chains)
    return Change(None, draft.callout, [first, *draft.facts])


def _climb(draft: Draft, context: Context, chains: Chains) -> None:
    """Handle what is due now as well, so that nothing waits for the next sweep."""
    callout = draft.callout
    chain, beside = chains[callout.chain], callout.ladder.beside
    duty = context.duty(callout.unit, chain, draft.now, beside=beside)
    react(draft, DeadlineReached(duty=duty))


def _follow(desk: Desk, changes: Sequence[Change]) -> None:
    """Write down what the facts ask for: messages, strikes, messages not needed."""
    compose(
        desk,
        [
            Planned(change.callout, fact)
            for change in changes
            for fact in change.facts
            if isinstance(fact, AttemptPlanned)
        ],
    )
    settled: dict[str, list[CalloutId]] = defaultdict(list)
    for change in changes:
        if change.seen and _quieter(change.seen.callout, change.callout):
            settled[change.callout.state.value].append(change.callout.id)
        for fact in change.facts:
            _strike(desk, change.callout, fact)
    for reason, names in settled.items():
        outbox.drop_settled(desk.connection, names, reason)
        calls.settle(desk.connection, names)
        todo.quieten(desk.connection, names, desk.now)
    todo.put(desk.connection, list(_calls_for_help(changes, desk.now)))


def _calls_for_help(changes: Iterable[Change], now: datetime) -> Iterator[Todo]:
    """Who is in trouble: somebody at the desk sees to it that he gets help."""
    for change in changes:
        if any(isinstance(fact, HelpTold) for fact in change.facts):
            callout = change.callout
            asks = [a for a in callout.answers if a.meaning is Meaning.NEED_HELP]
            yield Todo(
                kind=TodoKind.NEED_HELP,
                subject=callout.id,
                at=now,
                alert=callout.alert,
                unit=callout.unit,
                person=asks[-1].person if asks else None,
                callouts=(callout.id,),
                meaning=Meaning.NEED_HELP,
            )


def _quieter(before: Callout, after: Callout) -> bool:
    """Whether fewer people have to hear of it: it was answered, closed or taken."""
    if not before.open:
        return False
    taken = after.state is State.TAKEN and before.state is not State.TAKEN
    return taken or not after.open


def _strike(desk: Desk, callout: Callout, fact: Fact) -> None:
    match fact:
        case Answered(person=person) | TakenOver(taker=person):
            strikes.woke(desk.connection, callout.chain, person, desk.now)
        case PersonStruck(person=person):
            strikes.add(desk.connection, callout.chain, person, desk.now)
        case MeansStruck():
            _flag(desk, callout, fact)
        case _:
            pass


def _flag(desk: Desk, callout: Callout, fact: MeansStruck) -> None:
    """Keep what a struck address shows, for the roster and whoever mends it."""
    struck = {one.address for one in fact.means}
    if fact.reason == WRONG_PERSON:
        flag, flagged = Flag.WRONG_PERSON, [*struck]
        outbox.drop_to(desk.connection, struck, WRONG_PERSON)
    else:
        flag, flagged = Flag.DEAD, flags.dead_among(desk.connection, struck)
    flags.add(
        desk.connection,
        [
            Flagging(
                address=address, flag=flag, at=desk.now, by=fact.by, callout=callout.id
            )
            for address in flagged
        ],
    )

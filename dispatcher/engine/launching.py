"""Calls accepted warnings out, the most urgent posts first, in bounded pieces.

What opens is drafted before it is written, so that nobody else who writes has to wait
for it.

Of a large warning the very first posts are found by themselves: they are called while
the plan for all others is still being made.

A warning that follows others changes what they opened; see
:mod:`dispatcher.engine.changing`. A first one finds nothing there, and opens all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import chain, repeat

from sqlalchemy import Connection

from config.policy import PolicySet
from contacts.model import PersonId
from contacts.roster import Roster
from dispatcher.core.alert import Alert, AlertId
from dispatcher.core.change import Change, Withdraws
from dispatcher.core.expiry import lifetime_of, scheduled
from dispatcher.core.plan import filling, foremost, places_of
from dispatcher.engine.broadcasting import announce
from dispatcher.engine.changing import (
    Cause,
    carry_out,
    drafts_of,
    follow,
    outstanding,
)
from dispatcher.engine.compose import Desk
from dispatcher.engine.context import Context
from dispatcher.engine.desk import tell_left
from dispatcher.engine.expiry import attend
from dispatcher.engine.roles import in_pieces, with_all_roles
from dispatcher.engine.step import Drafted
from dispatcher.store import alerts, callouts

FIRST, PIECE = 10, 200  # the first telephones don't wait for a whole piece
ALERTS_MOST = 10


@dataclass(frozen=True, slots=True)
class Ground:
    """What a launch was planned on; on other ground it is planned anew."""

    roster: Roster
    policies: PolicySet
    chain: Sequence[Alert]
    heard: Sequence[bool]

    @classmethod
    def of(cls, desk: Desk, alert: Alert) -> Ground:
        """The ground as it is now."""
        chain = alerts.of_chain(desk.connection, alert.chain)
        heard = [not one.held(desk.now) for one in chain]
        return cls(desk.context.roster, desk.context.policies, chain, heard)

    def holds(self, other: Ground) -> bool:
        """Whether nothing has moved since."""
        same = self.roster is other.roster and self.policies is other.policies
        return same and (self.chain, self.heard) == (other.chain, other.heard)


@dataclass(slots=True)
class Piece:
    """Changes that are made in one transaction, with a draft of what opens."""

    work: Sequence[Change]
    drafts: Sequence[Drafted] = ()


@dataclass(slots=True)
class Launch:
    """What is left to do of one warning, the next piece last.

    :ivar whole: False of one whose first piece alone has been planned
    """

    ground: Ground
    cause: Cause
    left: list[Piece]
    whole: bool = True

    @classmethod
    def of(cls, desk: Desk, alert: Alert, ground: Ground) -> Launch:
        """Plan one."""
        cause = Cause(by=alert.received_by, may_lower=not alert.merged)
        if head := _head(desk, alert, cause):
            return cls(ground, cause, [Piece(head)], whole=False)
        pieces = map(Piece, _pieces(desk, alert, cause))
        return cls(ground, cause, [*pieces][::-1])

    def stands(self, ground: Ground) -> bool:
        """Whether there is still something to be done as it was planned."""
        return self.ground.holds(ground) and bool(self.left or self.whole)


class Launches:
    """Warnings that are being called out, each planned whole and done in pieces.

    A plan lives in memory and only saves work: what is done is in the store, and doing
    a piece twice is doing it once. So a piece is dropped after its commit, and who
    starts with nothing plans anew.
    """

    def __init__(self) -> None:
        self._known: dict[AlertId, Launch] = {}
        self._done: list[AlertId] = []

    def plan(self, connection: Connection, context: Context, now: datetime) -> None:
        """Plan what waits and draft what is next, so that no transaction has to."""
        desk = Desk(connection, context, now)
        self._known = {one.id: self._of(desk, one) for one in _waiting(desk)}
        for launch in self._known.values():
            for piece in launch.left[-1:]:
                piece.drafts = drafts_of(desk, piece.work, launch.cause)

    def due(
        self,
        connection: Connection,
        context: Context,
        now: datetime,
        only: AlertId | None = None,
    ) -> int:
        """Do the next piece of every warning that waits; returns how much was done.

        :param only: of this one, whatever there is about others
        """
        self._done = []
        desk = Desk(connection, context, now)
        return sum(self._next(desk, alert) for alert in _waiting(desk, only))

    def committed(self) -> None:
        """What was done last is on disk."""
        for name in self._done:
            launch = self._known[name]
            del launch.left[-1:]
            if launch.whole and not launch.left:
                del self._known[name]
        self._done = []

    def _next(self, desk: Desk, alert: Alert) -> int:
        if alert.expires_at and alert.expires_at <= desk.now:
            return attend(desk.connection, desk.context, alert.id, desk.now)
        launch = self._of(desk, alert)
        piece = launch.left[-1] if launch.left else Piece(())
        carry_out(desk, alert.chain, piece.work, launch.cause, piece.drafts)
        gone = [one.callout for one in piece.work if isinstance(one, Withdraws)]
        tell_left(desk, alert, gone)
        if launch.whole and len(launch.left) <= 1:
            _launched(desk, alert)
        self._done.append(alert.id)
        return max(len(piece.work), 1)

    def _of(self, desk: Desk, alert: Alert) -> Launch:
        ground = Ground.of(desk, alert)
        known = self._known.get(alert.id)
        if known is None or not known.stands(ground):
            known = self._known[alert.id] = Launch.of(desk, alert, ground)
        return known


def _waiting(desk: Desk, only: AlertId | None = None) -> Iterator[Alert]:
    for name in alerts.to_launch(desk.connection, desk.now, ALERTS_MOST):
        found = only in {None, name} and alerts.find(desk.connection, name)
        if found:
            yield found


def _head(desk: Desk, alert: Alert, cause: Cause) -> Sequence[Change]:
    """The first piece of a large warning, with all roles of its people.

    Only where nobody has been called yet: there nothing but openings can be found.
    """
    if len(alert.inside) <= PIECE or callouts.begun(desk.connection, alert.chain):
        return ()
    policies, roster = desk.context.policies, desk.context.roster
    within = foremost(roster, alert.inside, FIRST)
    first = outstanding(desk, alert.chain, cause, within)[:FIRST]
    people = {person for one in first for person in _holders(desk, one)}
    roles = roster.posts_of(people, desk.now)
    within |= places_of(policies, roster, alert.content, roles)
    work = outstanding(desk, alert.chain, cause, within)
    return with_all_roles(work, FIRST, partial(_holders, desk))


def _pieces(desk: Desk, alert: Alert, cause: Cause) -> Iterator[Sequence[Change]]:
    work = outstanding(desk, alert.chain, cause)
    return in_pieces(work, chain((FIRST,), repeat(PIECE)), partial(_holders, desk))


def _launched(desk: Desk, alert: Alert) -> None:
    follow(desk, alert.chain)
    lifetime = lifetime_of(desk.context.policies, alert.content)
    done = scheduled(replace(alert, launched_at=desk.now), lifetime, desk.now)
    alerts.save(desk.connection, done, desk.now)
    announce(desk, done)


def _holders(desk: Desk, change: Change) -> set[PersonId]:
    roster, post = desk.context.roster, change.post
    if post.unit not in roster.units:
        return set()
    return {person.id for person in filling(roster, post, desk.now)}

"""Carries out what alerts that follow one another change in a chain.

Which alert holds where, and what follows, is decided in :mod:`dispatcher.core.change`;
here it is done to callouts, questions and messages. Doing it twice is doing it once:
what is as it should be is left alone, so a change can be carried out in pieces.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from channels.contract import Channel
from contacts.model import PersonId, UnitId
from dispatcher.core.alert import Alert, AlertId, AlertState, ChainId
from dispatcher.core.callout import (
    Callout,
    CalloutId,
    CloseReason,
    State,
    lane_of,
)
from dispatcher.core.change import (
    Change,
    Lowers,
    Opens,
    Retells,
    Stand,
    Withdraws,
    changes,
    standing,
)
from dispatcher.core.event import Event, Replanned, TextChanged, Withdrawn
from dispatcher.core.fact import Opened
from dispatcher.core.plan import (
    Launch,
    level_policy,
    open_callouts,
    opens,
    rest_ladder,
)
from dispatcher.core.policy import strictness
from dispatcher.engine.compose import Desk
from dispatcher.engine.notices import Letter, notice, written_way
from dispatcher.engine.step import Drafted, drafted, launch, step
from dispatcher.store import (
    alerts,
    callouts,
    calls,
    contacted,
    outbox,
    people,
    questions,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why a chain changes.

    :ivar by: who brought it about
    :ivar why: why what nothing covers any more ends
    :ivar may_lower: it was made by reference, so a level may go down
    """

    by: str
    why: CloseReason = CloseReason.CANCELLED
    may_lower: bool = True


def outstanding(
    desk: Desk, chain: ChainId, cause: Cause, within: Collection[UnitId] | None = None
) -> list[Change]:
    """What is still to be done in a chain: ends first, then openings, then the rest.

    :param within: only in these units, and above them; of a chain that has no callouts
    """
    roster, policies = desk.context.roster, desk.context.policies
    # Of what may still be taken back nobody has heard: it stands nowhere yet.
    heard = [a for a in alerts.of_chain(desk.connection, chain) if not a.held(desk.now)]
    held = standing(policies, roster, heard, within)
    there = callouts.there(desk.connection, chain)
    found = changes(held, there, may_lower=cause.may_lower)
    wanted = [
        c for c in found if not isinstance(c, Opens) or opens(roster, c.post, desk.now)
    ]
    return sorted(wanted, key=lambda one: ORDER[type(one)])


ORDER: Mapping[type[Change], int] = {Withdraws: 0, Opens: 1, Retells: 2, Lowers: 2}


def carry_out(
    desk: Desk,
    chain: ChainId,
    work: Iterable[Change],
    cause: Cause,
    drafts: Sequence[Drafted] = (),
) -> None:
    """Do these changes, and tell those who have answered what is new.

    :param drafts: of what opens, where that has been thought of before
    """
    events: dict[CalloutId, tuple[Event, ...]] = {}
    openings: list[Opens] = []
    told: dict[CalloutId, Stand] = {}
    for change in work:
        match change:
            case Withdraws(callout=name):
                events[name] = (Withdrawn(reason=cause.why, by=cause.by),)
            case Opens(supersedes=name):
                openings.append(change)
                if name:
                    gone = Withdrawn(reason=CloseReason.SUPERSEDED, by=cause.by)
                    events[name] = (gone,)
            case Retells(callout=name, stand=stand):
                events[name] = (TextChanged(alert=stand.alert.id, by=cause.by),)
                told[name] = stand
            case Lowers(callout=name, stand=stand):
                events[name] = (_replanned(desk, change, cause),)
                told[name] = stand
            case _:
                assert_never(change)
    _tell_callouts(desk, chain, events)
    sound = drafts and all(one.holds(desk) for one in drafts)
    for draft in drafts if sound else drafts_of(desk, openings, cause):
        launch(desk, draft)
    _say_anew(desk, told)


def drafts_of(desk: Desk, work: Iterable[Change], cause: Cause) -> list[Drafted]:
    """Draft what opens by these changes; nothing is written."""
    openings: dict[tuple[int, int], list[Opens]] = defaultdict(list)
    for change in work:
        if isinstance(change, Opens):
            openings[id(change.stand), change.epoch].append(change)
    return [drafted(desk, _opened(desk, some, cause)) for some in openings.values()]


def _tell_callouts(
    desk: Desk, chain: ChainId, events: Mapping[CalloutId, tuple[Event, ...]]
) -> None:
    if events:  # what opens ends no question, and looking at all of them takes long
        step(desk.connection, desk.context, events, desk.now)
        questions.close_settled(desk.connection, chain, desk.now)


def _opened(desk: Desk, group: Sequence[Opens], cause: Cause) -> tuple[Opened, ...]:
    start = _launch(desk, group[0].stand, group[0].epoch, cause)
    posts = [one.post for one in group]
    return open_callouts(start, desk.context.policies, desk.context.roster, posts)


def _launch(desk: Desk, stand: Stand, epoch: int, cause: Cause) -> Launch:
    return Launch(
        alert=stand.alert.id,
        chain=stand.alert.chain,
        epoch=epoch,
        content=stand.content,
        inside=frozenset(),
        at=desk.now,
        by=cause.by,
    )


def _replanned(desk: Desk, one: Lowers, cause: Cause) -> Replanned:
    context, stand = desk.context, one.stand
    start = _launch(desk, stand, 1, cause)
    # A post that nobody holds any more, beside the grid lead, opens nothing by itself.
    posts = [one.post] if one.starts else []
    fresh = open_callouts(start, context.policies, context.roster, posts)
    level, _ = level_policy(context.policies, stand.content)
    return Replanned(
        alert=stand.alert.id,
        level=stand.content.level,
        policy_level=level,
        ladder=fresh[0].ladder
        if fresh
        else rest_ladder(context.policies, stand.content),
        by=cause.by,
    )


def _say_anew(desk: Desk, told: Mapping[CalloutId, Stand]) -> None:
    """Let calls that wait say the new text, and write it to those who have answered."""
    if not told:  # to look at all that waits would take long
        return
    now_are = callouts.load(desk.connection, told)
    _reword(desk, {name: told[name] for name in now_are})
    by_alert: dict[AlertId, list[Callout]] = defaultdict(list)
    for name, seen in now_are.items():
        by_alert[told[name].alert.id].append(seen.callout)
    stands = {stand.alert.id: stand for stand in told.values()}
    for alert, changed in by_alert.items():
        _write(desk, stands[alert].alert, changed)


def _reword(desk: Desk, told: Mapping[CalloutId, Stand]) -> None:
    waiting = calls.carrying(desk.connection, told)
    every = {name for names in waiting.values() for name in names}
    seen = callouts.load(desk.connection, every)
    for message, names in waiting.items():
        stand = next(told[name] for name in names if name in told)
        units = [seen[name].callout.unit for name in names]
        spoken = desk.voice(stand.alert.id).of(units).call_own(units)
        calls.reword(desk.connection, message, spoken)


def _write(desk: Desk, alert: Alert, changed: Iterable[Callout]) -> None:
    """Write what is new to those who had answered, or were told, once to each."""
    units: dict[PersonId, list[UnitId]] = defaultdict(list)
    for callout in changed:
        for person in _heard(callout):
            units[person].append(callout.unit)
    voice, roster = desk.voice(alert.id), desk.context.roster
    known = people.find_people(desk.connection, units)
    letters = []
    for name, own in units.items():
        if means := written_way(desk, roster.people.get(name) or known[name]):
            text = voice.of(own).told(own)
            said = voice.card(text) if means.channel is Channel.WECHAT else text
            letters.append(
                Letter(f"changed {alert.id}", said, name, means.address, means.channel)
            )
    outbox.put(desk.connection, [notice(desk, alert, letter) for letter in letters])


def _heard(callout: Callout) -> set[PersonId]:
    """Who has answered, or was only told: nobody calls him about it any more."""
    if callout.state is State.NOTIFIED:
        return {called.person for run in callout.runs for called in run.people}
    return {answer.person for answer in callout.answers}


def leave(desk: Desk, chain: ChainId, cause: Cause) -> frozenset[PersonId]:
    """Let an alert go whose chain goes on; gives who has nothing left to answer for.

    Nothing opens by it, so all of it is done at once.
    """
    work = outstanding(desk, chain, cause)
    carry_out(desk, chain, work, cause)
    follow(desk, chain)
    gone = [one.callout for one in work if isinstance(one, Withdraws)]
    return contacted.people_left(desk.connection, chain, gone)


def follow(desk: Desk, chain: ChainId) -> None:
    """Let open questions speak for an alert that is live."""
    live = [
        alert
        for alert in alerts.of_chain(desk.connection, chain)
        if alert.state is AlertState.ACTIVE and not alert.held(desk.now)
    ]
    if live:
        head = max(reversed(live), key=lambda one: strictness(one.content.level))
        lane = lane_of(head.policy_level, drill=head.content.drill)
        names = [alert.id for alert in live]
        questions.follow(desk.connection, names, head, lane)

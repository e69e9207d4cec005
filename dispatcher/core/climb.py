"""What falls due by time: rungs, tries, marks, repeats, the desk, feedback.

Silence keeps exact times. After we were down, what is overdue is handled in order,
and of several overdue tries of one channel, or several repeats, only the last one
calls (the others are put down as overtaken), so a restart is never a burst.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import assert_never

from channels.contract import Channel
from contacts.model import UnitKind
from dispatcher.core import fact as facts
from dispatcher.core.callout import (
    MADE_UP,
    Called,
    Callout,
    Cause,
    Later,
    Mark,
    Purpose,
    Rung,
    RungRun,
    SkipReason,
    Task,
    Via,
)
from dispatcher.core.draft import Call, Draft
from dispatcher.core.due import (
    Due,
    What,
    after,
    next_due,
    own_rung,
    repeat_at,
    repeat_channels,
    voice_repeats,
)
from dispatcher.core.event import Duty
from dispatcher.core.night import night_ends

HELP_CHANNELS = (Channel.WECHAT, Channel.SMS, Channel.VOICE)
TEXT_CHANNELS = (Channel.WECHAT, Channel.SMS)
HELP_LABEL = "h"
REMINDER_LABEL = "f"
TASK_LABEL = "t"


def climb(draft: Draft, duty: Duty) -> None:
    """Do everything that is due by now, in order; each leaves at least one fact."""
    while (due := next_due(draft.callout)) and due.at <= draft.now:
        _handle(draft, due, duty)


def _handle(draft: Draft, due: Due, duty: Duty) -> None:  # noqa: C901 - a table
    match due.what:
        case What.RUNG:
            _reach(draft, due.rung, duty)
        case What.TRY:
            _try(draft, due.rung, duty)
        case What.LATER:
            _make_up(draft, due, duty)
        case What.FLAGS:
            _flags(draft, due.rung, duty)
        case What.REPEAT:
            _repeat(draft, duty)
        case What.RESULT:
            _lapse(draft, duty)
        case What.RUN_OUT:
            _to_desk(draft, duty)
        case What.DESK_REMINDER:
            _remind_desk(draft, duty)
        case What.HELP:
            _help(draft, duty)
        case What.FEEDBACK:
            _feedback(draft, duty)
        case _:
            assert_never(due.what)


def _reach(draft: Draft, index: int, duty: Duty) -> None:
    rung, run = draft.callout.ladder.rungs[index], draft.callout.runs[index]
    cause = Cause.TIME
    planned = after(draft.callout.opened_at, rung.at)
    if run.by_word:
        cause = Cause.WORD
    elif run.starts_at and run.round:
        cause = Cause.RESUMED
    elif run.starts_at and run.starts_at < planned:
        cause = Cause.STRUCK
    people = present(draft, index, duty)
    draft.add(
        facts.RungReached(at=draft.now, rung=index, cause=cause, people=people),
    )
    draft.strike_rungs()


def present(draft: Draft, index: int, duty: Duty) -> tuple[Called, ...]:
    """Who fills a rung's posts now: timing is frozen, people are live."""
    rung = draft.callout.ladder.rungs[index]
    return () if _ends_below(draft, index, duty) else duty.of(*rung.posts)


def _lead_awake(draft: Draft, duty: Duty) -> bool:
    """Whether this one is called beside a grid lead who has answered."""
    return draft.callout.ladder.beside and duty.lead_awake


def _ends_below(draft: Draft, index: int, duty: Duty) -> bool:
    """Nobody above has to hear of who is called beside a lead that has answered."""
    return _lead_awake(draft, duty) and not draft.callout.ladder.rungs[index].own


def _try(draft: Draft, index: int, duty: Duty) -> None:
    rung, run = draft.callout.ladder.rungs[index], draft.callout.runs[index]
    number = run.tries_done
    draft.add(facts.TryStarted(at=draft.now, rung=index, number=number))
    start = run.started_at or draft.now
    later = [(after(start, one.at), one.do) for one in rung.tries[number + 1 :]]
    call = Call(
        index,
        _label(run, number),
        rung.via,
        not_after=_try_ends_at(draft.callout, rung, number, later),
        overtaken=frozenset(c for at, do in later if at <= draft.now for c in do),
        number=number,
    )
    people = present(draft, index, duty)
    join(draft, index, people)
    for called in people:
        for channel in rung.tries[number].do:
            call_up(draft, called, channel, call, duty)


def _try_ends_at(
    callout: Callout, rung: Rung, number: int, later: Sequence[tuple[datetime, object]]
) -> datetime | None:
    """Until when a later try is of use: the next one, after the last a repeat."""
    if not number:
        return None
    if later:
        return later[0][0]
    return repeat_at(callout) if rung.own and callout.open else None


def _label(run: RungRun, number: int) -> str:
    """Name a try within the ids of its attempts; each round has its own."""
    return f"{run.round}x{number}" if run.round else str(number)


def call_up(
    draft: Draft, called: Called, channel: Channel, call: Call, duty: Duty
) -> None:
    """Try one person on one channel, or put down why not."""
    person, why = called.person, None
    if not _asked(draft, called, call):
        return
    if channel in call.overtaken:
        why = SkipReason.OVERTAKEN
    elif _has_own_part(draft.callout, called, call, duty):
        why = SkipReason.OWN_PART
    elif channel not in duty.routes:
        why = SkipReason.NO_ROUTE
    elif all(means.channel is not channel for means in called.means):
        why = SkipReason.NO_ADDRESS
    elif channel is Channel.VOICE:
        _ring(draft, called, call)
        return
    if why:
        draft.skip(call.rung, person, channel, why)
    else:
        draft.reach(called, channel, call)


def _ring(draft: Draft, called: Called, call: Call) -> None:
    """Ring him, unless it is night, or his telephone waits to ring or rings already."""
    before = draft.callout.rung_by_telephone(called.person)
    busy = call.via is Via.OWN and any(attempt.under_way for attempt in before)
    if hushed(draft, called, call):
        return
    if busy:
        _merge(draft, called, call)
    elif any(attempt.placed for attempt in before):
        draft.reach(called, Channel.VOICE, call)
    else:  # the first call is never too late
        draft.reach(called, Channel.VOICE, replace(call, not_after=None))


def hushed(draft: Draft, called: Called, call: Call) -> bool:
    """Put a call off to the morning, at its old distance from there; False by day.

    Who is asked for help is rung at any hour.
    """
    night = draft.callout.ladder.night
    morning = night_ends(night, draft.now) if night else None
    if morning is None or call.purpose is Purpose.HELP:
        return False
    draft.skip(call.rung, called.person, Channel.VOICE, SkipReason.NIGHT)
    if call.number is not None:
        rung = draft.callout.ladder.rungs[call.rung]
        until = after(morning, rung.at + rung.tries[call.number].at)
        one = Later(rung=call.rung, number=call.number, person=called.person, at=until)
        draft.put_off(one, SkipReason.NIGHT, hush=morning)
    return True


def _merge(draft: Draft, called: Called, call: Call) -> None:
    """One call is enough; what merged before it began falls due again after it."""
    draft.skip(call.rung, called.person, Channel.VOICE, SkipReason.MERGED)
    before = draft.callout.rung_by_telephone(called.person)
    rings = any(attempt.under_way and attempt.placed for attempt in before)
    if call.number is not None and not rings:
        one = Later(rung=call.rung, number=call.number, person=called.person, at=None)
        draft.put_off(one, SkipReason.MERGED)


def _make_up(draft: Draft, due: Due, duty: Duty) -> None:
    """Make a call that was put off."""
    callout = draft.callout
    one = next(o for o in callout.later if (o.at, o.rung) == (due.at, due.rung))
    draft.add(
        facts.CallMadeUp(
            at=draft.now, rung=one.rung, number=one.number, person=one.person
        )
    )
    rung = callout.ladder.rungs[one.rung]
    label = _label(callout.runs[one.rung], one.number) + MADE_UP
    ends_at = _try_ends_at(callout, rung, one.number, ())
    call = Call(one.rung, label, rung.via, not_after=ends_at, number=one.number)
    for called in _in_place_of(draft, one, present(draft, one.rung, duty)):
        call_up(draft, called, Channel.VOICE, call, duty)


def _in_place_of(
    draft: Draft, one: Later, present: tuple[Called, ...]
) -> tuple[Called, ...]:
    """Himself; where he has been relieved since, who has come and was not called."""
    himself = tuple(called for called in present if called.person == one.person)
    return himself or join(draft, one.rung, present)


def _asked(draft: Draft, called: Called, call: Call) -> bool:
    """Neither who can't act nor, while others still have to, who has answered."""
    if call.purpose is Purpose.REMINDER:
        return True
    return called.person not in draft.callout.struck_people | draft.answered


def _has_own_part(callout: Callout, called: Called, call: Call, duty: Duty) -> bool:
    """Whether somebody on a higher rung holds one of the unit's own posts as well."""
    rungs = callout.ladder.rungs
    if rungs[call.rung].own:
        return False
    posts = (post for rung in rungs if rung.own for post in rung.posts)
    return any(own.person == called.person for own in duty.of(*posts))


def _flags(draft: Draft, index: int, duty: Duty) -> None:
    rung = draft.callout.ladder.rungs[index]
    draft.add(facts.RungFlagged(at=draft.now, rung=index))
    if _lead_awake(draft, duty):
        return
    if rung.mark:
        draft.add(facts.Marked(at=draft.now, mark=_mark(draft.callout, rung.mark)))
    if rung.task:
        _raise(draft, index, rung.task, duty)
    if rung.desk:
        draft.add(facts.Marked(at=draft.now, mark=rung.desk))


def _mark(callout: Callout, mark: Mark) -> Mark:
    """Who was never rung can't have slept through it."""
    if mark is not Mark.NOT_AWAKENED:
        return mark
    return mark if own_rung(callout) else Mark.NEVER_RUNG


def _raise(draft: Draft, index: int, task: Task, duty: Duty) -> None:
    """Send somebody there, and tell him, unless his rung begins and he hears anyway."""
    callout = draft.callout
    at_hand = duty.of(*callout.ladder.rungs[index].posts)
    called = duty.for_the_door() or next(iter(at_hand), None)
    assignee = called.person if called else None
    draft.add(facts.TaskRaised(at=draft.now, task=task, assignee=assignee))
    call = Call(index, TASK_LABEL, Via.INFO, Purpose.TASK)
    begins = callout.runs[index].started_at is None and not callout.taking
    hears = begins and assignee in {other.person for other in at_hand}
    if called and not hears:
        for channel in TEXT_CHANNELS:
            draft.reach(called, channel, call)


def _repeat(draft: Draft, duty: Duty) -> None:
    callout = draft.callout
    number, channels = callout.repeats + 1, repeat_channels(callout)
    next_at = repeat_at(replace(callout, repeats=number))
    overtaken = frozenset(channels) if next_at <= draft.now else frozenset()
    voice = voice_repeats(callout) and not overtaken
    draft.add(facts.Repeated(at=draft.now, number=number, voice=voice))
    for index, rung in enumerate(callout.ladder.rungs):
        run = callout.runs[index]
        if not rung.own or run.started_at is None:
            continue
        people = duty.of(*rung.posts)
        join(draft, index, people)
        call = Call(
            index,
            _repeat_label(callout, number),
            purpose=Purpose.REPEAT,
            not_after=next_at,
            overtaken=overtaken,
        )
        for called in people:
            for channel in channels:
                call_up(draft, called, channel, call, duty)


def _repeat_label(callout: Callout, number: int) -> str:
    """Name a repeat within the ids of its attempts; each text has its own."""
    return f"c{callout.texts}r{number}" if callout.texts else f"r{number}"


def join(draft: Draft, index: int, people: tuple[Called, ...]) -> tuple[Called, ...]:
    """Put those on a rung who are not on it yet; gives them."""
    known = {called.person for called in draft.callout.runs[index].people}
    new = tuple(called for called in people if called.person not in known)
    if new:
        draft.add(facts.PeopleChanged(at=draft.now, rung=index, people=new))
    return new


def _lapse(draft: Draft, duty: Duty) -> None:
    callout = draft.callout
    taken_at = callout.taking.rung if callout.taking else None
    following = (
        index
        for index, rung in enumerate(callout.ladder.rungs)
        if rung.posts
        and not rung.own
        and (
            callout.runs[index].started_at is None
            if taken_at is None
            else index > taken_at
        )
    )
    resumed = next(following, None)
    draft.add(facts.TakingLapsed(at=draft.now, next=resumed))
    if resumed is None:
        _to_desk(draft, duty)
    elif taken_at is None:
        _tell_desk(draft, duty)


def _to_desk(draft: Draft, duty: Duty) -> None:
    owner = duty.desk.person if duty.desk else None
    draft.add(facts.HandedToDesk(at=draft.now, owner=owner))
    _tell_desk(draft, duty)


def _remind_desk(draft: Draft, duty: Duty) -> None:
    draft.add(facts.DeskReminded(at=draft.now))
    _tell_desk(draft, duty)


def _tell_desk(draft: Draft, duty: Duty) -> None:
    seconds = int((draft.now - draft.callout.opened_at).total_seconds())
    top = len(draft.callout.ladder.rungs) - 1
    call = Call(top, f"d{seconds}", Via.INFO, Purpose.REMINDER)
    if duty.desk and not _lead_awake(draft, duty):
        for channel in TEXT_CHANNELS:
            draft.reach(duty.desk, channel, call)


def _help(draft: Draft, duty: Duty) -> None:
    draft.add(facts.HelpTold(at=draft.now))
    for index, rung in enumerate(draft.callout.ladder.rungs):
        people = () if rung.own else duty.of(*rung.posts)
        if any(draft.unstruck(called) for called in people):
            _call_for_help(draft, index, people)
            return
    draft.add(facts.Marked(at=draft.now, mark=Mark.MUST_CALL))


def _call_for_help(draft: Draft, index: int, people: tuple[Called, ...]) -> None:
    join(draft, index, people)
    call = Call(index, HELP_LABEL, Via.INFO, Purpose.HELP)
    for called in people:
        for channel in HELP_CHANNELS:
            draft.reach(called, channel, call)


def _feedback(draft: Draft, duty: Duty) -> None:
    callout = draft.callout
    draft.add(
        facts.FeedbackReminded(at=draft.now),
        facts.Marked(at=draft.now, mark=Mark.FEEDBACK_OVERDUE),
    )
    if not text_feedback(callout) or callout.answer is None:
        return
    for index, called in draft.people():
        if called.person == callout.answer.person and callout.ladder.rungs[index].own:
            call = Call(index, REMINDER_LABEL, purpose=Purpose.REMINDER)
            call_up(draft, called, Channel.SMS, call, duty)
            return


def text_feedback(callout: Callout) -> bool:
    """Whether the post's questions can be answered in one text: evacuated or none."""
    return callout.post.unit_kind in {UnitKind.GRID, UnitKind.VILLAGE}

"""When a callout wants attention next, and for what.

An open callout always has a next time. The order of :class:`What` settles what goes
first when several things fall due in the same second.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache

from channels.contract import Channel
from dispatcher.core.answer import Meaning
from dispatcher.core.callout import Callout, Mark, Rung, RungRun, State

RUN_OUT_SECONDS = 60  # silence after the last try before the desk owns it
SLOW_REPEAT_SECONDS = 3600  # the pace after the quick repeats
DESK_REMINDER_SECONDS = 900
FEEDBACK_GRACE_SECONDS = 300  # who answers late still has time to look


class What(StrEnum):
    """What falls due, in the order it is handled."""

    HELP = "help"
    FLAGS = "flags"
    RUNG = "rung"
    TRY = "try"
    LATER = "later"
    RESULT = "result"
    REPEAT = "repeat"
    RUN_OUT = "run_out"
    DESK_REMINDER = "desk_reminder"
    FEEDBACK = "feedback"


IN_ORDER = tuple(What)
ORDER = {what: place for place, what in enumerate(IN_ORDER)}


@dataclass(frozen=True, slots=True)
class Due:
    """Something to do at a time; ``rung`` where it belongs to one."""

    at: datetime
    what: What
    rung: int = -1


# The same as it sorts: earlier first, then by kind, then from the lower rung up. Many
# are made for the one that comes first, so they are not more than that.
_Due = tuple[datetime, int, int]


def _due(at: datetime, what: What, rung: int = -1) -> _Due:
    return at, ORDER[what], rung


def next_due(callout: Callout) -> Due | None:
    """Tell what is next; None when nothing more will happen by itself."""
    first = min(_all(callout), default=None)
    if first is None:
        return None
    at, place, rung = first
    return Due(at, IN_ORDER[place], rung)


def _all(callout: Callout) -> Iterator[_Due]:
    if callout.state is State.CLOSED:
        return
    if callout.help_due:
        yield _due(callout.answers[-1].at, What.HELP)
    if callout.state in {State.ANSWERED, State.REPORTED}:
        yield from _feedback(callout)
        return
    for index, (rung, run) in enumerate(
        zip(callout.ladder.rungs, callout.runs, strict=True)
    ):
        yield from _rung(callout, index, rung, run)
    yield from _later(callout)
    if callout.open:
        yield from _open(callout)


def after(start: datetime, seconds: int) -> datetime:
    """``seconds`` after ``start``."""
    return start + _span(seconds)


_span = cache(lambda seconds: timedelta(seconds=seconds))  # few values, asked all day


def start_of(callout: Callout, index: int) -> datetime:
    """When a rung began, or is to begin."""
    run = callout.runs[index]
    moved = run.started_at or run.starts_at
    return moved or after(callout.opened_at, callout.ladder.rungs[index].at)


def try_at(callout: Callout, index: int, number: int) -> datetime:
    """When a try of a rung falls due, or fell."""
    rung = callout.ladder.rungs[index]
    return after(start_of(callout, index), rung.tries[number].at)


def _rung(callout: Callout, index: int, rung: Rung, run: RungRun) -> Iterator[_Due]:
    # A take-over keeps marks and tasks at their times; only calling others pauses.
    if rung.flags and not run.flagged:
        yield _due(_flags_at(callout, rung, run), What.FLAGS, index)
    if not rung.posts or (callout.taking and not rung.own):
        return
    if run.started_at is None:
        yield _due(start_of(callout, index), What.RUNG, index)
    elif run.tries_done < len(rung.tries):
        yield _due(try_at(callout, index, run.tries_done), What.TRY, index)


def _flags_at(callout: Callout, rung: Rung, run: RungRun) -> datetime:
    """The policy's time, or earlier with a rung that was brought forward.

    Where a night kept everybody from being rung, the morning is the new beginning.
    """
    waits = callout.hushed_until if waits_for_morning(rung) else None
    planned = after(waits or callout.opened_at, rung.at)
    # A round begun after a take-over, or by an officer's word, moves calls only.
    forward = None if run.by_word or (waits and run.round) else run.starts_at
    return min(planned, forward) if forward else planned


def waits_for_morning(rung: Rung) -> bool:
    """Whether what it puts on the board says that somebody did not wake up."""
    return bool(rung.mark or rung.task or rung.desk is Mark.MUST_CALL)


def _later(callout: Callout) -> Iterator[_Due]:
    for one in callout.later:
        paused = callout.taking and not callout.ladder.rungs[one.rung].own
        if one.at and not paused:
            yield _due(one.at, What.LATER, one.rung)


def own_rung(callout: Callout) -> bool:
    """Whether a telephone of its own people has been made to ring."""
    return any(
        attempt.channel is Channel.VOICE
        and attempt.placed
        and callout.ladder.rungs[attempt.rung].own
        for attempt in callout.attempts
    )


def _open(callout: Callout) -> Iterator[_Due]:
    yield _due(repeat_at(callout), What.REPEAT)
    if callout.taking:
        yield _due(callout.taking.result_by, What.RESULT)
    elif callout.state is State.DESK:
        yield _due(
            after(callout.desk_reminded_at or callout.opened_at, DESK_REMINDER_SECONDS),
            What.DESK_REMINDER,
        )
    elif not _climbs(callout):
        yield _due(runs_out_at(callout), What.RUN_OUT)


def _climbs(callout: Callout) -> bool:
    """Whether a rung is still to begin: that comes before the ladder runs out."""
    ladder = zip(callout.ladder.rungs, callout.runs, strict=True)
    return any(rung.posts and run.started_at is None for rung, run in ladder)


def repeat_at(callout: Callout) -> datetime:
    """The next repeat: the quick ones, then one an hour, counted from opening."""
    repeat = callout.ladder.repeat
    number = callout.repeats + 1
    quick = min(number, repeat.most) * repeat.every
    pace = max(repeat.every, SLOW_REPEAT_SECONDS)  # slow is never quicker than quick
    slow = max(0, number - repeat.most) * pace
    return after(_repeat_zero(callout), quick + slow)


def _repeat_zero(callout: Callout) -> datetime:
    return callout.repeat_from or callout.opened_at


def voice_repeats(callout: Callout) -> bool:
    """Tell whether the next repeat rings as well."""
    repeat = callout.ladder.repeat
    if repeat.voice_every is None or callout.voice_repeats >= repeat.voice_most:
        return False
    elapsed = repeat_at(callout) - _repeat_zero(callout)
    return elapsed.total_seconds() % repeat.voice_every == 0


def repeat_channels(callout: Callout) -> tuple[Channel, ...]:
    """The channels of the next repeat."""
    voice = (Channel.VOICE,) if voice_repeats(callout) else ()
    return (*callout.ladder.repeat.do, *voice)


def runs_out_at(callout: Callout) -> datetime:
    """60 s after the last try of any rung fell due."""
    ends = (
        after(start_of(callout, index), rung.last_try - rung.at)
        for index, rung in enumerate(callout.ladder.rungs)
    )
    last = max(ends)
    if callout.hushed_until:
        longest = max(rung.last_try for rung in callout.ladder.rungs)
        last = max(last, after(callout.hushed_until, longest))
    return after(last, RUN_OUT_SECONDS)


def own_people_at(callout: Callout) -> datetime:
    """When its own people are called next: by a rung, a try or a repeat."""
    rungs = callout.ladder.rungs
    calls = (
        at
        for at, place, rung in _all(callout)
        if IN_ORDER[place] is What.REPEAT
        or (IN_ORDER[place] in {What.RUNG, What.TRY} and rungs[rung].own)
    )
    return min(calls)


def _feedback(callout: Callout) -> Iterator[_Due]:
    asked = callout.ladder.feedback_by is not None
    answer = callout.answer
    if not asked or answer is None or callout.state is State.REPORTED:
        return
    if answer.meaning is Meaning.NEED_HELP or callout.feedback_reminded:
        return
    yield _due(feedback_at(callout, answer.at), What.FEEDBACK)


def feedback_at(callout: Callout, answered_at: datetime) -> datetime:
    """The first feedback is due by policy, but not before he could look."""
    limit = after(callout.opened_at, callout.ladder.feedback_by or 0)
    return max(limit, after(answered_at, FEEDBACK_GRACE_SECONDS))

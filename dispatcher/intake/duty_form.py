"""Rotations, overrides, swaps and leaves in JSON, before anybody is looked up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from contacts.days import DayKind
from contacts.duty import HANDOVER, HOURS_A_DAY
from contacts.model import Post
from dispatcher.intake.form import Form, Moment, Word, refuse
from dispatcher.intake.problem import Loc, Problem, problem

MEMBERS_MOST = 100
HOURS_MOST = 24 * 28
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)


def _day(value: object) -> date:
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        refuse("date_expected")


def _clock(value: object) -> time:
    try:
        found = time.fromisoformat(str(value))
    except ValueError:
        found = time.max
    if found.tzinfo or found.second or found.microsecond:
        refuse("clock_expected")
    return found


Day = Annotated[date, BeforeValidator(_day), Field(ge=FIRST_DAY, le=LAST_DAY)]
Clock = Annotated[time, BeforeValidator(_clock)]
People = Annotated[list[Word], Field(min_length=1, max_length=MEMBERS_MOST)]
Hours = Annotated[int, Field(strict=True, ge=1, le=HOURS_MOST)]


class OfPost(Form):
    """Of which post it is."""

    unit: Word
    post: Post


class RotationForm(OfPost):
    """A shift plan; ``people`` in the order of turns, ``kind`` null: on all days."""

    type: Literal["rotation"]
    people: People
    starts_on: Day
    ends_on: Day | None = None
    hours: Hours = HOURS_A_DAY
    handover: Clock = HANDOVER
    kind: DayKind | None = None


class OverrideForm(OfPost):
    """Who is on duty in a span, in the order of calling."""

    type: Literal["override"]
    people: People
    begins: Moment
    ends: Moment


class TurnForm(Form):
    """Somebody's time on duty."""

    person: Word
    begins: Moment
    ends: Moment


class SwapForm(OfPost):
    """Two people exchange their turns in a post."""

    type: Literal["swap"]
    turns: Annotated[list[TurnForm], Field(min_length=2, max_length=2)]


class LeaveForm(OfPost):
    """Somebody is not called in a span; ``ends`` null: nobody knows until when."""

    type: Literal["leave"]
    person: Word
    substitute: Word | None = None
    begins: Moment
    ends: Moment | None = None


ShiftForm = RotationForm | OverrideForm | LeaveForm
FORMS: dict[str, type[ShiftForm | SwapForm]] = {
    "rotation": RotationForm,
    "override": OverrideForm,
    "leave": LeaveForm,
    "swap": SwapForm,
}


def people_of(form: ShiftForm | SwapForm) -> dict[Loc, str]:
    """Who is named, by where he is."""
    match form:
        case RotationForm(people=people) | OverrideForm(people=people):
            return {("people", place): one for place, one in enumerate(people)}
        case LeaveForm(person=person, substitute=substitute):
            stands_in: dict[Loc, str] = (
                {("substitute",): substitute} if substitute else {}
            )
            return {("person",): person, **stands_in}
        case SwapForm(turns=turns):
            return {
                ("turns", place, "person"): one.person
                for place, one in enumerate(turns)
            }


def shift_problems(form: ShiftForm | SwapForm) -> Iterator[Problem]:
    """What is wrong with it, whatever the roster holds."""
    match form:
        case RotationForm():
            if HOURS_A_DAY % form.hours and form.hours % HOURS_A_DAY:
                yield problem(("hours",), "bad_hours")
            if form.ends_on and form.ends_on < form.starts_on:
                yield problem(("ends_on",), "last_before_first")
        case OverrideForm() | LeaveForm():
            yield from _backwards((), form.begins, form.ends)
        case SwapForm():
            for place, one in enumerate(form.turns):
                yield from _backwards(("turns", place), one.begins, one.ends)


def _backwards(loc: Loc, begins: datetime, ends: datetime | None) -> Iterator[Problem]:
    if ends and ends <= begins:
        yield problem((*loc, "ends"), "span_backwards")

"""An alert in JSON: read strictly, and every problem told at once.

A field that is broken hides no other: what is sound is judged by itself. What a first
alert must say is settled by law (rules of calling, section 12).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal, LiteralString, NoReturn, Self, assert_never

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from channels.contract import Channel
from config.hazards import EVENT_CODE
from contacts.datum import Datum, to_wgs84
from contacts.rings import ring_problem, swapped
from dispatcher.core.alert import (
    Area,
    AreaCode,
    Circle,
    Content,
    MsgType,
    Point,
    Polygon,
    Status,
)
from dispatcher.intake.problem import Problem, problem, problems_of

FUTURE_MOST = timedelta(hours=24)
RADIUS_MOST = 500  # kilometres
YEARS = range(2000, 2100)  # far outside, a change of zone leaves the calendar

TIME = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(Z|[+-]\d\d:\d\d)?", re.ASCII
)
KNOWN_EVENT = re.compile(EVENT_CODE, re.ASCII)
NOT_IN_NAMES = re.compile(r"[\s,<&]")  # CAP 1.2 forbids them in identifier and sender
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

ALWAYS = ("sender", "identifier", "sent", "status", "msg_type")
REQUIRED = {
    MsgType.ALERT: (
        "level",
        "effective",
        "description",
        "instruction",
        "issuer",
        "areas",
    ),
    MsgType.UPDATE: ("references",),
    MsgType.CANCEL: ("references",),
}

UNNAMED = "draft"  # sender and identifier of what has none yet
EVENT = {"event", "event_code"}  # one of them is enough

CONTENT: TypeAdapter[Content] = TypeAdapter(Content)


def refuse(code: LiteralString) -> NoReturn:
    """Refuse a value with a problem of ours, from inside a validator."""
    raise PydanticCustomError(code, code)


def _moment(value: object) -> datetime:
    """Read RFC 3339 and nothing else: no date alone, no number of seconds."""
    found = TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        refuse("time_expected")
    if found.group(1) is None:
        refuse("time_without_zone")
    try:
        moment = datetime.fromisoformat(found.string)
    except ValueError:
        refuse("time_expected")
    if moment.year not in YEARS:
        refuse("time_out_of_range")
    return moment


def _printable(text: str) -> str:
    if CONTROL.search(text):
        refuse("control_character")
    return text


def _name(text: str) -> str:
    if NOT_IN_NAMES.search(text):
        refuse("bad_name")
    return text


def _event_code(text: str) -> str:
    if text and not KNOWN_EVENT.fullmatch(text):
        refuse("bad_event_code")
    return text


Moment = Annotated[datetime, BeforeValidator(_moment)]
Line = Annotated[str, Field(max_length=500), AfterValidator(_printable)]
Word = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_printable)]
Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=500),
    AfterValidator(_printable),
]
Prose = Annotated[str, Field(max_length=10_000), AfterValidator(_printable)]
Name = Annotated[
    str,
    Field(min_length=1, max_length=200),
    AfterValidator(_printable),
    AfterValidator(_name),
]
Count = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
Spoken = Literal[
    "received",
    "evacuating",
    "completed",
    "deployed",
    "need_help",
    "cannot_act",
    "wrong_person",
]
How = Literal["phone", "face", "radio", "sheet"]
EventCode = Annotated[str, AfterValidator(_event_code)]


class Form(BaseModel):
    """A JSON object that is sent to us; a field it does not have is a problem."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CodeForm(Form):
    """A code and the list it comes from."""

    system: Word
    code: Word


class ReferenceForm(Form):
    """Another alert, named by the triple of CAP."""

    sender: Name
    identifier: Name
    sent: Moment


# JSON's own numbers: "42.6" and false are none.
Number = Annotated[float, Field(strict=True)]
Position = Annotated[tuple[Number, Number], Field(strict=False)]
Rings = Annotated[list[list[Position]], Field(min_length=1, max_length=1000)]


class PolygonForm(Form):
    """A polygon of GeoJSON (RFC 7946): longitude first, the outer ring first."""

    type: Literal["Polygon"]
    coordinates: Rings


class MultiPolygonForm(Form):
    """Several polygons of GeoJSON."""

    type: Literal["MultiPolygon"]
    coordinates: Annotated[list[Rings], Field(min_length=1, max_length=1000)]


class CircleForm(Form):
    """All that is no further from a point."""

    lat: Annotated[Number, Field(ge=-90, le=90)]
    lon: Annotated[Number, Field(ge=-180, le=180)]
    radius_km: Annotated[Number, Field(gt=0, le=RADIUS_MOST)]


class AreaForm(Form):
    """One area: by name, codes, units, or drawn on a map of whichever datum."""

    name: Line | None = None
    codes: Annotated[list[CodeForm], Field(max_length=1000)] | None = None
    units: Annotated[list[Word], Field(max_length=20_000)] | None = None
    geometry: (
        Annotated[PolygonForm | MultiPolygonForm, Field(discriminator="type")] | None
    ) = None
    circle: CircleForm | None = None
    crs: Datum = Datum.WGS_84

    @model_validator(mode="after")
    def _tells_something(self) -> Self:
        if all(map(_blank, (self.name, self.codes, self.units, self._drawn()))):
            refuse("empty_area")
        self.polygons()
        self.circles()
        return self

    def _drawn(self) -> bool:
        return bool(self.geometry or self.circle)

    def polygons(self) -> tuple[Polygon, ...]:
        """What it draws, in WGS-84."""
        match self.geometry:
            case None:
                return ()
            case PolygonForm(coordinates=rings):
                return (self._polygon(rings),)
            case MultiPolygonForm(coordinates=several):
                return tuple(map(self._polygon, several))
            case _:
                assert_never(self.geometry)

    def _polygon(self, rings: Sequence[Sequence[tuple[float, float]]]) -> Polygon:
        outer, *holes = (tuple((lat, lon) for lon, lat in ring) for ring in rings)
        for ring in (outer, *holes):
            if wrong := ring_problem(ring):
                refuse(wrong)
        return Polygon(outer=self._placed(outer), holes=tuple(map(self._placed, holes)))

    def circles(self) -> tuple[Circle, ...]:
        """Its circle, in WGS-84."""
        if self.circle is None:
            return ()
        point = (self.circle.lat, self.circle.lon)
        if swapped([point]):
            refuse("latlon_swapped")
        [centre] = self._placed([point])
        return (Circle(centre=centre, radius_km=self.circle.radius_km),)

    def _placed(self, points: Iterable[Point]) -> tuple[Point, ...]:
        return tuple(to_wgs84(point, self.crs) for point in points)

    def area(self) -> Area:
        """The area as the rest of the house knows it."""
        return Area(
            name=self.name or "",
            codes=tuple(
                AreaCode(system=one.system, code=one.code) for one in self.codes or ()
            ),
            units=tuple(self.units or ()),
            polygons=self.polygons(),
            circles=self.circles(),
        )


class AlertForm(Form):
    """An alert. Null means absent; what must be there depends on ``msg_type``."""

    sender: Name | None = None
    identifier: Name | None = None
    sent: Moment | None = None
    status: Status | None = None
    msg_type: MsgType | None = None
    references: Annotated[list[ReferenceForm], Field(max_length=100)] | None = None
    event_code: EventCode | None = None
    event: Line | None = None
    level: Literal["red", "orange", "yellow", "blue"] | None = None
    headline: Line | None = None
    description: Prose | None = None
    instruction: Prose | None = None
    issuer: Line | None = None
    effective: Moment | None = None
    expires: Moment | None = None
    areas: Annotated[list[AreaForm], Field(max_length=1000)] | None = None
    # No part of what it says: how long an officer may still take it back.
    hold_seconds: Annotated[int, Field(strict=True, ge=0, le=60)] | None = None


def parse(body: object, now: datetime) -> Content | tuple[Problem, ...]:
    """Read an alert, or tell everything that is wrong with it."""
    if not isinstance(body, dict):
        return (problem((), "object_expected"),)
    form, shape = _sound(body)
    broken = {found.loc[0] for found in shape}
    problems = (*shape, *_absent(form, broken), *_against_rules(form, now))
    return problems or _content(form)


def hold_of(body: object) -> timedelta:
    """How long an alert that was read is to be held back."""
    seconds = body.get("hold_seconds") if isinstance(body, dict) else None
    return timedelta(seconds=seconds or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """An alert that is still being written.

    :ivar content: what it says so far
    :ivar absent: what it has to say yet before it can be sent
    """

    content: Content
    absent: tuple[str, ...]


def sketch(body: object, now: datetime) -> Sketch | tuple[Problem, ...]:
    """Read what there is of an alert, or tell what is wrong with that."""
    if not isinstance(body, dict):
        return (problem((), "object_expected"),)
    form, shape = _sound(body)
    if problems := (*shape, *_against_rules(form, now)):
        return problems
    drafted = form.model_copy(
        update={
            "sender": form.sender or UNNAMED,
            "identifier": form.identifier or UNNAMED,
            "sent": form.sent or now,
            "status": form.status or Status.ACTUAL,
            "msg_type": form.msg_type or MsgType.ALERT,
        }
    )
    absent = [str(one.loc[0]) for one in _absent(drafted, ())]
    named = [name for name in ALWAYS if _blank(getattr(form, name))]
    return Sketch(content=_content(drafted), absent=(*named, *absent))


def _content(form: AlertForm) -> Content:
    told = form.model_dump(exclude_none=True, exclude={"areas", "hold_seconds"})
    areas = tuple(area.area() for area in form.areas or ())
    return CONTENT.validate_python(told | {"areas": areas})


def _sound(body: dict[str, object]) -> tuple[AlertForm, tuple[Problem, ...]]:
    """What can be read of a body, and what is wrong with the rest."""
    try:
        return AlertForm.model_validate(body), ()
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
    problems = problems_of(errors)
    broken = {found["loc"][0] for found in errors}
    rest = {name: value for name, value in body.items() if name not in broken}
    return AlertForm.model_validate(rest), problems


def _absent(form: AlertForm, broken: Collection[str | int]) -> Iterator[Problem]:
    wanted = REQUIRED.get(form.msg_type, ()) if form.msg_type else ()
    for name in (*ALWAYS, *wanted):
        if name not in broken and _blank(getattr(form, name)):
            yield problem((name,), "required")
    unnamed = _blank(form.event) and _blank(form.event_code)
    if form.msg_type is MsgType.ALERT and unnamed and not EVENT & {*broken}:
        yield problem(("event_code",), "event_required")


def _blank(value: object) -> bool:
    return not (value.strip() if isinstance(value, str) else value)


def _against_rules(form: AlertForm, now: datetime) -> Iterator[Problem]:
    if form.sent and form.sent > now + FUTURE_MOST:
        yield problem(("sent",), "sent_in_future")
    if form.effective and form.expires and form.expires <= form.effective:
        yield problem(("expires",), "expires_before_effective")


class CancelForm(Form):
    """Why an alert is ended."""

    reason: Reason


class CorrectForm(Form):
    """Why an alert was sent by mistake."""

    reason: Reason


class ApproveForm(Form):
    """Why a parked alert is released, and for which units where it can't tell."""

    reason: Reason
    units: Annotated[list[Word], Field(max_length=20_000)] = []


class RejectForm(Form):
    """Why a parked alert is put away."""

    reason: Reason


class RenewForm(Form):
    """Why an alert goes on, and until when."""

    reason: Reason
    expires: Moment


class FiguresForm(Form):
    """How many moved, who commands, how many villages; null means not told."""

    households: Count | None = None
    people: Count | None = None
    commander: Word | None = None
    villages: Count | None = None


class AnswerForm(Form):
    """What somebody told an officer: who, what, how and when."""

    person: Word
    meaning: Spoken
    how: How
    at: Moment
    note: Line = ""
    figures: FiguresForm | None = None


class FeedbackForm(Form):
    """What a post reported after its answer; null: who had answered told it."""

    figures: FiguresForm
    at: Moment
    how: How = "phone"
    person: Word | None = None
    note: Line = ""


class SettleForm(Form):
    """What is done about something on the desk.

    What an action needs beside the note: ``as_answer`` a callout and a meaning, and the
    person where nobody knows who wrote; ``assign`` a person.
    """

    action: Literal["dismiss", "as_answer", "assign"]
    note: Line = ""
    callout: Word | None = None
    meaning: Spoken | None = None
    person: Word | None = None
    figures: FiguresForm | None = None


class TakeoverForm(Form):
    """Why the desk takes a callout over, and what it does about it."""

    note: Reason


class RetryForm(Form):
    """That who is being called is tried once more: over which channel; null is all."""

    channel: Channel | None = None
    note: Line = ""


class EscalateForm(Form):
    """Why the next rung is called before its time."""

    reason: Reason


class BulkForm(Form):
    """One order for many callouts, with one reason; what the verb needs beside it."""

    callouts: Annotated[list[Word], Field(min_length=1, max_length=5_000)]
    verb: Literal["retry", "escalate", "takeover", "answers"]
    reason: Reason
    channel: Channel | None = None
    person: Word | None = None
    meaning: Spoken | None = None
    how: How | None = None
    at: Moment | None = None


class EchoForm(Form):
    """Areas to be found without a warning, and what the warning would be."""

    areas: Annotated[list[AreaForm], Field(min_length=1, max_length=1000)]
    event_code: EventCode | None = None
    sender: Name | None = None
    drill: Annotated[bool, Field(strict=True)] = False

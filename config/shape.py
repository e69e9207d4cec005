"""The shape of a policy file: which keys there are, and what each may hold.

What one value can tell by itself is settled here; what two values must agree on is
in :mod:`config.ladders` and :mod:`config.load`. Meanings: :mod:`config.policy`.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from config import words
from config.complaint import one_of, refuse
from config.hazards import EVENT_CODE


def _channel(name: str) -> str:
    return one_of(name, words.CHANNELS)


def _post(name: str) -> str:
    return one_of(name, words.POSTS)


def _level_or_default(name: str) -> str:
    return one_of(name, (*words.LEVELS, "default"))


def _figure(name: str) -> str:
    return one_of(name, words.FIGURES)


def _once(names: list[str]) -> list[str]:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        what = f"“{twice[0]}”写了两次"
        raise refuse(what, "请删去一处")
    return names


def _code(code: str) -> str:
    if not re.fullmatch(EVENT_CODE, code):
        what = f"“{code}”不是事件类型编码"
        raise refuse(what, "编码如 11B03")
    return code


def _code_or_default(code: str) -> str:
    return code if code == "default" else _code(code)


def _clock(text: str) -> str:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text):
        what = f"“{text}”不是时刻"
        raise refuse(what, '请写成带引号的 "22:00"')
    return text


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError) as error:
        what = f"不认识时区“{name}”"
        raise refuse(what, "请写成 Asia/Shanghai 一类的名称") from error
    return name


def _drill_words(text: str) -> str:
    if not text.startswith("演练") or "【" in text:
        what = "演练短信的开头必须是“演练”二字,且不带【】"
        raise refuse(what, '请写成 "演练:"')
    return text


def _everywhere(value: object) -> object:
    return {"default": value} if isinstance(value, str) else value


Seconds = Annotated[int, Field(ge=0)]
Span = Annotated[int, Field(gt=0)]
Channels = Annotated[
    list[Annotated[str, AfterValidator(_channel)]],
    Field(min_length=1),
    AfterValidator(_once),
]
PostName = Annotated[str, AfterValidator(_post)]
Posts = Annotated[list[PostName], AfterValidator(_once)]
Text = Annotated[str, Field(min_length=1)]
EventCode = Annotated[str, AfterValidator(_code)]
CodeOrDefault = Annotated[str, AfterValidator(_code_or_default)]
LevelName = Annotated[str, AfterValidator(_level_or_default)]
Clock = Annotated[str, AfterValidator(_clock)]
Zone = Annotated[str, AfterValidator(_zone)]
DrillWords = Annotated[str, AfterValidator(_drill_words)]
Figures = Annotated[
    list[Annotated[str, AfterValidator(_figure)]], AfterValidator(_once)
]
NightByLevel = Annotated[
    dict[LevelName, Literal["always", "never"]], BeforeValidator(_everywhere)
]


class Shape(BaseModel):
    """One mapping of the file; a key it does not have is an error."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class StepShape(Shape):
    """Something that begins so many seconds after what it belongs to."""

    at: Seconds


class TryShape(StepShape):
    """One try."""

    do: Channels


class RungShape(StepShape):
    """One rung."""

    call: Posts = []
    tries: str | None = None
    need: Annotated[int, Field(ge=1)] = 1
    mark: Literal["not_awakened"] | None = None
    task: Literal["door_knock"] | None = None
    desk: Literal["watch", "must_call"] | None = None


class VoiceRepeatShape(Shape):
    """How often repeats ring as well."""

    every: Span
    max: Span


class RepeatShape(Shape):
    """How an unanswered callout goes on."""

    every: Span
    call: Literal["own"]
    do: Channels
    max: Span
    voice: VoiceRepeatShape | None = None


class DeadlinesShape(Shape):
    """Seconds from opening."""

    received: Span
    first_feedback: Span | None = None
    household_reach: Span | None = None
    report_every: Span | None = None
    final_after_cancel: Span | None = None


class LevelShape(Shape):
    """The policy of one level."""

    night_voice: Literal["always", "hazard_dependent", "never"]
    also_at_start: list[Literal["broadcast_text"]] = []
    ladders: Annotated[
        dict[PostName, Annotated[list[RungShape], Field(min_length=1)]],
        Field(min_length=1),
    ]
    repeat: RepeatShape
    taken_result: Span
    deadlines: DeadlinesShape


class HazardShape(Shape):
    """What a kind of event changes."""

    zh: Text | None = None
    level_shift: Annotated[int, Field(ge=0, le=3)] = 0
    ack: Literal["required", "notify_only", "notify_only_below_red"] = "required"
    ttl_hours: dict[LevelName, Span] = {}
    night_voice: NightByLevel = {}
    ladder_first: Posts = []
    require: Figures = []


class WindowShape(Shape):
    """Seconds within which alerts merge, by issued level."""

    red: Span
    orange: Span
    yellow: Span
    blue: Span


class MergeShape(Shape):
    """Which alerts without references belong to one chain."""

    window: WindowShape
    groups: dict[str, list[EventCode]] = {}


class NightShape(Shape):
    """When people sleep."""

    start: Annotated[Clock, Field(alias="from")]
    end: Annotated[Clock, Field(alias="to")]


class DrillShape(Shape):
    """How drills differ."""

    first_words: DrillWords


class DoorKnockShape(Shape):
    """Who is sent to knock."""

    assignee_order: Annotated[Posts, Field(min_length=1)]


class CapacityShape(Shape):
    """What the planner reckons with."""

    voice_lines_default: Span
    seconds_per_call_planning: Span


class VoiceShape(Shape):
    """What makes an answer by telephone."""

    must_hear_seconds: Span


class KeptShape(Shape):
    """What only a red warning may use up."""

    per_hour: Annotated[int, Field(ge=0)]
    per_24h: Annotated[int, Field(ge=0)]


class CalleeShape(Shape):
    """How often one number may be rung."""

    per_minute: Span
    per_hour: Span
    per_24h: Span
    kept_for_red: KeptShape


class LimitsShape(Shape):
    """What providers allow."""

    voice_same_callee: CalleeShape


class LevelsShape(Shape):
    """All four levels, none left out."""

    red: LevelShape
    orange: LevelShape
    yellow: LevelShape
    blue: LevelShape


Tries = dict[str, Annotated[list[TryShape], Field(min_length=1)]]


class FileShape(Shape):
    """A whole policy file.

    :ivar version: of the format, not of the content
    """

    version: Literal[2]
    name: Text
    timezone: Zone
    tries: Tries
    policies: LevelsShape
    hazards: dict[CodeOrDefault, HazardShape]
    merge: MergeShape
    night: NightShape
    drill: DrillShape
    door_knock_task: DoorKnockShape
    voice: VoiceShape
    provider_limits_default: LimitsShape
    capacity: CapacityShape

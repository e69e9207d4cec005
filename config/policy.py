"""The nouns of a calling policy. Pure data; :mod:`config.load` reads and checks it.

Seconds count from the moment a callout opens. Meanings: docs/glossary.md.
Posts and channels are plain names here; the dispatcher gives them their types.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class TryPlan:
    """One try: at so many seconds from the rung's start, on these channels."""

    at: int
    do: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RungPlan:
    """One rung of a ladder.

    :ivar call: posts called together; none for a bare mark or desk flag
    :ivar tries: name of the tries plan, None where nobody is called
    :ivar need: how many of its people must answer
    :ivar mark: name put on the callout when the rung is reached
    :ivar task: task raised when the rung is reached
    :ivar desk: "watch" or "must_call"
    """

    at: int
    call: tuple[str, ...] = ()
    tries: str | None = None
    need: int = 1
    mark: str | None = None
    task: str | None = None
    desk: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatPlan:
    """How an unanswered callout goes on calling its own people.

    :ivar every: seconds between repeats
    :ivar most: repeats at this pace; then one an hour
    """

    every: int
    do: tuple[str, ...]
    most: int
    voice_every: int | None = None
    voice_most: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Seconds from opening; None where nothing is asked."""

    received: int
    first_feedback: int | None = None
    household_reach: int | None = None
    report_every: int | None = None
    final_after_cancel: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelPolicy:
    """The policy of one level. The keys of ``ladders`` are the start list."""

    level: str
    night_voice: str
    ladders: Mapping[str, tuple[RungPlan, ...]]
    repeat: RepeatPlan
    taken_result: int
    deadlines: Deadlines
    also_at_start: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """What a kind of event changes.

    :ivar level_shift: levels stricter than issued; stops at red
    :ivar ack: "required", "notify_only" or "notify_only_below_red"
    :ivar ttl_hours: hours by level, or under "default", when no expiry is given
    :ivar night_voice: "always" or "never" by level, or under "default"; where it has
        neither, the policy's own
    :ivar require: figures the feedback must hold
    """

    name: str
    level_shift: int = 0
    ack: str = "required"
    ttl_hours: Mapping[str, int] = field(default_factory=dict)
    night_voice: Mapping[str, str] = field(default_factory=dict)
    ladder_first: tuple[str, ...] = ()
    require: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberLimits:
    """How often one number may be rung; some of it is kept for red."""

    per_minute: int
    per_hour: int
    per_day: int
    kept_per_hour: int
    kept_per_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySet:
    """Everything a policy folder says, checked.

    :ivar version: fingerprint of the file, kept with every callout it opened
    :ivar tries: the named tries plans
    :ivar levels: by level name: red, orange, yellow, blue
    :ivar hazards: by event code
    :ivar must_hear_seconds: heard less, a key still counts, and is marked
    :ivar number_limits: what providers allow towards one number
    :ivar idle: keys of the file this version does not act on, each with the reason
    """

    name: str
    version: str
    timezone: str
    tries: Mapping[str, tuple[TryPlan, ...]]
    levels: Mapping[str, LevelPolicy]
    hazards: Mapping[str, Hazard]
    default_hazard: Hazard
    merge_window: Mapping[str, int]
    merge_groups: Mapping[str, tuple[str, ...]]
    night_from: str
    night_to: str
    drill_first_words: str
    task_assignees: tuple[str, ...]
    voice_lines: int
    seconds_per_call: int
    must_hear_seconds: int
    number_limits: NumberLimits
    idle: tuple[str, ...] = ()

"""From the checked shape of a policy file to the nouns the dispatcher reads."""

from __future__ import annotations

from config.hazards import event_name
from config.policy import (
    Deadlines,
    Hazard,
    LevelPolicy,
    NumberLimits,
    PolicySet,
    RepeatPlan,
    RungPlan,
    TryPlan,
)
from config.shape import (
    CalleeShape,
    FileShape,
    HazardShape,
    LevelShape,
    RepeatShape,
    RungShape,
    TryShape,
)
from config.words import LEVELS


def build(shape: FileShape, *, version: str, idle: tuple[str, ...]) -> PolicySet:
    """Build the policies of a file without problems."""
    hazards = {code: _hazard(code, hazard) for code, hazard in shape.hazards.items()}
    return PolicySet(
        name=shape.name,
        version=version,
        timezone=shape.timezone,
        tries={name: tuple(map(_try, plan)) for name, plan in shape.tries.items()},
        levels={name: _level(name, getattr(shape.policies, name)) for name in LEVELS},
        default_hazard=hazards.pop("default"),
        hazards=hazards,
        merge_window=shape.merge.window.model_dump(),
        merge_groups={name: tuple(codes) for name, codes in shape.merge.groups.items()},
        night_from=shape.night.start,
        night_to=shape.night.end,
        drill_first_words=shape.drill.first_words,
        task_assignees=tuple(shape.door_knock_task.assignee_order),
        voice_lines=shape.capacity.voice_lines_default,
        seconds_per_call=shape.capacity.seconds_per_call_planning,
        must_hear_seconds=shape.voice.must_hear_seconds,
        number_limits=_limits(shape.provider_limits_default.voice_same_callee),
        idle=idle,
    )


def _limits(shape: CalleeShape) -> NumberLimits:
    return NumberLimits(
        per_minute=shape.per_minute,
        per_hour=shape.per_hour,
        per_day=shape.per_24h,
        kept_per_hour=shape.kept_for_red.per_hour,
        kept_per_day=shape.kept_for_red.per_24h,
    )


def _try(shape: TryShape) -> TryPlan:
    return TryPlan(at=shape.at, do=tuple(shape.do))


def _level(name: str, shape: LevelShape) -> LevelPolicy:
    return LevelPolicy(
        level=name,
        night_voice=shape.night_voice,
        ladders={
            post: tuple(map(_rung, rungs)) for post, rungs in shape.ladders.items()
        },
        repeat=_repeat(shape.repeat),
        taken_result=shape.taken_result,
        deadlines=Deadlines(**shape.deadlines.model_dump()),
        also_at_start=tuple(shape.also_at_start),
    )


def _rung(shape: RungShape) -> RungPlan:
    return RungPlan(
        at=shape.at,
        call=tuple(shape.call),
        tries=shape.tries,
        need=shape.need,
        mark=shape.mark,
        task=shape.task,
        desk=shape.desk,
    )


def _repeat(shape: RepeatShape) -> RepeatPlan:
    return RepeatPlan(
        every=shape.every,
        do=tuple(shape.do),
        most=shape.max,
        voice_every=shape.voice.every if shape.voice else None,
        voice_most=shape.voice.max if shape.voice else 0,
    )


def _hazard(code: str, shape: HazardShape) -> Hazard:
    return Hazard(
        name=shape.zh or event_name(code) or "",
        level_shift=shape.level_shift,
        ack=shape.ack,
        ttl_hours=shape.ttl_hours,
        night_voice=shape.night_voice,
        ladder_first=tuple(shape.ladder_first),
        require=tuple(shape.require),
    )

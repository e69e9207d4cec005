"""A policy in plain words, for the officer who signs it."""

from __future__ import annotations

from collections.abc import Iterator

from config.idle import NOT_YET
from config.policy import Deadlines, LevelPolicy, PolicySet, RepeatPlan, RungPlan
from config.words import CHANNELS, DESK, LEVELS, MARKS, NIGHT_VOICE, POSTS, TASKS

# The core's own figures, kept equal by a test.
RUN_OUT_SECONDS = 60  # after the last try
SLOW_REPEAT_SECONDS = 3600  # the pace after the quick repeats

DEADLINES = {
    "received": "应答",
    "first_feedback": "首次反馈",
    "household_reach": "通知到户",
    "report_every": "续报间隔",
    "final_after_cancel": "解除后终报",
}


def explain(policies: PolicySet) -> list[str]:
    """Say who is called when, how, and when the desk has it: a line for every rung."""
    return [
        f"{policies.name},版本 {policies.version}",
        *(
            line
            for level in policies.levels.values()
            for line in _level(policies, level)
        ),
        *(f"本版不执行:{note}" for note in (*NOT_YET, *policies.idle)),
    ]


def desk_at(policies: PolicySet, rungs: tuple[RungPlan, ...]) -> int:
    """Seconds of silence after which the desk owns a callout with these rungs."""
    return max(_last_try(policies, rung) for rung in rungs) + RUN_OUT_SECONDS


def _last_try(policies: PolicySet, rung: RungPlan) -> int:
    tries = policies.tries[rung.tries] if rung.tries else ()
    return rung.at + (tries[-1].at if tries else 0)


def _level(policies: PolicySet, level: LevelPolicy) -> Iterator[str]:
    yield f"{LEVELS[level.level]}({NIGHT_VOICE[level.night_voice]})"
    for post, rungs in level.ladders.items():
        yield f"  叫应{POSTS[post]}"
        for rung in rungs:
            yield f"    {_clock(rung.at)} {_rung(policies, rung)}"
        desk = desk_at(policies, rungs)
        yield f"    {_clock(desk)} 仍无人应答:交值班室(共{_minutes(desk)})"
    yield f"  一直无人应答:{_repeat(level.repeat)}"
    yield f"  被接手后{_minutes(level.taken_result)}内要有结果"
    yield f"  期限:{_deadlines(level.deadlines)}"


def _rung(policies: PolicySet, rung: RungPlan) -> str:
    flags = (
        MARKS[rung.mark] if rung.mark else None,
        TASKS[rung.task] if rung.task else None,
        DESK[rung.desk] if rung.desk else None,
        _call(policies, rung) if rung.tries else None,
    )
    return ";".join(flag for flag in flags if flag)


def _call(policies: PolicySet, rung: RungPlan) -> str:
    names = "、".join(POSTS[post] for post in rung.call)
    need = f"(须{rung.need}人应答)" if rung.need > 1 else ""
    verb = {"digest": "汇总叫", "info": "告知"}.get(rung.tries or "", "叫")
    tries = ",".join(
        f"{_clock(rung.at + plan.at)} {_channels(plan.do)}"
        for plan in policies.tries[rung.tries or ""]
    )
    return f"{verb}{names}{need}:{tries}"


def _repeat(plan: RepeatPlan) -> str:
    slow = _minutes(max(plan.every, SLOW_REPEAT_SECONDS))
    text = f"每{_minutes(plan.every)}{_channels(plan.do)},{plan.most}次后每{slow}一次"
    if plan.voice_every is None:
        return text
    return f"{text};每{_minutes(plan.voice_every)}电话,最多{plan.voice_most}次"


def _deadlines(deadlines: Deadlines) -> str:
    asked = (
        (word, getattr(deadlines, name))
        for name, word in DEADLINES.items()
        if getattr(deadlines, name) is not None
    )
    return ",".join(f"{word}{_minutes(seconds)}" for word, seconds in asked)


def _channels(names: tuple[str, ...]) -> str:
    return "、".join(CHANNELS[name] for name in names)


def _clock(seconds: int) -> str:
    return f"{seconds // 60}:{seconds % 60:02d}"


def _minutes(seconds: int) -> str:
    whole, rest = divmod(seconds, 60)
    if rest:
        return f"{whole}分{rest}秒" if whole else f"{rest}秒"
    return f"{whole}分钟"

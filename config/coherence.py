"""What the parts of a policy file must agree on.

Each part that is well formed by itself is judged, whatever is wrong elsewhere, so that
one reading tells everything.
"""

from __future__ import annotations

from collections.abc import Iterator

from config.complaint import Complaint, section, sound
from config.document import Loc, Value
from config.hazards import event_name
from config.ladders import Found, ladder_problems, tries_problems
from config.shape import (
    HazardShape,
    LevelShape,
    MergeShape,
    NightShape,
    RepeatShape,
    Tries,
)
from config.words import LEVELS, POSTS, UNITS, unit_order


def problems(values: Value) -> Iterator[Found]:
    """Tell where parts contradict each other."""
    if not isinstance(values, dict):
        return
    tries = section(values, "tries")
    yield from _tries(tries)
    levels = section(values, "policies")
    for name in LEVELS:
        level = sound(LevelShape, levels.get(name))
        if level:
            yield from _under(("policies", name), _level(level, list(tries)))
    yield from _hazards(section(values, "hazards"))
    yield from _merge(sound(MergeShape, values.get("merge")))
    yield from _night(sound(NightShape, values.get("night")))


def _under(loc: Loc, found: Iterator[Found]) -> Iterator[Found]:
    for inner, what in found:
        yield (*loc, *inner), what


def _tries(tries: dict[str, Value]) -> Iterator[Found]:
    if "info" not in tries:
        what = "没有名为“info”的 tries,只告知时要用它"
        yield ("tries",), Complaint(what, "请补上 info")
    for name, plan in tries.items():
        for steps in (sound(Tries, {name: plan}) or {}).values():
            yield from _under(("tries", name), tries_problems(steps))


def _level(level: LevelShape, tries: list[str]) -> Iterator[Found]:
    for post, rungs in level.ladders.items():
        yield from _under(("ladders", post), ladder_problems(post, rungs, tries))
    yield from _under(("repeat",), _repeat(level.repeat))
    feedback = level.deadlines.first_feedback
    if feedback and feedback < level.deadlines.received:
        what = "首次反馈的期限早于应答的期限"
        remedy = "请改成不小于 received"
        yield ("deadlines", "first_feedback"), Complaint(what, remedy)


def _repeat(repeat: RepeatShape) -> Iterator[Found]:
    # A repeat rings when the voice pace meets the text pace; otherwise it never would.
    if repeat.voice and repeat.voice.every % repeat.every:
        what = "电话重呼的间隔不是短信重呼间隔的整数倍"
        yield ("voice", "every"), Complaint(what, f"请改成 {repeat.every} 的倍数")


def _hazards(hazards: dict[str, Value]) -> Iterator[Found]:
    if "default" not in hazards:
        yield ("hazards",), Complaint("缺少 default", "请写未列出的灾种怎么办")
    for code, value in hazards.items():
        hazard = sound(HazardShape, value)
        if hazard:
            yield from _under(("hazards", code), _hazard(code, hazard))


def _hazard(code: str, hazard: HazardShape) -> Iterator[Found]:
    if code != "default" and not (hazard.zh or event_name(code)):
        yield (), Complaint("编码表里没有这个灾种的名称", "请写 zh")
    for index, post in enumerate(hazard.ladder_first):
        if unit_order(post) > UNITS.index("village"):
            what = f"{POSTS[post]}不在网格或村里,不能最先叫"
            yield ("ladder_first", index), Complaint(what, "请用网格或村的职务")


def _merge(merge: MergeShape | None) -> Iterator[Found]:
    home: dict[str, str] = {}
    for group, codes in merge.groups.items() if merge else ():
        for index, code in enumerate(codes):
            if code in home:
                what = f"“{code}”已经在 {home[code]} 组里"
                loc = ("merge", "groups", group, index)
                yield loc, Complaint(what, "一个编码只能在一组,请删去一处")
            home[code] = group


def _night(night: NightShape | None) -> Iterator[Found]:
    if night and night.start == night.end:
        yield ("night",), Complaint("夜间的起止是同一时刻", "请改正 from 或 to")

"""What the rungs of a ladder must agree on.

The rules: a callout is worked on from its first second; time only goes forward; no rung
is below the one before it (stand-ins of the same unit first, then units above); people
of another unit are only ever called together with all the others they owe answers for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

from config.complaint import Complaint
from config.document import Loc
from config.shape import RungShape, StepShape, TryShape
from config.words import POSTS, unit_order

TOGETHER = ("digest", "info")  # the plans that join what one superior owes

Found = tuple[Loc, Complaint]


def ladder_problems(
    post: str, rungs: Sequence[RungShape], tries: Collection[str]
) -> Iterator[Found]:
    """Tell what is wrong in the ladder of a post; locations start at the ladder."""
    yield from _start(post, rungs[0])
    yield from _ascending(rungs)
    for index, rung in enumerate(rungs):
        for key, what in _rung(post, rung, tries):
            yield (index, key), what
    yield from _climbing(rungs)


def tries_problems(plan: Sequence[TryShape]) -> Iterator[Found]:
    """Tell what is wrong in one tries plan."""
    yield from _ascending(plan)


def _start(post: str, first: RungShape) -> Iterator[Found]:
    if first.at != 0:
        what = "第一级不在0秒,一开始没有人被叫"
        yield (0, "at"), Complaint(what, "请把第一级的 at 改成 0")
    if post not in first.call:
        what = f"第一级没有叫{POSTS[post]}"
        yield (0,), Complaint(what, f"请在第一级的 call 里写上 {post}")


def _ascending(steps: Sequence[StepShape]) -> Iterator[Found]:
    for index, (before, step) in enumerate(pairwise(steps), start=1):
        if step.at <= before.at:
            what = f"at {step.at} 不晚于前一级的 {before.at}"
            yield (index, "at"), Complaint(what, "请按时间先后写")


def _climbing(rungs: Sequence[RungShape]) -> Iterator[Found]:
    calling = [(index, rung) for index, rung in enumerate(rungs) if rung.call]
    for (_, before), (index, rung) in pairwise(calling):
        if _lowest(rung) < max(map(unit_order, before.call)):
            what = "这一级的单位低于前一级"
            remedy = "先叫本单位的替补,再叫上级单位"
            yield (index, "call"), Complaint(what, remedy)


def _lowest(rung: RungShape) -> int:
    return min(map(unit_order, rung.call))


def _rung(
    post: str, rung: RungShape, tries: Collection[str]
) -> Iterator[tuple[str, Complaint]]:
    if rung.call:
        yield from _call(rung)
        yield from _tries(post, rung, tries)
    elif rung.tries:
        yield "tries", Complaint("写了 tries 却没有叫人", "请写 call 或删去 tries")
    elif not (rung.mark or rung.task or rung.desk):
        yield "at", Complaint("这一级什么也不做", "请写 call、mark、task 或 desk")


def _call(rung: RungShape) -> Iterator[tuple[str, Complaint]]:
    if len({unit_order(name) for name in rung.call}) > 1:
        yield "call", Complaint("同一级叫了不同层级的单位", "请拆成两级")
    if rung.need > len(rung.call):
        what = f"要 {rung.need} 人应答,却只叫 {len(rung.call)} 个职务"
        yield "need", Complaint(what, "请减少 need 或增加 call")
    if rung.tries is None:
        yield "call", Complaint("这一级没有写怎么叫", "请写 tries")


def _tries(
    post: str, rung: RungShape, tries: Collection[str]
) -> Iterator[tuple[str, Complaint]]:
    if rung.tries is None:
        return
    own = all(unit_order(name) == unit_order(post) for name in rung.call)
    if rung.tries not in tries:
        what = f"没有名为“{rung.tries}”的 tries"
        yield "tries", Complaint(what, "可用的是 " + "、".join(tries))
    elif own and rung.tries in TOGETHER:
        what = f"本单位的人不能用 {rung.tries}"
        yield "tries", Complaint(what, "请用要求应答的 tries")
    elif not own and rung.tries not in TOGETHER:
        what = f"叫别的单位的人不能用 {rung.tries}"
        yield "tries", Complaint(what, "请用 digest 或 info")

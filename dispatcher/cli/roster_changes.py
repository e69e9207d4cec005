"""What an import would change, as words and as JSON; numbers are masked in both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from contacts.importers.changes import Change, Changes, PostChange
from contacts.importers.columns import KIND_NAMES
from contacts.model import AddressKind, Person, PostRef, Unit
from contacts.numbers import mask
from contacts.roster import Roster
from dispatcher.api.words import POSTS

Thing = TypeVar("Thing")
View = dict[str, object]
SHOWN_MOST = 200  # lines of each kind on a screen; JSON has them all
HEADINGS = {"units": "单元", "people": "责任人", "posts": "任职"}
TRAITS = {
    "name": "名称",
    "kind": "类型",
    "parent": "上级",
    "code_system": "代码体系",
    "lat": "纬度",
    "lon": "经度",
    "risk": "风险等级",
}


def as_json(changes: Changes) -> View:
    """Everything that would be added, removed and changed."""
    return {
        "units": _sorted_out([_pair(one, _unit) for one in changes.units]),
        "people": _sorted_out([_pair(one, _person) for one in changes.people]),
        "posts": _sorted_out([_post(one) for one in changes.posts]),
    }


def in_words(changes: Changes, before: Roster, after: Roster) -> str:
    """Say it to the officer, a line for each change."""
    names = {**before.units, **after.units}
    told = {
        "units": [_unit_line(one) for one in changes.units],
        "people": [_person_line(one) for one in changes.people],
        "posts": [_post_line(one, names[one.ref.unit]) for one in changes.posts],
    }
    return "\n".join(line for kind in told for line in _told(kind, told[kind]))


def _told(kind: str, lines: Sequence[str]) -> Iterator[str]:
    signs = [line[0] for line in lines]
    added, removed, changed = (signs.count(sign) for sign in "+-~")
    yield f"{HEADINGS[kind]}:新增 {added}、删除 {removed}、修改 {changed}"
    yield from (f"  {line}" for line in lines[:SHOWN_MOST])
    if len(lines) > SHOWN_MOST:
        yield f"  另有 {len(lines) - SHOWN_MOST} 项,用 --json 看全部"


def _sorted_out(pairs: Iterable[tuple[View | None, View | None]]) -> View:
    added: list[View] = []
    removed: list[View] = []
    changed: list[View] = []
    for before, after in pairs:
        if before and after:
            changed.append({"before": before, "after": after})
        elif after:
            added.append(after)
        elif before:
            removed.append(before)
    return {"added": added, "removed": removed, "changed": changed}


def _pair(
    change: Change[Thing], view: Callable[[Thing], View]
) -> tuple[View | None, View | None]:
    return (
        None if change.before is None else view(change.before),
        None if change.after is None else view(change.after),
    )


def _unit(unit: Unit) -> View:
    traits = {trait: getattr(unit, trait) for trait in TRAITS}
    return {"code": unit.id, **traits}


def _person(person: Person) -> View:
    return {"name": person.name, "addresses": _addresses(person)}


def _post(change: PostChange) -> tuple[View | None, View | None]:
    return _held(change.ref, change.before), _held(change.ref, change.after)


def _held(ref: PostRef, people: Iterable[Person]) -> View | None:
    """A post with its people; nothing where nobody holds it."""
    views = [_person(one) for one in people]
    return (
        {"unit": ref.unit, "post": ref.post.value, "people": views} if views else None
    )


def _addresses(person: Person) -> list[str]:
    """How he can be reached; an account is no number, and shown."""
    return [
        at.value if at.kind is AddressKind.WECOM else mask(at.value)
        for at in person.addresses
    ]


def _unit_line(change: Change[Unit]) -> str:
    before, after = change.before, change.after
    if before and after:
        return f"~ {_named(after)}:{'、'.join(_traits(before, after))}"
    if after:
        return f"+ {_named(after)}"
    return f"- {_named(before)}" if before else ""


def _traits(before: Unit, after: Unit) -> Iterator[str]:
    for trait, word in TRAITS.items():
        old, new = getattr(before, trait), getattr(after, trait)
        if old != new:
            yield f"{word} {_shown(old)}→{_shown(new)}"


def _shown(value: object) -> str:
    return "无" if value is None else str(value)


def _named(unit: Unit) -> str:
    return f"{KIND_NAMES[unit.kind]} {unit.id} {unit.name}"


def _person_line(change: Change[Person]) -> str:
    before, after = change.before, change.after
    if before and after:
        return f"~ {_reached(before)} → {_reached(after)}"
    if after:
        return f"+ {_reached(after)}"
    return f"- {_reached(before)}" if before else ""


def _reached(person: Person) -> str:
    return " ".join([person.name, *_addresses(person)])


def _post_line(change: PostChange, unit: Unit) -> str:
    before, after = _names(change.before), _names(change.after)
    sign = "~" if before and after else "+" if after else "-"
    told = f"{before}→{after}" if sign == "~" else after or before
    return f"{sign} {_named(unit)} {POSTS[change.ref.post]}:{told}"


def _names(people: Iterable[Person]) -> str:
    return "、".join(one.name for one in people)

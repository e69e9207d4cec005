"""A small county for the tests of planning: what opens, for whom, on which ladder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from config.load import load_policies
from config.policy import PolicySet
from contacts.model import Holding, Person, PersonId, Post, PostRef, Unit, UnitId
from contacts.model import UnitKind as Kind
from contacts.roster import Roster
from dispatcher.core.alert import AlertId, ChainId, Content, Level, MsgType, Status
from dispatcher.core.fact import Opened
from dispatcher.core.plan import Launch, open_callouts
from tests.core.build import START

POLICIES = load_policies(None)
RAIN, FOG, SCALE, FIRE = "11B03", "11B17", "11A51", "11B25"


def unit(name: str, kind: Kind, parent: str | None, risk: int = 9) -> Unit:
    """A unit whose name is its code."""
    return Unit(
        id=UnitId(name),
        kind=kind,
        name=name,
        parent=None if parent is None else UnitId(parent),
        code_system="DEMO",
        risk=risk,
    )


UNITS = (
    unit("county", Kind.COUNTY, None),
    unit("township", Kind.TOWNSHIP, "county"),
    unit("other township", Kind.TOWNSHIP, "county"),
    unit("village", Kind.VILLAGE, "township"),
    unit("far village", Kind.VILLAGE, "other township"),
    unit("safe grid", Kind.GRID, "village", 5),
    unit("grid", Kind.GRID, "village", 1),
    unit("another grid", Kind.GRID, "village", 1),
    unit("far grid", Kind.GRID, "far village", 1),
)
HELD = {
    "lead": (("grid", Post.GRID_LEAD), ("another grid", Post.GRID_LEAD)),
    "head": (("village", Post.VILLAGE_HEAD),),
    "town": (("township", Post.TOWNSHIP_DUTY),),
    "boss": (("township", Post.TOWNSHIP_LEADER),),
    "county": (("county", Post.COUNTY_DUTY),),
}


def roster(*more: tuple[str, str, Post], units: Iterable[Unit] = UNITS) -> Roster:
    """The people of the county, and others as (name, unit, post)."""
    held = [(name, *where) for name, posts in HELD.items() for where in posts]
    names = dict.fromkeys((*HELD, *(name for name, _, _ in more)))
    return Roster.build(
        units,
        [Person(id=PersonId(name), name=name, addresses=()) for name in names],
        [
            Holding(ref=PostRef(UnitId(place), post), person=PersonId(name))
            for name, place, post in (*held, *more)
        ],
    )


ROSTER = roster()


def content(
    level: Level, event_code: str = RAIN, status: Status = Status.ACTUAL
) -> Content:
    """A warning of a level."""
    return Content(
        sender="met",
        identifier="1",
        sent=START,
        status=status,
        msg_type=MsgType.ALERT,
        event_code=event_code,
        level=level,
    )


def launching(warning: Content, *inside: str) -> Launch:
    """The second epoch of a chain, over these units."""
    return Launch(
        alert=AlertId("alert"),
        chain=ChainId("chain"),
        epoch=2,
        content=warning,
        inside=frozenset(map(UnitId, inside)),
        at=START,
        by="officer-7",
    )


def launched(
    warning: Content, *inside: str, roster: Roster = ROSTER
) -> tuple[Opened, ...]:
    """What opens when a warning covers these units."""
    return open_callouts(launching(warning, *inside or ("grid",)), POLICIES, roster)


def first(
    warning: Content, post: Post = Post.GRID_LEAD, inside: str = "grid"
) -> Opened:
    """What opens first for a post when a warning covers a unit."""
    return next(one for one in launched(warning, inside) if one.post is post)


def with_level(level: str, policy: object) -> PolicySet:
    """The shipped policies with another one for a level."""
    return replace(POLICIES, levels={**POLICIES.levels, level: policy})  # type: ignore[dict-item] # `replace` is not checked, the mapping is

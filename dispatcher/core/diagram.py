"""Draws the life of a callout from the code, so that the picture can't lie.

The states are walked, not listed: a small callout is given every event the core knows,
again and again, and each change of state that :func:`decide` and :func:`evolve` make is
an arrow. ``python -m dispatcher.core.diagram [--check FILE]`` prints or compares it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from channels.contract import Channel
from contacts.model import AddressId, PersonId, Post, PostRef, UnitId
from dispatcher.core.alert import AlertId, ChainId, Level
from dispatcher.core.answer import Evidence, Figures, Meaning
from dispatcher.core.callout import (
    Called,
    Callout,
    CalloutId,
    CloseReason,
    Ladder,
    Mark,
    Means,
    Repeat,
    Rung,
    State,
    Try,
    Via,
)
from dispatcher.core.decide import decide
from dispatcher.core.due import next_due
from dispatcher.core.event import (
    Answered,
    DeadlineReached,
    Duty,
    Escalated,
    Event,
    FeedbackHeard,
    Retried,
    TakenOver,
    Withdrawn,
)
from dispatcher.core.evolve import evolve, opened
from dispatcher.core.fact import Opened

Arrow = tuple[State, str, State]

GRID, VILLAGE = UnitId("grid"), UnitId("village")
LEAD = PostRef(GRID, Post.GRID_LEAD)
HEAD = PostRef(VILLAGE, Post.VILLAGE_HEAD)
START = datetime(2026, 7, 12, 4, 1, tzinfo=UTC)
STEPS = 6  # a longer walk finds no new arrow (a test walks further)


def _person(name: str, post: Post) -> Called:
    means = (Means(Channel.SMS, AddressId(f"number-of-{name}")),)
    return Called(person=PersonId(name), post=post, means=means)


DUTY = Duty(
    holders={
        LEAD: (_person("lead", Post.GRID_LEAD),),
        HEAD: (_person("head", Post.VILLAGE_HEAD),),
    },
    routes=frozenset({Channel.SMS}),
    desk=_person("desk", Post.COUNTY_DUTY),
)
TEXT = (Try(at=0, do=(Channel.SMS,)),)
LADDER = Ladder(
    policy="diagram",
    rungs=(
        Rung(at=0, posts=(LEAD,), tries=TEXT, own=True),
        Rung(at=300, posts=(HEAD,), tries=TEXT, via=Via.DIGEST, mark=Mark.NOT_AWAKENED),
    ),
    repeat=Repeat(every=900, do=(Channel.SMS,), most=1),
    taken_result=900,
    received_by=300,
    feedback_by=900,
)


def first(state: State) -> Callout:
    """A callout that has just opened."""
    return opened(
        Opened(
            at=START,
            id=CalloutId("callout"),
            alert=AlertId("alert"),
            chain=ChainId("chain"),
            epoch=1,
            unit=GRID,
            post=Post.GRID_LEAD,
            level=Level.RED,
            policy_level=Level.RED,
            drill=False,
            risk=1,
            ladder=LADDER,
            state=state,
        )
    )


def _said(meaning: Meaning, figures: Figures) -> Answered:
    return Answered(
        person=PersonId("lead"),
        meaning=meaning,
        evidence=Evidence.SMS_CODE,
        figures=figures,
    )


SAID = tuple(
    _said(meaning, Figures(people=35 if meaning is Meaning.COMPLETED else None))
    for meaning in Meaning
)
TAKEN = (
    TakenOver(taker="head", message="m1"),
    TakenOver(taker="desk", message="m2"),
)
FED = FeedbackHeard(person=PersonId("lead"), figures=Figures(people=35))
URGED = (Retried(duty=DUTY), Escalated(reason="r"))
WITHDRAWN = tuple(Withdrawn(reason=reason) for reason in CloseReason)
SAYINGS: tuple[Event, ...] = (*SAID, *TAKEN, FED, *URGED, *WITHDRAWN)


def _events(callout: Callout) -> Iterator[tuple[Event, datetime]]:
    now = START + timedelta(seconds=1)
    due = next_due(callout)
    if due:
        now = due.at
        yield DeadlineReached(duty=DUTY), now
    for event in SAYINGS:
        yield event, now


def _label(event: Event) -> str:
    match event:
        case Answered(meaning=meaning):
            return f"answered: {meaning}"
        case Withdrawn(reason=reason):
            return f"withdrawn: {reason}"
        case TakenOver():
            return "taken over"
        case FeedbackHeard():
            return "feedback"
        case _:
            return "deadline"


def arrows(steps: int = STEPS) -> frozenset[Arrow]:
    """Every change of state found in so many steps from the two beginnings."""
    found: set[Arrow] = set()
    frontier = {first(State.WAITING), first(State.NOTIFIED)}
    for _ in range(steps):
        following: dict[object, Callout] = {}
        for callout in frontier:
            for event, now in _events(callout):
                changed = callout
                for fact in decide(callout, event, now):
                    changed = evolve(changed, fact)
                if changed.state is not callout.state:
                    found.add((callout.state, _label(event), changed.state))
                following[_place(changed)] = changed
        frontier = set(following.values())
    return frozenset(found)


def _place(callout: Callout) -> object:
    """What of a callout decides where it can go from here."""
    due = next_due(callout)
    started = tuple(run.started_at is not None for run in callout.runs)
    return (callout.state, due and due.what, started, callout.taking is not None)


def draw() -> str:
    """The states and arrows as a Mermaid diagram in a Markdown page."""
    merged: dict[tuple[State, State], list[str]] = {}
    for before, label, after in sorted(arrows()):
        merged.setdefault((before, after), []).append(label)
    lines = [
        f"  {before} --> {after}: {_joined(labels)}"
        for (before, after), labels in merged.items()
    ]
    head = "# The life of a callout\n\nDrawn by `python -m dispatcher.core.diagram`."
    begin = [f"  [*] --> {state}" for state in (State.WAITING, State.NOTIFIED)]
    body = "\n".join(["stateDiagram-v2", *begin, *lines])
    return f"{head}\n\n```mermaid\n{body}\n```\n"


def _joined(labels: list[str]) -> str:
    kinds: dict[str, list[str]] = {}
    for label in labels:
        kind, _, detail = label.partition(": ")
        kinds.setdefault(kind, []).append(detail)
    return ", ".join(
        f"{kind} ({' '.join(sorted(details))})" if any(details) else kind
        for kind, details in kinds.items()
    )


def main(arguments: list[str]) -> int:
    """Print the page, or tell whether a file still equals it."""
    page = draw()
    if arguments[:1] != ["--check"]:
        sys.stdout.write(page)
        return 0
    with open(arguments[1], encoding="utf-8") as file:  # noqa: PTH123 - core is pure of paths
        same = file.read() == page
    if not same:
        sys.stderr.write(
            f"{arguments[1]} is not what the code does any more; "
            f"run: python -m dispatcher.core.diagram > {arguments[1]}\n"
        )
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

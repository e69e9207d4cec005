"""The shapes of the board, as docs/api.md names them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Self

from contacts.model import Post
from dispatcher.api.boards import Board
from dispatcher.api.cursor import Cursor
from dispatcher.api.picture import Changed, Picture, Tier
from dispatcher.api.township import Place
from dispatcher.api.views import (
    AlertView,
    HeldBack,
    SummaryView,
    TownshipView,
    View,
)
from dispatcher.core.answer import Evidence
from dispatcher.core.board import Display
from dispatcher.core.callout import Mark, State
from dispatcher.core.due import What
from dispatcher.store.desk_counts import DeskCounts


class RowsView(View):
    """Callouts as parallel arrays: the n-th of each belongs to the n-th callout.

    :ivar person: the name of who is called first on the rung that was reached
    :ivar rung: the highest that was reached, from 0
    :ivar next_what: what happens next by itself
    :ivar deadline_at: its limit, when it turns overdue; null: none any more
    """

    id: list[str]
    unit: list[str]
    post: list[Post]
    state: list[State]
    display: list[Display]
    marks: list[list[Mark]]
    person: list[str | None]
    rung: list[int | None]
    owner: list[str | None]
    next_at: list[datetime | None]
    next_what: list[What | None]
    deadline_at: list[datetime | None]
    answered_at: list[datetime | None]
    evidence: list[Evidence | None]
    changed_at: list[datetime]


def by_display(displays: Counter[Display]) -> dict[str, int]:
    """How many lines are shown how; every word is there."""
    return {word.value: displays[word] for word in Display}


class BoardSummary(SummaryView):
    """The figures of an alert as /summary has them, and how its lines are shown."""

    by_display: Mapping[str, int]

    @classmethod
    def of_board(cls, board: Board) -> Self:
        """Show the figures of a board."""
        tier = board.picture.whole
        plain = SummaryView.of(board.alert, tier.sums.summary(), board.messages)
        return cls(**plain.model_dump(), by_display=by_display(tier.displays))


class TierView(TownshipView):
    """The figures of a township on the board.

    :ivar overdue: callouts shown as overdue
    :ivar failed: callouts whose own people can't be reached
    """

    overdue: int
    failed: int
    by_display: Mapping[str, int]

    @classmethod
    def told(cls, place: Place, tier: Tier) -> Self:
        """Show the figures of a township."""
        return cls.model_validate(
            {
                "unit": place.unit,
                "name": place.name,
                **asdict(tier.sums.summary()),
                "overdue": tier.displays[Display.OVERDUE],
                "failed": tier.displays[Display.FAILED],
                "by_display": by_display(tier.displays),
            }
        )


class Target(View):
    """What the policy asks for: this share of all answers, within so many seconds."""

    rate: float
    seconds: int


class BoardView(View):
    """The whole board of an alert at a moment.

    :ivar cursor: where a stream goes on from here
    :ivar curve: whole seconds since a callout opened, and how many had answered by then
    """

    alert: AlertView
    at: datetime
    cursor: str
    summary: BoardSummary
    target: Target
    curve: list[tuple[int, int]]
    townships: list[TierView]
    rows: RowsView


class BoardNews(View):
    """What has changed on a board; the data of an event ``board``.

    :ivar rows: lines as they are now: they replace those with the same id
    :ivar gone: lines to take off the board
    :ivar townships: those that have changed
    :ivar curve: replaces the curve from its first point on; empty: it is as it was
    """

    alert: str
    cursor: str
    at: datetime
    rows: RowsView
    gone: list[str]
    summary: BoardSummary
    townships: list[TierView]
    curve: list[tuple[int, int]]


def whole(board: Board, cursor: Cursor) -> dict[str, Any]:
    """A board as BoardView has it, without what is said of its alert."""
    picture = board.picture
    return {
        "at": cursor.at,
        "cursor": str(cursor),
        "summary": BoardSummary.of_board(board),
        "curve": picture.curve,
        "townships": _townships(picture, _peopled(picture)),
        "rows": picture.cells(picture.lines),
    }


def changes(board: Board, changed: Changed, cursor: Cursor) -> dict[str, Any]:
    """What has changed on a board, as BoardNews has it."""
    picture = board.picture
    return {
        "alert": board.alert.id,
        "cursor": str(cursor),
        "at": cursor.at,
        "rows": picture.cells(changed.lines),
        "gone": [name for name in changed.lines if name not in picture.lines],
        "summary": BoardSummary.of_board(board),
        "townships": _townships(picture, changed.places),
        "curve": picture.tail(changed.since),
    }


def _peopled(picture: Picture) -> list[Place]:
    """Townships that have lines now."""
    return [place for place, one in picture.towns.items() if one.displays.total()]


def _townships(picture: Picture, places: Iterable[Place]) -> list[TierView]:
    """Those of these places that have lines, or had some."""
    known = picture.towns
    return [TierView.told(one, known[one]) for one in sorted(places) if one in known]


class DeskView(View):
    """What waits for the desk, over all alerts; the data of an event ``desk``.

    :ivar parked: alerts that are kept and not called out
    :ivar pending: alerts that wait for approval
    :ivar to_desk: callouts of active alerts whose ladder ran out
    :ivar unread: what providers told and the worker has not read yet
    :ivar held_back: messages that wait although they are due, by reason
    """

    parked: int
    pending: int
    to_desk: int
    unread: int
    held_back: list[HeldBack]

    @classmethod
    def of(cls, counts: DeskCounts) -> Self:
        """Show what waits."""
        held = sorted(counts.held_back.items())
        return cls(
            parked=counts.parked,
            pending=counts.pending,
            to_desk=counts.to_desk,
            unread=counts.unread,
            held_back=[HeldBack(reason=reason, messages=n) for reason, n in held],
        )

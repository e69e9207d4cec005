"""How fetching the feeds goes, and what of them was refused."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Depends
from sqlalchemy import Connection

from config.inlets import Feed
from dispatcher.api.auth import Scope, needs
from dispatcher.api.front import FrontOf
from dispatcher.api.problem import answers
from dispatcher.api.views import View
from dispatcher.store import feeds
from dispatcher.store.feeds import FeedState, Seen

router = APIRouter(prefix="/api/v1/feeds", tags=["feeds"])

REFUSED_MOST = 100


class FeedView(View):
    """A feed, and how fetching it goes.

    :ivar ok_at: when it was fetched last; null: never
    :ivar failures: how often it could not be fetched since, because of ``problem``
    """

    name: str
    url: str
    every_seconds: int
    senders: list[str]
    polled_at: datetime | None
    ok_at: datetime | None
    failures: int
    problem: str


class RefusedEntry(View):
    """An alert of a feed that is not taken in, and why."""

    feed: str
    entry: str
    seen_at: datetime
    problem: str


class FeedsView(View):
    """Every feed that is configured, and the newest alerts that were refused."""

    feeds: list[FeedView]
    refused: list[RefusedEntry]


@router.get(
    "",
    dependencies=[Depends(needs(Scope.ALERTS_READ))],
    responses=answers(401, 403),
)
async def show_feeds(front: FrontOf) -> FeedsView:
    """Tell how fetching the feeds goes."""

    def found(connection: Connection) -> tuple[dict[str, FeedState], list[Seen]]:
        return feeds.states(connection), feeds.refused(connection, REFUSED_MOST)

    states, refused = await front.runtime.database.read(found)
    configured = front.runtime.settings.feeds
    return FeedsView(
        feeds=[_shown(name, one, states.get(name)) for name, one in configured.items()],
        refused=[
            RefusedEntry(
                feed=one.feed, entry=one.entry, seen_at=one.seen_at, problem=one.problem
            )
            for one in refused
        ],
    )


def _shown(name: str, feed: Feed, state: FeedState | None) -> FeedView:
    return FeedView(
        name=name,
        url=feed.url,
        every_seconds=feed.every_seconds,
        senders=feed.senders,
        polled_at=state.polled_at if state else None,
        ok_at=state.ok_at if state else None,
        failures=state.failures if state else 0,
        problem=state.problem if state else "",
    )

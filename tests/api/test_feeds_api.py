"""How fetching the feeds goes, as an officer and a monitor of ours see it."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection

from config.inlets import Feed
from dispatcher.store import feeds
from dispatcher.store.feeds import FeedState, Seen
from tests.api.hamlet import NOON, SETTINGS
from tests.api.visitor import opened

URL = "https://cap.example.org/atom.xml"
WITH_FEEDS = SETTINGS.model_copy(
    update={
        "feeds": {
            name: Feed.model_validate({"url": URL, "senders": ["*@cma"], "token": "t"})
            for name in ("cma", "new")
        }
    }
)
LATER = NOON + timedelta(seconds=60)


def _fetched(connection: Connection) -> None:
    well = FeedState(name="cma", polled_at=NOON, ok_at=NOON)
    feeds.save(connection, well)
    ill = FeedState(
        name="cma", polled_at=LATER, ok_at=NOON, failures=2, problem="HTTP 503"
    )
    feeds.save(connection, ill)
    feeds.save(connection, FeedState(name="gone", polled_at=NOON, failures=9))
    seen = [
        Seen(feed="cma", entry="a", seen_at=NOON, alert="A"),
        Seen(feed="cma", entry="b", seen_at=NOON, problem="is not well-formed XML"),
        Seen(feed="cma", entry="c", seen_at=LATER, problem="at most 1 MiB"),
    ]
    feeds.keep(connection, seen)


async def test_every_feed_is_shown_with_what_is_wrong_with_it() -> None:
    async with opened(WITH_FEEDS) as hamlet:
        await hamlet.runtime.database.write(_fetched)
        answer = await hamlet.get("/api/v1/feeds")
        ready = await hamlet.get("/readyz")

    cma, new = answer.json()["feeds"]
    assert cma == {
        "name": "cma",
        "url": URL,
        "every_seconds": 60,
        "senders": ["*@cma"],
        "polled_at": "2026-07-12T04:01:00Z",
        "ok_at": "2026-07-12T04:00:00Z",
        "failures": 2,
        "problem": "HTTP 503",
    }
    assert (new["polled_at"], new["failures"]) == (None, 0)
    assert [one["entry"] for one in answer.json()["refused"]] == ["c", "b"]
    assert ready.json()["failing_feeds"] == ["cma"]


async def test_what_a_feed_names_no_more_is_forgotten_after_a_while() -> None:
    async with opened(WITH_FEEDS) as hamlet:
        database = hamlet.runtime.database
        await database.write(_fetched)
        await database.write(lambda c: feeds.forget(c, "cma", {"a"}, LATER))
        unseen = await database.read(lambda c: feeds.unseen(c, "cma", ["a", "b", "c"]))

    assert unseen == {"b"}

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
from fastapi.sse import ServerSentEvent

from dispatcher.api.picture import Changed
from dispatcher.api.telling import StreamHeaders, Telling
from dispatcher.api.viewer import LINES_MOST, News, Viewer
from dispatcher.api.watching import Watch
from dispatcher.core.alert import AlertId
from dispatcher.core.callout import CalloutId
from dispatcher.store import alerts
from tests.api.hamlet import GRIDS, Hamlet

ALERT = AlertId("a")


def lines(*names: str) -> News:
    return News(ALERT, Changed({CalloutId(name) for name in names}))


def test_who_reads_at_once_shares_what_is_told() -> None:
    told = lines("c1")
    viewers = Viewer(only=ALERT), Viewer(only=None)
    for viewer in viewers:
        viewer.tell(told)

    assert all([*viewer.take_news()] == [told] for viewer in viewers)


def test_a_line_that_changes_again_and_again_is_kept_once() -> None:
    viewer = Viewer(only=ALERT)
    first = lines("c1")
    for _ in range(LINES_MOST * 2):
        viewer.tell(first)
    viewer.tell(lines("c2"))
    (kept,) = viewer.take_news()

    assert kept.changed.lines == {"c1", "c2"}
    assert first.changed.lines == {"c1"}, "others are told it as it was"
    assert not viewer.take_lost()


def test_too_much_to_read_is_given_up() -> None:
    viewer = Viewer(only=ALERT)
    for number in range(LINES_MOST + 1):
        viewer.tell(lines(f"c{number}"))

    assert (viewer.take_lost(), viewer.take_lost()) == (True, False)
    assert not [*viewer.take_news()]


def test_the_curve_changes_from_the_earliest_point_on() -> None:
    changed = Changed({CalloutId("c")}, since=50)
    changed.include(Changed({CalloutId("d")}, since=20))
    changed.include(Changed({CalloutId("e")}, since=None))

    assert changed.since == 20


@pytest.fixture
async def watch(hamlet: Hamlet) -> AsyncIterator[Watch]:
    found = Watch(hamlet.runtime)
    yield found
    found.close()


async def test_who_reads_slowly_is_told_how_it_stands_when_he_reads(
    hamlet: Hamlet, watch: Watch
) -> None:
    """Nothing is asked of the stream while hundreds of changes are told."""

    async def stays() -> bool:
        return True

    name = AlertId(await hamlet.launched())
    alert = await hamlet.runtime.database.read(lambda c: alerts.find(c, name))
    telling = Telling(watch, hamlet.runtime.keeper, stays, StreamHeaders())
    events = telling.events(alert)
    opened, told = await anext(events), await anext(events)
    lead, other = [await hamlet.callout(grid) for grid in GRIDS[:2]]
    for _ in range(3):
        for callout in (lead, other):
            await hamlet.post(f"/api/v1/callouts/{callout}/takeover", {"note": "台"})
        assert alert
        await watch.look(alert)
    event = await anext(events)

    assert (opened.comment, told.event) == ("open", "alert")
    assert set(_rows(event)["id"]) == {lead, other}


def _rows(event: ServerSentEvent) -> dict[str, list[str]]:
    rows: dict[str, list[str]] = json.loads(event.raw_data or "")["rows"]
    return rows

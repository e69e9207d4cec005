"""Failures move means, not the clock: what the provider does to us."""

from __future__ import annotations

from config.settings import Security
from dispatcher.engine.clock import ManualClock
from dispatcher.sim.switchboard import NetworkMode
from tests.stories.conftest import NUMBERS, Line
from tests.stories.town import START, Town, people_of, settings_of, town_of


async def test_a_throttled_message_is_held_back_with_the_reason_and_goes_later(
    town: Town,
) -> None:
    await town.exchange.network(NetworkMode.THROTTLE, for_next=3)
    alert = str((await town.warn())["id"])
    summary = await town.get(f"/api/v1/alerts/{alert}/summary")

    assert sum(held["messages"] for held in summary["held_back"]) == 3
    assert "throttle:20429" in str(summary["held_back"])

    await town.advance(seconds=5)

    assert len(town.texts()) == 10
    summary = await town.get(f"/api/v1/alerts/{alert}/summary")
    assert summary["held_back"] == []


async def test_a_suspended_account_moves_no_rung(town: Town) -> None:
    await town.exchange.network(NetworkMode.AUTH)
    alert = str((await town.warn())["id"])
    await town.until(290)
    grid = await town.grid(alert, 1)
    await town.exchange.network(NetworkMode.OK)

    reached = [f["rung"] for f in grid["timeline"] if f["kind"] == "rung_reached"]
    assert reached == [0, 1]
    assert town.texts() == []
    assert "means_struck" not in {f["kind"] for f in grid["timeline"]}


async def test_an_answer_lost_on_the_way_is_asked_for_and_nobody_is_texted_twice(
    town: Town,
) -> None:
    provider = town.runtime.providers["sms"]
    assert provider.capabilities.lookup
    await town.exchange.network(NetworkMode.HANG, for_next=1)
    alert = str((await town.warn())["id"])
    await town.advance(seconds=10)
    summary = await town.get(f"/api/v1/alerts/{alert}/summary")

    assert len(town.texts()) == 10
    assert summary["possible_duplicates"] == 0


async def test_receipts_twice_and_in_the_wrong_order_change_nothing(
    town: Town,
) -> None:
    await town.exchange.network(NetworkMode.OUT_OF_ORDER)
    first = str((await town.warn())["id"])
    await town.exchange.network(NetworkMode.DUPLICATE)
    second = str((await town.warn(identifier="second", event_code="11B06"))["id"])
    await town.exchange.network(NetworkMode.OK)

    for alert in (first, second):
        grid = await town.grid(alert, 1)
        reports = [
            f["progress"] for f in grid["timeline"] if f["kind"] == "attempt_reported"
        ]
        assert reports == ["delivered"]


async def test_a_number_that_must_not_be_dialled_never_reaches_the_wire(
    line: Line,
) -> None:
    # test numbers were allowed when the roster came in, and are not any more
    guarded = settings_of(
        line.port, line.url, security=Security(allow_test_numbers=False)
    )
    numbers = people_of(1, next(NUMBERS))
    async with town_of(guarded, line.url, numbers, ManualClock(START)) as town:
        alert = str((await town.warn())["id"])
        grid = await town.grid(alert, 1)

        assert town.texts() == []
        struck = [f["reason"] for f in grid["timeline"] if f["kind"] == "means_struck"]
        assert struck[:2] == ["dial_guard", "dial_guard"]

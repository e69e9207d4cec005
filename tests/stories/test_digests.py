"""Climbing must not drown the people above: one digest, one code, one answer."""

from __future__ import annotations

from tests.stories.town import Town


async def test_five_silent_grids_are_one_message_ten_seconds_later(
    town: Town,
) -> None:
    await town.warn()
    await town.until(1700)

    digests = [t for t in town.texts("village_duty") if t[2] == "digest"]
    assert digests == [(310, "village_duty", "digest")]


async def test_who_joins_later_is_named_after_two_minutes_at_the_earliest(
    town: Town,
) -> None:
    await town.warn()
    await town.replies("lead-1", "4")
    await town.until(2)
    await town.replies("backup-1", "4")
    await town.until(20)
    await town.replies("lead-2", "4")
    await town.until(21)
    await town.replies("backup-2", "4")
    await town.until(170)

    assert (town.texts("village_duty")) == [
        (12, "village_duty", "digest"),
        (132, "village_duty", "digest"),
    ]
    assert "新增1个,共2个" in town.last("village_duty")


async def test_an_answer_takes_over_only_what_was_named_before_it(
    town: Town,
) -> None:
    alert = str((await town.warn())["id"])
    await town.replies("lead-1", "4")
    await town.replies("backup-1", "4")
    await town.until(12)
    await town.replies("lead-2", "4")
    await town.replies("backup-2", "4")
    await town.until(20)
    await town.replies("village_duty", "1")

    assert (await town.grid(alert, 1))["state"] == "taken"
    assert (await town.grid(alert, 2))["state"] == "calling"


async def test_a_superior_s_own_answer_takes_over_nothing(town: Town) -> None:
    alert = str((await town.warn())["id"])
    await town.until(30)
    await town.replies("head", "1")
    await town.until(400)

    assert (await town.grid(alert, 1))["state"] == "calling"
    head = await town.callout(alert, "990421100200", "village_head")
    assert head["state"] == "answered"


async def test_answered_grids_are_not_named(town: Town) -> None:
    await town.warn()
    for number in (1, 2, 3):
        await town.replies(f"lead-{number}", "1")
    await town.until(310)

    assert "2个网格(村)未应答" in town.last("village_duty")

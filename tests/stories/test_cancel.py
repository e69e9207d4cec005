"""A cancel stops everything at once and reaches exactly those who were contacted."""

from __future__ import annotations

from tests.stories.town import START, Town


async def test_a_cancel_ends_all_calling_and_tells_each_contacted_person_once(
    town: Town,
) -> None:
    alert = str((await town.warn())["id"])
    await town.until(60)
    ended = await town.api.post(
        f"/api/v1/alerts/{alert}/cancel", json={"reason": "雨停"}
    )
    assert ended.status_code == 200, ended.text
    assert ended.json()["state"] == "cancelled"
    await town.settle()
    contacted = {who for _, who, kind in town.texts() if kind == "own"}
    await town.until(4000)

    told = [t for t in town.texts() if t[0] >= 60]
    assert sorted((60, who, "cancel") for who in contacted) == told
    assert "backup-1" not in contacted
    assert await town.lost() == 0


async def test_a_cancel_from_the_sender_ends_the_warning_it_refers_to(
    town: Town,
) -> None:
    first = await town.warn()
    await town.until(60)
    await town.warn(
        identifier="cancel",
        msg_type="Cancel",
        references=[
            {
                "sender": "rain@chengxi",
                "identifier": first["identifier"],
                "sent": START.isoformat(),
            }
        ],
        **dict.fromkeys(
            ("level", "event", "event_code", "instruction", "description", "areas")
        ),
    )

    after = await town.get(f"/api/v1/alerts/{first['id']}")
    assert after["state"] == "cancelled"
    assert (await town.grid(str(first["id"]), 1))["state"] == "closed"


async def test_a_late_reply_after_the_end_is_kept_and_answered(town: Town) -> None:
    alert = str((await town.warn())["id"])
    await town.until(60)
    code = "60"
    await town.api.post(f"/api/v1/alerts/{alert}/cancel", json={"reason": "雨停"})
    await town.settle()
    await town.replies("lead-1", code)

    assert "叫应已结束" in town.last("lead-1")
    grid = await town.grid(alert, 1)
    assert grid["timeline"][-1]["kind"] == "reply_noted"

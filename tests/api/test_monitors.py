"""Monitors that post their alarms: what becomes an alert, what repeats, what ends."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

import httpx
import pytest

from config.inlets import Monitor
from dispatcher.store import schema
from tests.api.hamlet import GRIDS, NOON, SETTINGS, VILLAGE, Hamlet, alert, codes
from tests.api.visitor import opened
from tests.intake.alarms import ENDED, alarm, group, labelled, notified

RED = {"level": {"critical": "red"}}


def mapped(**own: Any) -> AbstractAsyncContextManager[Hamlet]:
    """Open the county with a mapping of the officer's key."""
    mapping = Monitor.model_validate({"values": RED, **own})
    return opened(SETTINGS.model_copy(update={"monitors": {"officer": mapping}}))


async def post(
    hamlet: Hamlet, body: object, kind: str = "alertmanager", key: str = "officer"
) -> httpx.Response:
    return await hamlet.post(f"/api/v1/monitors/{kind}", body, key)


def became(answer: httpx.Response) -> list[str]:
    return [one["became"] for one in answer.json()["alarms"]]


async def test_an_alarm_calls_the_place_that_its_labels_name() -> None:
    async with mapped() as hamlet:
        answer = await post(hamlet, group(alarm()))
        await hamlet.launch()
        [told] = answer.json()["alarms"]
        shown = await hamlet.get(f"/api/v1/alerts/{told['alert']['id']}")
        grid = await hamlet.get(f"/api/v1/callouts?unit={GRIDS[0]}")

    assert (answer.status_code, told["became"]) == (202, "accepted")
    assert (shown.json()["state"], shown.json()["level"]) == ("active", "red")
    assert shown.json()["units"] == 1 + len(GRIDS)
    assert shown.json()["sender"] == "officer"
    assert [one["state"] for one in grid.json()["items"]] == ["calling"]
    assert hamlet.wakes


async def test_grafana_is_read_alike() -> None:
    async with mapped() as hamlet:
        answer = await post(hamlet, notified(alarm()), "grafana")

    assert became(answer) == ["accepted"]


async def test_what_goes_on_is_told_again_and_stays_one_alert() -> None:
    async with mapped() as hamlet:
        first = await post(hamlet, group(alarm()))
        annotated = alarm(annotations={"summary": "水位 3.6 米"})
        # A monitor that was restarted tells another beginning.
        restarted = alarm(startsAt="2026-07-12T03:59:59Z")
        again = [
            await post(hamlet, group(one)) for one in (alarm(), annotated, restarted)
        ]
        kept = await hamlet.kept()

    assert first.status_code == 202
    assert [one.status_code for one in again] == [200, 200, 200]
    assert {became(one)[0] for one in again} == {"repeated"}
    assert kept[0] == 1


async def test_many_at_a_time_of_one_alarm_are_one_alert() -> None:
    async with mapped() as hamlet:
        posts = [post(hamlet, group(alarm(), tried=number)) for number in range(20)]
        answers = await asyncio.gather(*posts)
        kept = await hamlet.kept()

    assert sorted(one.status_code for one in answers) == [200] * 19 + [202]
    assert kept[0] == 1


async def test_the_end_of_an_alarm_lifts_its_alert() -> None:
    over = alarm(status="resolved", endsAt=ENDED)
    async with mapped() as hamlet:
        first = (await post(hamlet, group(alarm()))).json()["alarms"][0]["alert"]
        ended = await post(hamlet, group(over))
        again = await post(hamlet, group(over, tried=2))
        after = await hamlet.get(f"/api/v1/alerts/{first['id']}")

    assert (ended.status_code, became(ended)) == (202, ["resolved"])
    assert (again.status_code, became(again)) == (200, ["repeated"])
    assert after.json()["state"] == "cancelled"


async def test_the_end_lifts_it_though_the_monitor_was_restarted_meanwhile() -> None:
    later = {"startsAt": "2026-07-12T03:59:59Z"}
    async with mapped() as hamlet:
        first = (await post(hamlet, group(alarm()))).json()["alarms"][0]["alert"]
        await post(hamlet, group(alarm(status="resolved", endsAt=ENDED, **later)))
        after = await hamlet.get(f"/api/v1/alerts/{first['id']}")

    assert after.json()["state"] == "cancelled"


async def test_an_end_that_comes_first_waits_for_its_beginning() -> None:
    async with mapped() as hamlet:
        early = await post(hamlet, group(alarm(status="resolved", endsAt=ENDED)))
        late = await post(hamlet, group(alarm()))

    assert early.json()["alarms"][0]["alert"]["reason"] == "unknown_reference"
    assert late.json()["alarms"][0]["alert"]["state"] == "cancelled"


async def test_a_new_alarm_after_the_end_calls_anew() -> None:
    async with mapped() as hamlet:
        await post(hamlet, group(alarm()))
        await post(hamlet, group(alarm(status="resolved", endsAt=ENDED)))
        anew = await post(hamlet, group(alarm(startsAt="2026-07-12T04:30:00Z")))

    assert became(anew) == ["accepted"]
    assert anew.json()["alarms"][0]["alert"]["state"] == "active"


async def test_a_mapping_may_leave_the_end_to_an_officer() -> None:
    async with mapped(resolved="ignore") as hamlet:
        first = (await post(hamlet, group(alarm()))).json()["alarms"][0]["alert"]
        ended = await post(hamlet, group(alarm(status="resolved", endsAt=ENDED)))
        after = await hamlet.get(f"/api/v1/alerts/{first['id']}")

    assert (ended.status_code, became(ended)) == (200, ["ignored"])
    assert after.json()["state"] == "active"


async def test_what_a_label_does_not_say_the_desk_is_asked() -> None:
    async with mapped() as hamlet:
        nowhere = await post(hamlet, group(labelled(area=None, severity="page")))
        unknown = await post(
            hamlet, group(labelled(area="别处", severity="page"), n=1), "grafana"
        )

    for answer in (nowhere, unknown):
        told = answer.json()["alarms"][0]["alert"]
        assert (told["state"], told["reason"]) == ("parked", "unresolved_area")
        assert told["level"] == "unknown"


async def test_the_end_of_a_parked_alarm_settles_it_at_the_desk() -> None:
    lost = labelled(area="别处")
    async with mapped() as hamlet:
        first = (await post(hamlet, group(lost))).json()["alarms"][0]["alert"]
        restarted = {**lost, "startsAt": "2026-07-12T03:59:59Z"}
        again = await post(hamlet, group(restarted))
        await post(hamlet, group({**restarted, "status": "resolved"}))
        after = await hamlet.get(f"/api/v1/alerts/{first['id']}")

    assert became(again) == ["repeated"]
    assert after.json()["state"] == "cancelled"


async def test_one_alarm_that_is_refused_stops_no_other() -> None:
    broken = alarm(fingerprint="other", startsAt="?")
    async with mapped() as hamlet:
        answer = await post(hamlet, group(broken, alarm()))
        kept = await hamlet.kept()

    assert (answer.status_code, codes(answer)) == (422, ["time_expected"])
    assert answer.json()["errors"][0]["loc"] == ["alerts", 0, "startsAt"]
    assert kept[0] == 1


async def test_an_alarm_for_a_foreign_sender_is_refused_at_its_place(
    hamlet: Hamlet,
) -> None:
    answer = await post(hamlet, group(alarm()), key="gauge")

    assert (answer.status_code, codes(answer)) == (403, ["sender_not_allowed"])
    assert answer.json()["errors"][0]["loc"] == ["alerts", 0, "sender"]


async def test_a_monitor_that_cannot_see_calls_nobody() -> None:
    async with mapped() as hamlet:
        answer = await post(
            hamlet, notified(labelled(alertname="DatasourceNoData")), "grafana"
        )
        calls = await hamlet.count(schema.callout)

    assert answer.json()["alarms"][0]["alert"]["state"] == "closed"
    assert calls == 0


async def test_what_the_monitor_left_out_is_told() -> None:
    async with mapped() as hamlet:
        answer = await post(hamlet, group(alarm(), truncatedAlerts=3))

    assert answer.json()["truncated"] == 3


async def test_json_of_any_form_needs_a_mapping_only() -> None:
    own = {
        "alarm": "$.id",
        "began": "$.at",
        "code": "$.place",
        "level": "red",
        "event": "山洪",
    }
    async with mapped(**own) as hamlet:
        body = {"id": "s7", "at": 1783828706, "place": VILLAGE}
        answer = await post(hamlet, body, "json")

    [told] = answer.json()["alarms"]
    assert (told["alert"]["state"], told["alert"]["level"]) == ("active", "red")


@pytest.mark.parametrize(("kind", "status"), [("nagios", 422), ("grafana", 401)])
async def test_a_kind_nobody_knows_and_a_key_nobody_has(
    hamlet: Hamlet, kind: str, status: int
) -> None:
    key = "nobody" if status == 401 else "officer"

    assert (await post(hamlet, group(), kind, key)).status_code == status


async def test_what_has_been_taken_is_shed_when_it_comes_over_and_over() -> None:
    async with mapped() as hamlet:
        answers = [await post(hamlet, group(alarm())) for _ in range(61)]
        other = await post(hamlet, group(labelled(area="石门坪村", n="2")))
        hamlet.clock.move_to(NOON + timedelta(seconds=60))
        later = await post(hamlet, group(alarm()))

    assert [one.status_code for one in answers] == [202, *[200] * 59, 429]
    assert codes(answers[-1]) == ["repeated"]
    assert answers[-1].headers["Retry-After"] == "60"
    assert other.status_code == 200
    assert later.status_code == 200


async def test_what_was_refused_is_never_shed(hamlet: Hamlet) -> None:
    broken = alert(expires="?")
    statuses = {(await hamlet.send(broken)).status_code for _ in range(70)}

    assert statuses == {422}

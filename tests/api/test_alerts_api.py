from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from tests.api.hamlet import (
    COUNTY,
    GRIDS,
    TOWN,
    VILLAGE,
    Hamlet,
    alert,
    cancelling,
    codes,
)

ALERTS = "/api/v1/alerts"


async def test_a_new_alert_is_accepted_with_its_audience_counted(
    hamlet: Hamlet,
) -> None:
    answer = await hamlet.send(alert())

    assert answer.status_code == 202
    body = answer.json()
    assert answer.headers["location"] == f"{ALERTS}/{body['id']}"
    assert body | {"id": "", "chain": "", "capacity": {}} == {
        "id": "",
        "chain": "",
        "sender": "rain-gauge-7@chengxi",
        "identifier": "RG7-20260712-0912",
        "status": "Actual",
        "msg_type": "Alert",
        "state": "active",
        "reason": None,
        "level": "red",
        "policy_level": "red",
        "headline": "暴雨红色预警",
        "event": "暴雨",
        "issuer": "澄溪县气象台",
        "effective": "2026-07-12T12:00:00+08:00",
        "units": 4,
        "people": 8,
        "missing": [],
        "filled": [],
        "unresolved": [],
        "approval": None,
        "capacity": {},
        "warnings": [],
        "call_sheets": [],
        "received_at": "2026-07-12T04:00:00Z",
        "held_until": None,
        "expires": "2026-07-12T15:00:00+08:00",
    }
    assert len(hamlet.wakes) == 1


async def test_the_same_alert_again_is_the_first_one(hamlet: Hamlet) -> None:
    first = await hamlet.send(alert())
    again = await hamlet.send(alert())

    assert (again.status_code, again.json()) == (200, first.json())
    assert (await hamlet.kept())[0] == 1
    assert len(hamlet.wakes) == 1


async def test_twenty_at_once_are_one_alert(hamlet: Hamlet) -> None:
    answers = await asyncio.gather(*(hamlet.send(alert()) for _ in range(20)))

    assert Counter(a.status_code for a in answers) == {202: 1, 200: 19}
    assert len({a.json()["id"] for a in answers}) == 1
    assert (await hamlet.kept())[0] == 1


async def test_other_content_under_the_same_name_is_a_conflict(hamlet: Hamlet) -> None:
    first = await hamlet.send(alert())
    other = await hamlet.send(alert(level="orange"))

    assert (other.status_code, codes(other)) == (409, ["different_content"])
    assert other.json()["first"] == {
        "id": first.json()["id"],
        "sender": "rain-gauge-7@chengxi",
        "identifier": "RG7-20260712-0912",
        "received_at": "2026-07-12T04:00:00+00:00",
    }


async def test_an_idempotency_key_belongs_to_its_first_content(hamlet: Hamlet) -> None:
    first = await hamlet.send(alert(), Idempotency_Key="k1")
    again = await hamlet.send(alert(), Idempotency_Key="k1")
    other = await hamlet.send(alert(identifier="other"), Idempotency_Key="k1")

    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])
    assert (other.status_code, other.json()["first"]["id"]) == (
        409,
        first.json()["id"],
    )
    assert await hamlet.kept() == (1, 1, 0)


async def test_a_key_given_with_a_repeat_is_taken_too(hamlet: Hamlet) -> None:
    await hamlet.send(alert())
    await hamlet.send(alert(), Idempotency_Key="k1")
    other = await hamlet.send(alert(identifier="other"), Idempotency_Key="k1")

    assert other.status_code == 409


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"areas": [{"units": ["nowhere"]}]}, ["unknown_unit"]),
        (
            {
                "areas": [
                    {
                        "name": "白鹭洲镇",
                        "codes": [{"system": "DEMO", "code": VILLAGE}],
                    }
                ]
            },
            ["name_code_mismatch"],
        ),
        ({"msg_type": "Update"}, ["required"]),
        ({"areas": []}, ["required"]),
    ],
)
async def test_what_is_refused_leaves_no_trace(
    hamlet: Hamlet, changed: dict[str, object], found: list[str]
) -> None:
    answer = await hamlet.send(alert(**changed), Idempotency_Key="k1")

    assert (answer.status_code, codes(answer)) == (422, found)
    assert await hamlet.kept() == (0, 0, 0)
    assert hamlet.wakes == []


@pytest.mark.parametrize(
    ("changed", "state", "reason"),
    [
        ({"areas": [{"name": "无此镇"}]}, "parked", "unresolved_area"),
        (
            {"areas": [{"codes": [{"system": "DEMO", "code": "110101"}]}]},
            "parked",
            "no_audience",
        ),
        ({"expires": "2026-07-12T12:00:00+08:00"}, "expired", None),
        ({"status": "Draft"}, "draft", None),
        ({"status": "System"}, "closed", None),
    ],
)
async def test_what_cannot_be_called_out_is_kept(
    hamlet: Hamlet, changed: dict[str, object], state: str, reason: str | None
) -> None:
    body = alert(**{"effective": "2026-07-12T11:00:00+08:00", **changed})
    answer = await hamlet.send(body)

    assert answer.status_code == 202
    assert (answer.json()["state"], answer.json()["reason"]) == (state, reason)


async def test_a_partly_found_area_says_what_is_missing(hamlet: Hamlet) -> None:
    lost = {"codes": [{"system": "DEMO", "code": f"{TOWN}999"}]}
    answer = await hamlet.send(alert(areas=[{"units": [GRIDS[0]]}, lost]))

    assert answer.json()["state"] == "active"
    assert answer.json()["unresolved"] == [f"DEMO {TOWN}999"]


async def test_an_ancestor_code_means_all_below_it(hamlet: Hamlet) -> None:
    code = {"codes": [{"system": "DEMO", "code": COUNTY}]}
    answer = await hamlet.send(alert(areas=[code]))

    assert answer.json()["units"] == 6


@pytest.mark.parametrize(
    ("key", "changed", "status", "code"),
    [
        ("nobody", {}, 401, "no_valid_key"),
        ("reader", {}, 403, "scope_missing"),
        ("drill", {}, 403, "scope_missing"),
        ("gauge", {"sender": "met@chengxi"}, 403, "sender_not_allowed"),
        ("gauge", {"sender": "RAIN-gauge-7@chengxi"}, 403, "sender_not_allowed"),
    ],
)
async def test_a_key_may_send_only_what_it_was_made_for(
    hamlet: Hamlet, key: str, changed: dict[str, object], status: int, code: str
) -> None:
    answer = await hamlet.send(alert(**changed), key=key)

    assert (answer.status_code, codes(answer)) == (status, [code])
    assert await hamlet.kept() == (0, 0, 0)


@pytest.mark.parametrize("status", ["Exercise", "Test"])
async def test_a_drill_key_sends_drills(hamlet: Hamlet, status: str) -> None:
    answer = await hamlet.send(alert(status=status), key="drill")

    assert (answer.status_code, answer.json()["state"]) == (202, "active")


async def test_a_cancel_ends_what_it_refers_to(hamlet: Hamlet) -> None:
    first = await hamlet.launched()
    answer = await hamlet.send(cancelling())
    ended = await hamlet.get(f"{ALERTS}/{first}")
    told = await hamlet.get(f"{ALERTS}/{first}/summary")

    assert (answer.status_code, answer.json()["state"]) == (202, "closed")
    assert ended.json()["state"] == "cancelled"
    assert told.json()["by_state"]["closed"] == told.json()["callouts"]


@pytest.mark.parametrize(
    ("changed", "key", "reason"),
    [
        (
            {
                "references": [
                    {
                        "sender": "rain-1@chengxi",
                        "identifier": "none",
                        "sent": "2026-07-12T09:12:00+08:00",
                    }
                ]
            },
            "gauge",
            "unknown_reference",
        ),
        ({"sender": "rain-gauge-8@chengxi"}, "gauge", "foreign_sender"),
    ],
)
async def test_a_cancel_that_may_not_act_is_parked(
    hamlet: Hamlet, changed: dict[str, object], key: str, reason: str
) -> None:
    first = await hamlet.launched()
    answer = await hamlet.send(cancelling(**changed), key=key)
    still = await hamlet.get(f"{ALERTS}/{first}")

    assert answer.status_code == 202
    assert (answer.json()["state"], answer.json()["reason"]) == ("parked", reason)
    assert still.json()["state"] == "active"


async def test_a_key_that_may_cancel_ends_alerts_of_others(hamlet: Hamlet) -> None:
    first = await hamlet.launched()
    await hamlet.send(cancelling(sender="duty@chengxi"), key="officer")
    ended = await hamlet.get(f"{ALERTS}/{first}")

    assert ended.json()["state"] == "cancelled"


@pytest.mark.parametrize(("first", "then"), [("Actual", "Test"), ("Test", "Actual")])
async def test_live_and_drill_never_refer_to_each_other(
    hamlet: Hamlet, first: str, then: str
) -> None:
    named = await hamlet.launched(status=first)
    answer = await hamlet.send(cancelling(status=then))
    still = await hamlet.get(f"{ALERTS}/{named}")

    assert (answer.status_code, codes(answer)) == (422, ["drill_live_mixed"])
    assert still.json()["state"] == "active"
    assert (await hamlet.kept())[0] == 1


async def test_an_officer_cancels_by_hand_and_again(hamlet: Hamlet) -> None:
    first = await hamlet.launched()
    path = f"{ALERTS}/{first}/cancel"
    ended = await hamlet.post(path, {"reason": "误发"})
    again = await hamlet.post(path, {"reason": "误发"})

    assert (ended.status_code, ended.json()["state"]) == (200, "cancelled")
    assert (again.status_code, again.json()["state"]) == (200, "cancelled")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"reason": " "}, "required"),
        ({}, "required"),
        ({"reason": "误发", "x": 1}, "unknown_field"),
        ([], "object_expected"),
    ],
)
async def test_a_cancel_by_hand_needs_a_reason(
    hamlet: Hamlet, body: object, code: str
) -> None:
    first = await hamlet.launched()
    answer = await hamlet.post(f"{ALERTS}/{first}/cancel", body)

    assert (answer.status_code, codes(answer)) == (422, [code])


async def test_a_cancel_by_hand_needs_an_alert(hamlet: Hamlet) -> None:
    answer = await hamlet.post(f"{ALERTS}/none/cancel", {"reason": "误发"})

    assert (answer.status_code, codes(answer)) == (404, ["unknown_alert"])


async def test_what_has_ended_by_itself_is_not_cancelled(hamlet: Hamlet) -> None:
    past = {"effective": "2026-07-12T10:00:00+08:00"}
    sent = await hamlet.send(alert(expires="2026-07-12T11:00:00+08:00", **past))
    answer = await hamlet.post(f"{sent.headers['location']}/cancel", {"reason": "误发"})

    assert (answer.status_code, codes(answer)) == (409, ["already_ended"])


async def test_the_list_goes_page_by_page_to_its_end(hamlet: Hamlet) -> None:
    for number in range(3):
        await hamlet.send(alert(identifier=f"RG7-{number}"))
    first = await hamlet.get(f"{ALERTS}?limit=2")
    rest = await hamlet.get(f"{ALERTS}?limit=2&cursor={first.json()['cursor']}")

    names = [a["identifier"] for a in first.json()["items"] + rest.json()["items"]]
    assert sorted(names) == ["RG7-0", "RG7-1", "RG7-2"]
    assert rest.json()["cursor"] is None


async def test_the_list_is_filtered_by_state(hamlet: Hamlet) -> None:
    await hamlet.send(alert())
    await hamlet.send(alert(identifier="draft", status="Draft"))
    found = await hamlet.get(f"{ALERTS}?state=draft")

    assert [a["identifier"] for a in found.json()["items"]] == ["draft"]


async def test_the_summary_adds_up(hamlet: Hamlet) -> None:
    first = await hamlet.launched()
    told = (await hamlet.get(f"{ALERTS}/{first}/summary")).json()

    assert told["callouts"] == sum(told["by_state"].values()) > len(GRIDS)
    assert (told["answered"], told["grid_coverage_rate"]) == (0, 0.0)
    assert (told["messages"], told["held_back"]) == (0, [])


async def test_a_machine_that_cannot_cancel_never_waits(hamlet: Hamlet) -> None:
    refused = await hamlet.send(alert(hold_seconds=10))

    assert (refused.status_code, codes(refused)) == (403, ["scope_missing"])
    assert await hamlet.kept() == (0, 0, 0)
    assert (await hamlet.send(alert(hold_seconds=0))).status_code == 202

from __future__ import annotations

from datetime import timedelta

import pytest

from dispatcher.core.alert import AlertId
from dispatcher.core.journal import Approved
from dispatcher.store import journal
from tests.api.hamlet import GRIDS, NOON, Hamlet, alert, cancelling, codes

ALERTS, INBOX = "/api/v1/alerts", "/api/v1/inbox"
NOWHERE = [{"name": "三道沟"}]
REASON = {"reason": "已电话核实"}


async def parked(hamlet: Hamlet, body: dict[str, object], key: str = "officer") -> str:
    """Send an alert that is parked; give its id."""
    answer = (await hamlet.send(body, key=key)).json()
    assert answer["state"] == "parked", answer
    return str(answer["id"])


async def entries(hamlet: Hamlet, name: str) -> list[object]:
    """Give the journal of an alert."""
    return await hamlet.runtime.database.read(
        lambda c: list(journal.entries_of(c, AlertId(name)))
    )


async def test_an_unresolved_alert_calls_the_units_an_officer_chose(
    hamlet: Hamlet,
) -> None:
    name = await parked(hamlet, alert(areas=NOWHERE))
    body = REASON | {"units": [GRIDS[1]]}
    answer = await hamlet.post(f"{ALERTS}/{name}/approve", body, key="approver")
    await hamlet.launch()
    callout = await hamlet.get(f"/api/v1/callouts?unit={GRIDS[1]}")

    assert (answer.json()["state"], answer.json()["units"]) == ("active", 1)
    assert answer.json()["unresolved"] == ["三道沟"]
    assert callout.json()["items"][0]["alert"] == name
    assert [e for e in await entries(hamlet, name) if isinstance(e, Approved)] == [
        Approved(at=NOON, by="key:approver", reason=REASON["reason"], units=(GRIDS[1],))
    ]


async def test_without_units_nobody_knows_whom_to_call(hamlet: Hamlet) -> None:
    name = await parked(hamlet, alert(areas=NOWHERE))
    answer = await hamlet.post(f"{ALERTS}/{name}/approve", REASON, key="approver")
    unknown = await hamlet.post(
        f"{ALERTS}/{name}/approve", REASON | {"units": ["x"]}, key="approver"
    )

    assert (answer.status_code, codes(answer)) == (422, ["units_needed"])
    assert (unknown.status_code, codes(unknown)) == (422, ["unknown_unit"])


async def test_a_foreign_cancel_acts_when_it_is_released(hamlet: Hamlet) -> None:
    first = await hamlet.launched()
    foreign = cancelling(sender="rain-other@chengxi")
    name = await parked(hamlet, foreign, key="gauge")
    listed = (await hamlet.get(f"{INBOX}?kind=parked")).json()["items"]
    answer = await hamlet.post(f"{ALERTS}/{name}/approve", REASON, key="approver")

    assert [(one["alert"], one["reason"]) for one in listed] == [
        (name, "foreign_sender")
    ]
    assert listed[0]["actions"] == ["approve", "reject"]
    assert answer.json()["state"] == "closed"
    assert (await hamlet.get(f"{ALERTS}/{first}")).json()["state"] == "cancelled"
    assert (await hamlet.get(f"{INBOX}?kind=parked")).json()["items"] == []


async def test_a_foreign_update_takes_over_when_it_is_released(
    hamlet: Hamlet,
) -> None:
    first = await hamlet.launched()
    own = alert()
    update = cancelling(
        sender="rain-other@chengxi", msg_type="Update", description="雨小了"
    ) | {"references": [{n: own[n] for n in ("sender", "identifier", "sent")}]}
    name = await parked(hamlet, update, key="gauge")
    answer = await hamlet.post(f"{ALERTS}/{name}/approve", REASON, key="approver")

    assert (answer.json()["state"], answer.json()["chain"]) == ("active", first)
    assert (await hamlet.get(f"{ALERTS}/{first}")).json()["state"] == "superseded"


async def test_what_waits_for_its_reference_can_only_wait_or_go(
    hamlet: Hamlet,
) -> None:
    name = await parked(hamlet, cancelling())
    answer = await hamlet.post(f"{ALERTS}/{name}/approve", REASON, key="approver")
    gone = await hamlet.post(f"{ALERTS}/{name}/reject", REASON, key="approver")

    assert (answer.status_code, codes(answer)) == (409, ["not_releasable"])
    assert gone.json()["state"] == "rejected"


async def test_a_rejected_alert_says_who_and_why(hamlet: Hamlet) -> None:
    name = await parked(hamlet, alert(areas=NOWHERE))
    answer = await hamlet.post(f"{ALERTS}/{name}/reject", REASON, key="approver")
    again = await hamlet.post(f"{ALERTS}/{name}/reject", REASON, key="approver")
    ended = (await entries(hamlet, name))[-1]
    [kept] = (await hamlet.get(f"{INBOX}?state=settled")).json()["items"]

    assert (answer.json()["state"], answer.json()["reason"]) == ("rejected", None)
    assert (again.status_code, codes(again)) == (409, ["not_parked"])
    assert (ended.by, ended.reason) == ("key:approver", REASON["reason"])  # type: ignore[attr-defined]
    assert kept["settled"]["by"] == "key:approver"


async def test_what_ran_out_while_it_was_parked_is_over(hamlet: Hamlet) -> None:
    name = await parked(hamlet, alert(areas=NOWHERE))
    hamlet.clock.move_to(NOON + timedelta(hours=4))
    body = REASON | {"units": [GRIDS[1]]}
    answer = await hamlet.post(f"{ALERTS}/{name}/approve", body, key="approver")

    assert (answer.status_code, codes(answer)) == (409, ["over"])


async def test_a_parked_alert_is_not_dismissed(hamlet: Hamlet) -> None:
    await parked(hamlet, alert(areas=NOWHERE))
    [one] = (await hamlet.get(INBOX)).json()["items"]
    answer = await hamlet.post(f"{INBOX}/{one['id']}", {"action": "dismiss"})

    assert (answer.status_code, codes(answer)) == (422, ["unknown_value"])


@pytest.mark.parametrize("name", ["999", "none", "-1", "٣", "9" * 40])
async def test_an_unknown_todo_is_not_found(hamlet: Hamlet, name: str) -> None:
    answer = await hamlet.get(f"{INBOX}/{name}")

    assert (answer.status_code, codes(answer)) == (404, ["unknown_todo"])


async def test_the_newest_come_first_page_by_page(
    hamlet: Hamlet,
) -> None:
    for n in range(3):
        await parked(hamlet, alert(identifier=f"P{n}", areas=NOWHERE))
    pages: list[list[int]] = []
    cursor: str | None = ""
    while cursor is not None:
        query = f"?limit=2&cursor={cursor}" if cursor else "?limit=2"
        part = (await hamlet.get(f"{INBOX}{query}")).json()
        pages.append([int(one["id"]) for one in part["items"]])
        cursor = part["cursor"]

    assert [len(one) for one in pages] == [2, 1]
    every = [name for one in pages for name in one]
    assert every == sorted(every, reverse=True)

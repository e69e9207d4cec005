"""An alert that goes on: who may say so, until when, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from dispatcher.engine.launching import Launches
from dispatcher.engine.rules import sweep
from tests.api.hamlet import NOON, Hamlet, alert, codes

ALERTS = "/api/v1/alerts"
LATER = "2026-07-12T18:00:00+08:00"


async def renewed(
    hamlet: Hamlet, name: str, key: str = "officer", **changes: object
) -> httpx.Response:
    """Ask for a later end."""
    body = {"reason": "雨还在下", "expires": LATER, **changes}
    return await hamlet.post(f"{ALERTS}/{name}/renew", body, key)


async def test_an_alert_shows_when_it_expires_and_that_it_was_renewed(
    hamlet: Hamlet,
) -> None:
    first = await hamlet.launched()
    before = await hamlet.get(f"{ALERTS}/{first}")
    answer = await renewed(hamlet, first)
    after = await hamlet.get(f"{ALERTS}/{first}")

    assert before.json()["expires"] == "2026-07-12T15:00:00+08:00"
    assert (answer.status_code, answer.json()) == (200, after.json())
    assert after.json() == {**before.json(), "expires": LATER}


async def test_the_worker_is_told_of_a_renewal(hamlet: Hamlet) -> None:
    first = await hamlet.launched()
    before = len(hamlet.wakes)
    await renewed(hamlet, first)

    assert len(hamlet.wakes) == before + 1


async def test_an_alert_without_an_end_is_given_one(hamlet: Hamlet) -> None:
    first = await hamlet.launched(expires=None)
    before = await hamlet.get(f"{ALERTS}/{first}")
    answer = await renewed(hamlet, first)

    assert (before.json()["expires"], answer.json()["expires"]) == (None, LATER)


async def test_the_same_alert_again_is_still_the_first_one(hamlet: Hamlet) -> None:
    first = await hamlet.launched()
    await renewed(hamlet, first)
    again = await hamlet.send(alert(), key="officer")

    assert (again.status_code, again.json()["expires"]) == (200, LATER)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"expires": "2026-07-12T15:00:00+08:00"}, "expires_not_later"),
        ({"expires": "2026-07-12T06:59:59Z"}, "expires_not_later"),
        ({"expires": "2026-07-12T12:00:00+08:00"}, "expires_in_past"),
        ({"expires": "2026-07-12T18:00:00"}, "time_without_zone"),
        ({"expires": None}, "time_expected"),
        ({"reason": ""}, "required"),
        ({"until": LATER}, "unknown_field"),
    ],
)
async def test_a_renewal_is_to_a_later_end_and_has_a_reason(
    hamlet: Hamlet, changes: dict[str, Any], code: str
) -> None:
    first = await hamlet.launched()
    answer = await renewed(hamlet, first, **changes)
    still = await hamlet.get(f"{ALERTS}/{first}")

    assert (answer.status_code, codes(answer)) == (422, [code])
    assert still.json()["expires"] == "2026-07-12T15:00:00+08:00"


async def test_the_refusal_names_the_present_end(hamlet: Hamlet) -> None:
    first = await hamlet.launched()
    answer = await renewed(hamlet, first, expires="2026-07-12T14:00:00+08:00")

    assert answer.json()["detail"] == (
        "expires: 应晚于现在的失效时间 2026-07-12T15:00:00+08:00"
    )


async def test_what_was_lifted_is_not_renewed(hamlet: Hamlet) -> None:
    first = await hamlet.launched()
    await hamlet.post(f"{ALERTS}/{first}/cancel", {"reason": "雨停"})
    answer = await renewed(hamlet, first)

    assert (answer.status_code, codes(answer)) == (409, ["already_ended"])


async def test_what_has_run_out_is_neither_renewed_nor_cancelled(
    hamlet: Hamlet,
) -> None:
    first = await hamlet.launched(level="orange")
    context = await hamlet.runtime.keeper.refresh()
    ended_at = NOON + timedelta(hours=3)
    await hamlet.runtime.database.write(
        lambda c: sweep(c, context, ended_at, Launches())
    )
    answers = [
        await renewed(hamlet, first),
        await hamlet.post(f"{ALERTS}/{first}/cancel", {"reason": "雨停"}),
    ]
    shown = await hamlet.get(f"{ALERTS}/{first}")

    assert shown.json()["state"] == "expired"
    assert [(a.status_code, codes(a)) for a in answers] == [
        (409, ["already_ended"])
    ] * 2


@pytest.mark.parametrize(
    "changes",
    [{"status": "Draft"}, {"areas": [{"name": "不在册的村"}]}],
    ids=["a draft", "parked"],
)
async def test_what_calls_nobody_is_not_renewed(
    hamlet: Hamlet, changes: dict[str, object]
) -> None:
    sent = await hamlet.send(alert(**changes))
    answer = await renewed(hamlet, sent.json()["id"])

    assert (answer.status_code, codes(answer)) == (409, ["not_active"])


async def test_a_renewal_needs_an_alert(hamlet: Hamlet) -> None:
    answer = await renewed(hamlet, "none")

    assert (answer.status_code, codes(answer)) == (404, ["unknown_alert"])


@pytest.mark.parametrize(
    ("key", "changed", "status", "found"),
    [
        ("gauge", {}, 200, []),
        ("gauge", {"sender": "met@chengxi"}, 403, ["sender_not_allowed"]),
        ("drill", {}, 403, ["scope_missing"]),
        ("drill", {"status": "Exercise"}, 200, []),
        ("reader", {}, 403, ["scope_missing"]),
    ],
)
async def test_a_key_renews_only_what_it_could_have_sent(
    hamlet: Hamlet, key: str, changed: dict[str, object], status: int, found: list[str]
) -> None:
    first = await hamlet.launched(**changed)
    answer = await renewed(hamlet, first, key)

    refused = codes(answer) if answer.status_code != 200 else []
    assert (answer.status_code, refused) == (status, found)

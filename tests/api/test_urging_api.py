"""Retry, escalate and takeover over HTTP: what they do, and when they are refused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.api.hamlet import GRIDS, Hamlet, codes

GRID = GRIDS[0]
HEARD = {
    "person": "p1",
    "meaning": "received",
    "how": "phone",
    "at": "2026-07-12T12:00:00+08:00",
}


def path(name: str, verb: str) -> str:
    return f"/api/v1/callouts/{name}/{verb}"


async def launched(hamlet: Hamlet) -> str:
    """Launch the warning; give the callout of the first grid."""
    await hamlet.launched()
    return await hamlet.callout(GRID)


async def test_a_retry_is_on_the_time_line_with_who_asked_for_it(
    hamlet: Hamlet,
) -> None:
    name = await launched(hamlet)
    shown = await hamlet.post(path(name, "retry"), {"note": "没接到"})

    assert shown.status_code == 200
    said = next(f for f in shown.json()["timeline"] if f["kind"] == "retried")
    assert {key: said[key] for key in ("by", "number", "channel", "note")} == {
        "by": "key:officer",
        "number": 1,
        "channel": None,
        "note": "没接到",
    }
    tried = [f for f in shown.json()["timeline"] if f.get("purpose") == "retry"]
    assert [(f["person"], f["channel"]) for f in tried] == [("p1", "sms")]


async def test_an_escalation_tells_who_called_the_rung_and_why(hamlet: Hamlet) -> None:
    name = await launched(hamlet)
    shown = await hamlet.post(path(name, "escalate"), {"reason": "水位猛涨"})

    said = next(f for f in shown.json()["timeline"] if f["kind"] == "escalated")
    assert (said["by"], said["rung"], said["reason"]) == ("key:officer", 1, "水位猛涨")
    reached = [f for f in shown.json()["timeline"] if f["kind"] == "rung_reached"]
    assert (reached[-1]["rung"], reached[-1]["cause"]) == (1, "word")


async def test_pressed_twice_is_refused_in_both_languages(hamlet: Hamlet) -> None:
    name = await launched(hamlet)
    for verb, body in (("retry", {}), ("escalate", {"reason": "快"})):
        first = await hamlet.post(path(name, verb), body)
        again = await hamlet.post(path(name, verb), body)
        english = await hamlet.post(path(name, verb), body, Accept_Language="en")

        assert (first.status_code, again.status_code) == (200, 409)
        assert codes(again) == ["asked_just_now"]
        assert "刚刚操作过" in again.json()["detail"]
        assert "wait a moment" in english.json()["detail"]


async def test_the_last_rung_is_told_and_taken_is_told(hamlet: Hamlet) -> None:
    name = await launched(hamlet)
    rungs = len(
        (await hamlet.get(f"/api/v1/callouts/{name}")).json()["ladder"]["rungs"]
    )
    answers = []
    for _ in range(rungs):
        answers.append(await hamlet.post(path(name, "escalate"), {"reason": "快"}))
        hamlet.clock.move_to(hamlet.clock.now() + timedelta(seconds=10))

    assert [one.status_code for one in answers] == [200] * (rungs - 1) + [409]
    assert codes(answers[-1]) == ["top_rung"]

    other = await hamlet.callout(GRIDS[1])
    taken = await hamlet.post(path(other, "takeover"), {"note": "本台已去电"})
    assert (taken.json()["state"], taken.json()["taken"]["by"]) == ("taken", "desk")
    await hamlet.post(path(other, "escalate"), {"reason": "B角"})
    hamlet.clock.move_to(hamlet.clock.now() + timedelta(seconds=10))
    above = await hamlet.post(path(other, "escalate"), {"reason": "快"})
    again = await hamlet.post(path(other, "takeover"), {"note": "再次"})
    assert (codes(above), codes(again)) == (["callout_taken"], ["callout_taken"])


@pytest.mark.parametrize("verb", ["retry", "escalate", "takeover"])
async def test_what_is_answered_is_left_alone(hamlet: Hamlet, verb: str) -> None:
    name = await launched(hamlet)
    await hamlet.post(path(name, "answers"), HEARD)
    body = {"retry": {}, "escalate": {"reason": "快"}, "takeover": {"note": "快"}}
    before = await hamlet.get(f"/api/v1/callouts/{name}")
    refused = await hamlet.post(path(name, verb), body[verb])

    assert (refused.status_code, codes(refused)) == (409, ["callout_answered"])
    assert (await hamlet.get(f"/api/v1/callouts/{name}")).json() == before.json()


@pytest.mark.parametrize(
    ("verb", "body", "status", "found"),
    [
        ("retry", {"channel": "voice"}, 422, "channel_without_route"),
        ("retry", {"channel": "drum"}, 422, "unknown_value"),
        ("retry", {"note": 1}, 422, "text_expected"),
        ("escalate", {}, 422, "required"),
        ("escalate", {"reason": "  "}, 422, "required"),
    ],
)
async def test_a_wrong_order_is_refused(
    hamlet: Hamlet, verb: str, body: dict[str, object], status: int, found: str
) -> None:
    refused = await hamlet.post(path(await launched(hamlet), verb), body)

    assert (refused.status_code, codes(refused)) == (status, [found])


async def test_nobody_left_to_try_is_no_silent_success(hamlet: Hamlet) -> None:
    name = await launched(hamlet)
    for number in (1, 4, 5, 6, 7, 8):
        said = HEARD | {"person": f"p{number}", "meaning": "cannot_act"}
        await hamlet.post(path(name, "answers"), said)
    refused = await hamlet.post(path(name, "retry"), {"channel": "sms"})

    assert (refused.status_code, codes(refused)) == (409, ["nobody_to_retry"])


@pytest.mark.parametrize("verb", ["retry", "escalate"])
async def test_an_unknown_callout_and_a_key_without_the_scope(
    hamlet: Hamlet, verb: str
) -> None:
    nobody = await hamlet.post(
        path("none", verb), {"reason": "快"} if verb == "escalate" else {}
    )
    reader = await hamlet.post(path("none", verb), {}, key="reader")

    assert (nobody.status_code, codes(nobody)) == (404, ["unknown_callout"])
    assert (reader.status_code, codes(reader)) == (403, ["scope_missing"])

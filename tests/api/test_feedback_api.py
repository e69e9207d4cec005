"""What a post reported by telephone, typed in by an officer."""

from __future__ import annotations

import pytest

from tests.api.hamlet import GRIDS, TOWN, Hamlet, codes

AT = "2026-07-12T12:00:00+08:00"
HEARD = {"meaning": "received", "how": "phone", "at": AT}


async def answered(hamlet: Hamlet, unit: str, person: str) -> str:
    """Launch the warning and answer for a unit; give the path of its feedback."""
    await hamlet.launched()
    found = (await hamlet.get(f"/api/v1/callouts?unit={unit}")).json()["items"]
    duties = {"grid_lead", "township_duty"}
    name = next(one["id"] for one in found if one["post"] in duties)
    said = HEARD | {"person": person}
    await hamlet.post(f"/api/v1/callouts/{name}/answers", said)
    return f"/api/v1/callouts/{name}/feedback"


async def test_a_township_is_reported_once_nothing_is_missing(hamlet: Hamlet) -> None:
    path = await answered(hamlet, TOWN, "p5")
    body = {"at": AT, "note": "值班室来电", "figures": {"people": 35, "villages": 2}}
    part = (await hamlet.post(path, body)).json()
    whole = await hamlet.post(path, {"at": AT, "figures": {"commander": "p6"}})

    assert (part["state"], part["feedback_missing"]) == ("answered", ["commander"])
    told = whole.json()
    assert (told["state"], told["feedback_missing"]) == ("reported", [])
    assert told["feedback"] == {
        "households": None,
        "people": 35,
        "commander": "p6",
        "villages": 2,
    }
    said = [f for f in told["timeline"] if f["kind"] == "feedback_given"]
    assert [(f["by"], f["person"], f["evidence"]) for f in said] == [
        ("key:officer", "p5", "on_behalf")
    ] * 2
    assert said[0]["note"] == f"phone {AT} 值班室来电"


@pytest.mark.parametrize(
    ("changed", "status", "found"),
    [
        ({"figures": {}}, 422, "figures_needed"),
        ({"figures": {"people": -1}}, 422, "too_small"),
        ({"figures": {"commander": "nobody"}}, 422, "unknown_commander"),
        ({"person": "p2"}, 422, "not_on_ladder"),
        ({"at": "2026-07-12T12:02:00+08:00"}, 422, "heard_in_future"),
    ],
)
async def test_wrong_feedback_changes_nothing(
    hamlet: Hamlet, changed: dict[str, object], status: int, found: str
) -> None:
    path = await answered(hamlet, GRIDS[0], "p1")
    body = {"at": AT, "figures": {"people": 1}} | changed
    refused = await hamlet.post(path, body)

    assert (refused.status_code, codes(refused)) == (status, [found])


async def test_feedback_comes_after_an_answer_and_before_the_end(
    hamlet: Hamlet,
) -> None:
    alert = await hamlet.launched()
    path = f"/api/v1/callouts/{await hamlet.callout(GRIDS[0])}/feedback"
    body = {"at": AT, "figures": {"people": 1}}
    early = await hamlet.post(path, body)
    await hamlet.post(f"/api/v1/alerts/{alert}/cancel", {"reason": "雨停"})
    late = await hamlet.post(path, body)

    assert (early.status_code, codes(early)) == (409, ["callout_not_answered"])
    assert (late.status_code, codes(late)) == (409, ["callout_closed"])

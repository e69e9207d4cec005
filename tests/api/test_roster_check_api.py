"""The roster check over HTTP, on the county of three grids without a B角."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from shapely.geometry import box

from contacts.model import AddressId, Flag, UnitId
from dispatcher.store import confirmations, flags, places
from dispatcher.store.flags import Flagging
from tests.api.hamlet import COUNTY, GRIDS, NOON, TOWN, Hamlet, codes

CHECK = "/api/v1/roster/check"


async def checked(hamlet: Hamlet, query: str = "") -> dict[str, Any]:
    answer = await hamlet.get(f"{CHECK}{query}", "clerk")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


async def kept_well(hamlet: Hamlet) -> None:
    """Everybody was confirmed at noon, and the grids have land."""
    lands = {UnitId(grid): box(125, 42, 125.1, 42.1) for grid in GRIDS}
    await hamlet.runtime.database.write(lambda c: confirmations.confirm(c, NOON))
    await hamlet.runtime.database.write(lambda c: places.save_outlines(c, lands))


async def flagged(hamlet: Hamlet, flag: Flag) -> None:
    one = Flagging(address=AddressId("a1"), flag=flag, at=NOON, by="person:p1")
    await hamlet.runtime.database.write(lambda c: flags.add(c, [one]))


async def test_what_is_wrong_is_told_in_two_languages_and_by_township(
    hamlet: Hamlet,
) -> None:
    await kept_well(hamlet)
    found = await checked(hamlet)

    assert found["items"] == [
        {
            "code": "vacant",
            "unit": grid,
            "unit_name": f"{grid[-1]}网格",
            "township": TOWN,
            "post": "grid_backup",
            "person": None,
            "name": None,
            "zh": "副网格长, B角无人",
            "en": "nobody holds grid_backup",
        }
        for grid in GRIDS
    ]
    figures = {"grids": 3, "ready": 0, "score": 0.0, "faults": {"vacant": 3}}
    assert (found["gaps"], found["total"], found["cursor"]) == (3, figures, None)
    assert found["townships"] == [{**figures, "unit": TOWN, "name": "白鹭洲镇"}]


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        (
            Flag.WRONG_PERSON,
            {
                "unreachable": "没有一个可用的联系方式(号码均已标记,或没有相应线路)",
                "wrong_number": "+999 138****0001 接听人称不是本人,不再呼叫",
            },
        ),
        (
            Flag.DEAD,
            {
                "unreachable": "没有一个可用的联系方式(号码均已标记,或没有相应线路)",
                "dead_number": "+999 138****0001 连续两次预警不可达,疑为空号",
            },
        ),
        (Flag.OPTED_OUT, {"opted_out": "+999 138****0001 已退订短信"}),
    ],
)
async def test_a_flagged_number_is_told_with_its_person_and_masked(
    hamlet: Hamlet, flag: Flag, said: dict[str, str]
) -> None:
    await kept_well(hamlet)
    await flagged(hamlet, flag)
    found = [one for one in (await checked(hamlet))["items"] if one["person"] == "p1"]

    assert said == {one["code"]: one["zh"] for one in found}
    assert {one["name"] for one in found} == {"王建国1"}
    assert "13800000001" not in str(found)


async def test_who_is_asked_and_never_answers_is_silent(hamlet: Hamlet) -> None:
    await kept_well(hamlet)
    await hamlet.launched()
    await hamlet.runtime.engine.turn()
    before = (await checked(hamlet))["total"]["faults"]
    callout = await hamlet.callout(GRIDS[0])
    said = {
        "person": "p1",
        "meaning": "received",
        "how": "phone",
        "at": NOON.isoformat(),
    }
    await hamlet.post(f"/api/v1/callouts/{callout}/answers", said)
    after = (await checked(hamlet))["total"]["faults"]
    hamlet.clock.move_to(NOON + timedelta(days=91))
    later = (await checked(hamlet))["total"]["faults"]

    assert before["silent"] - after["silent"] == 1
    assert "silent" not in later


async def test_nobody_is_known_to_be_confirmed_at_first(hamlet: Hamlet) -> None:
    found = await checked(hamlet, f"?township={TOWN}&limit=1000")

    assert {one["unit"] for one in found["items"] if one["code"] == "no_place"} == {
        *GRIDS
    }
    assert sum(one["code"] == "stale" for one in found["items"]) == 6
    assert {one["township"] for one in found["items"]} == {TOWN}
    assert found["total"]["faults"]["stale"] == 8


async def test_findings_are_read_page_by_page(hamlet: Hamlet) -> None:
    whole = await checked(hamlet)
    pages, cursor = [], "0"
    while cursor:
        part = await checked(hamlet, f"?limit=4&cursor={cursor}")
        pages.append(part["items"])
        cursor = part["cursor"]

    assert [len(one) for one in pages] == [4, 4, 4, 2]
    assert [one for items in pages for one in items] == whole["items"]


async def test_a_township_we_do_not_have_has_no_findings(hamlet: Hamlet) -> None:
    assert (await checked(hamlet, f"?township={COUNTY}"))["items"] == []


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "cursor=x", "cursor=-1"])
async def test_a_page_that_makes_no_sense_is_refused(
    hamlet: Hamlet, query: str
) -> None:
    assert (await hamlet.get(f"{CHECK}?{query}", "clerk")).status_code == 422


async def test_people_are_shown_only_to_who_may_read_them(hamlet: Hamlet) -> None:
    answer = await hamlet.get(CHECK, "reader")

    assert (answer.status_code, codes(answer)) == (403, ["scope_missing"])

from __future__ import annotations

import csv
import io

import pytest

from dispatcher.api.columns import harmless
from dispatcher.store import schema
from tests.api.hamlet import (
    COUNTY,
    GRIDS,
    LEAD_NUMBER,
    TOWN,
    VILLAGE,
    Hamlet,
    codes,
)

CALLOUTS = "/api/v1/callouts"
GRID = GRIDS[0]
HEARD = {
    "person": "p1",
    "meaning": "received",
    "how": "phone",
    "at": "2026-07-12T12:00:30+08:00",
    "note": "本人接听",
}


async def test_a_callout_shows_its_ladder_and_all_its_facts(hamlet: Hamlet) -> None:
    alert = await hamlet.launched()
    name = await hamlet.callout(GRID)
    shown = (await hamlet.get(f"{CALLOUTS}/{name}")).json()

    assert (shown["alert"], shown["unit"], shown["post"], shown["state"]) == (
        alert,
        GRID,
        "grid_lead",
        "calling",
    )
    assert shown["next"]["what"] in {"try", "rung"}
    assert shown["ladder"]["rungs"][0]["posts"] == [{"unit": GRID, "post": "grid_lead"}]
    assert (shown["answered"], shown["taken"], shown["feedback"]) == (None, None, None)
    first = shown["timeline"][0]
    assert (first["kind"], first["at"], first["by"]) == (
        "opened",
        "2026-07-12T04:00:00Z",
        "key:officer",
    )
    assert {"rung_reached", "attempt_planned"} <= {f["kind"] for f in shown["timeline"]}


async def test_a_timeline_names_nobody_and_no_number(hamlet: Hamlet) -> None:
    await hamlet.launched()
    shown = await hamlet.get(f"{CALLOUTS}/{await hamlet.callout(GRID)}")
    timeline = str(shown.json()["timeline"])

    assert "王建国" not in timeline
    assert "+999" not in timeline
    assert LEAD_NUMBER not in shown.text


@pytest.mark.parametrize(
    ("query", "units"),
    [
        (f"unit={GRID}", {GRID}),
        ("state=calling&limit=1000", {*GRIDS, VILLAGE, TOWN, COUNTY}),
        ("state=desk", set()),
        ("mark=not_awakened", set()),
    ],
)
async def test_the_filters_are_the_same_under_an_alert(
    hamlet: Hamlet, query: str, units: set[str]
) -> None:
    alert = await hamlet.launched()
    everywhere = (await hamlet.get(f"{CALLOUTS}?{query}")).json()
    under = (await hamlet.get(f"/api/v1/alerts/{alert}/callouts?{query}")).json()

    assert {item["unit"] for item in everywhere["items"]} == units
    assert under == everywhere


async def test_callouts_of_an_unknown_alert_are_not_found(hamlet: Hamlet) -> None:
    answer = await hamlet.get("/api/v1/alerts/none/callouts")

    assert (answer.status_code, codes(answer)) == (404, ["unknown_alert"])


async def test_the_pages_of_a_list_are_the_list(hamlet: Hamlet) -> None:
    await hamlet.launched()
    whole = (await hamlet.get(CALLOUTS)).json()
    items: list[object] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await hamlet.get(f"{CALLOUTS}?limit=2&cursor={cursor}")).json()
        items += page["items"]
        cursor = page["cursor"]

    assert (items, whole["cursor"]) == (whole["items"], None)


async def test_an_answer_on_behalf_is_an_own_answer(hamlet: Hamlet) -> None:
    await hamlet.launched()
    name = await hamlet.callout(GRID)
    answer = await hamlet.post(f"{CALLOUTS}/{name}/answers", HEARD)

    assert answer.status_code == 200
    assert answer.json()["state"] == "answered"
    assert answer.json()["answered"] == {
        "person": "p1",
        "at": "2026-07-12T04:00:00Z",
        "meaning": "received",
        "evidence": "on_behalf",
    }
    said = next(f for f in answer.json()["timeline"] if f["kind"] == "answered")
    assert said["by"] == "key:officer"
    assert said["note"] == "phone 2026-07-12T12:00:30+08:00 本人接听"
    assert len(hamlet.wakes) == 2


async def test_figures_heard_are_feedback(hamlet: Hamlet) -> None:
    await hamlet.launched()
    name = await hamlet.callout(GRID)
    figures = {"households": 2, "people": 35}
    body = HEARD | {"meaning": "completed", "how": "sheet", "figures": figures}
    answer = await hamlet.post(f"{CALLOUTS}/{name}/answers", body)

    told = {"commander": None, "villages": None, **figures}
    assert answer.json()["feedback"] == told
    assert answer.json()["answered"]["evidence"] == "sheet"


async def test_somebody_above_takes_over(hamlet: Hamlet) -> None:
    await hamlet.launched()
    name = await hamlet.callout(GRID)
    above = await hamlet.post(f"{CALLOUTS}/{name}/answers", HEARD | {"person": "p4"})

    assert above.json()["state"] == "taken"
    assert above.json()["taken"]["by"] == "p4"
    assert above.json()["answered"] is None


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({"person": "nobody"}, ["not_on_ladder"]),
        ({"person": "p2"}, ["not_on_ladder"]),
        ({"person": 1}, ["text_expected"]),
        ({"meaning": "unclear"}, ["unknown_value"]),
        ({"how": "telepathy"}, ["unknown_value"]),
        ({"at": "2026-07-12T12:00:30"}, ["time_without_zone"]),
        ({"at": "2026-07-12T12:01:01+08:00"}, ["heard_in_future"]),
        ({"figures": {"people": -1}}, ["too_small"]),
        ({"figures": {"people": "35"}}, ["number_expected"]),
        ({"figures": {"dogs": 1}}, ["unknown_field"]),
        ({"meaning": "no", "how": "no"}, ["unknown_value", "unknown_value"]),
    ],
)
async def test_a_wrong_answer_on_behalf_changes_nothing(
    hamlet: Hamlet, changed: dict[str, object], found: list[str]
) -> None:
    await hamlet.launched()
    name = await hamlet.callout(GRID)
    before = await hamlet.count(schema.fact)
    answer = await hamlet.post(f"{CALLOUTS}/{name}/answers", HEARD | changed)

    assert (answer.status_code, codes(answer)) == (422, found)
    assert await hamlet.count(schema.fact) == before


async def test_a_closed_callout_takes_no_answer(hamlet: Hamlet) -> None:
    alert = await hamlet.launched()
    name = await hamlet.callout(GRID)
    await hamlet.post(f"/api/v1/alerts/{alert}/cancel", {"reason": "误发"})
    answer = await hamlet.post(f"{CALLOUTS}/{name}/answers", HEARD)

    assert (answer.status_code, codes(answer)) == (409, ["callout_closed"])


async def test_an_answer_to_no_callout_is_not_found(hamlet: Hamlet) -> None:
    answer = await hamlet.post(f"{CALLOUTS}/none/answers", HEARD)

    assert (answer.status_code, codes(answer)) == (404, ["unknown_callout"])


async def test_the_record_names_who_was_called_and_masks_numbers(
    hamlet: Hamlet,
) -> None:
    alert = await hamlet.launched()
    name = await hamlet.callout(GRID)
    await hamlet.post(f"{CALLOUTS}/{name}/answers", HEARD)
    record = await hamlet.get(f"/api/v1/alerts/{alert}/record", key="records")

    assert record.json()["alert"]["id"] == alert
    line = next(row for row in record.json()["rows"] if row["unit"] == GRID)
    assert line["called"] == [
        {"name": "王建国1", "post": "grid_lead", "numbers": ["+999 138****0001"]}
    ]
    assert (line["village"], line["township"]) == ("石门坪村", "白鹭洲镇")
    assert (line["answered_by"], line["evidence"]) == ("王建国1", "on_behalf")
    assert (line["attempts"], line["in_time"]) == ({"sms": 1}, True)
    assert line["opened_at"] == "2026-07-12T12:00:00+08:00"
    assert line["by"] == "officer"


async def test_the_record_is_a_sheet_that_opens_anywhere(hamlet: Hamlet) -> None:
    alert = await hamlet.launched(headline='=HYPERLINK("http://x")')
    name = await hamlet.callout(GRID)
    await hamlet.post(f"{CALLOUTS}/{name}/answers", HEARD)
    path = f"/api/v1/alerts/{alert}/record?format=csv"
    answer = await hamlet.get(path, key="records")

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith("\ufeff序号,预警标题".encode())
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    line = next(row for row in rows if row["单元编码"] == GRID)
    assert line["预警标题"] == '\'=HYPERLINK("http://x")'
    assert line["被叫应人(A/B角)"] == "王建国1(网格长, A角)"
    assert line["号码(脱敏)"] == "王建国1 +999 138****0001"
    assert (line["渠道与次数"], line["应答方式"]) == ("短信1次", "代录")
    assert (line["是否超时"], line["状态"]) == ("否", "已应答")
    assert len(rows) == await hamlet.count(schema.callout)


@pytest.mark.parametrize(
    ("path", "key", "status", "code"),
    [
        ("{}/record", "officer", 403, "scope_missing"),
        ("none/record", "records", 404, "unknown_alert"),
        ("{}/record?format=pdf", "records", 422, "unknown_value"),
    ],
)
async def test_a_record_needs_its_scope_and_a_form_we_have(
    hamlet: Hamlet, path: str, key: str, status: int, code: str
) -> None:
    alert = await hamlet.launched()
    answer = await hamlet.get(f"/api/v1/alerts/{path.format(alert)}", key=key)

    assert (answer.status_code, codes(answer)) == (status, [code])


@pytest.mark.parametrize("start", list("=+-@\t\r"))
def test_no_cell_of_a_record_is_a_formula(start: str) -> None:
    assert harmless(f"{start}1+1") == f"'{start}1+1"


def test_a_plain_cell_stays_as_it_is() -> None:
    assert harmless("1-1=0") == "1-1=0"

"""Warnings in CAP and 12379 by HTTP: accepted, completed, parked, followed."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.api.hamlet import GRIDS, TOWN, VILLAGE, Hamlet, alert, bearer
from tests.intake.documents import CAP, CN, swap, without

CAP_TYPE = "application/cap+xml"
OURS = swap(
    ("rain@chengxi", "rain-gauge-7@chengxi"),
    ("<valueName>NBS-2023</valueName>", "<valueName>DEMO</valueName>"),
    ("2026-07-12T09:12:00+08:00", "2026-07-12T12:00:00+08:00"),
    ("2026-07-12T12:12:00+08:00", "2026-07-12T15:00:00+08:00"),
    (">990421100<", f">{VILLAGE}<"),
    (">柳林镇<", "><"),
)
PLAIN = without("polygon", "circle")


async def post(hamlet: Hamlet, body: str, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = bearer("gauge") | {"Content-Type": CAP_TYPE} | named
    return await hamlet.http.post("/api/v1/alerts", content=body.encode(), headers=sent)


def cap(*changes: Any) -> str:
    text = PLAIN(OURS(CAP))
    for change in changes:
        text = change(text)
    return text


async def test_cap_calls_the_units_it_names(hamlet: Hamlet) -> None:
    answer = await post(hamlet, cap())
    told = answer.json()

    assert answer.status_code == 202
    assert (told["state"], told["level"], told["filled"]) == ("active", "red", [])
    assert told["units"] == 1 + len(GRIDS)


async def test_what_cap_leaves_out_is_supplied_and_named(hamlet: Hamlet) -> None:
    left_out = without("effective", "expires", "instruction", "senderName")
    told = (await post(hamlet, cap(left_out))).json()

    assert told["state"] == "active"
    assert told["filled"] == ["effective", "instruction", "issuer", "expires"]


async def test_the_same_cap_again_is_the_same_alert(hamlet: Hamlet) -> None:
    first, second = await post(hamlet, cap()), await post(hamlet, "\n" + cap())

    assert (first.status_code, second.status_code) == (202, 200)
    assert first.json()["id"] == second.json()["id"]


async def test_other_words_under_the_same_identifier_are_a_conflict(
    hamlet: Hamlet,
) -> None:
    await post(hamlet, cap())
    other = await post(hamlet, cap(swap(("3小时超100毫米", "已下100毫米"))))

    assert other.status_code == 409


async def test_a_name_that_contradicts_its_code_is_parked(hamlet: Hamlet) -> None:
    told = (
        await post(hamlet, cap(swap(("<areaDesc><", "<areaDesc>白鹭洲镇<"))))
    ).json()
    # The village lies in that town, so both can be meant; a grid's name can't.
    other = swap(("<areaDesc><", "<areaDesc>1网格<"), (">W-1<", ">W-2<"))
    wrong = swap((f">{VILLAGE}<", f">{GRIDS[1]}<"))
    parked = (await post(hamlet, cap(other, wrong))).json()

    assert (told["state"], told["reason"]) == ("parked", "name_code_mismatch")
    assert (parked["state"], parked["reason"]) == ("parked", "name_code_mismatch")


async def test_a_place_that_is_not_ours_is_parked(hamlet: Hamlet) -> None:
    told = (await post(hamlet, cap(swap((f">{VILLAGE}<", ">110101<"))))).json()

    assert (told["state"], told["reason"]) == ("parked", "no_audience")


async def test_an_update_without_its_alert_waits_for_it(hamlet: Hamlet) -> None:
    triple = "rain-gauge-7@chengxi,W-1,2026-07-12T04:00:00-00:00"
    follows = swap(
        (">Alert<", ">Update<"),
        (">W-1<", ">W-2<"),
        ("<scope>", f"<references>{triple}</references><scope>"),
    )
    early = (await post(hamlet, cap(follows))).json()
    first = (await post(hamlet, cap())).json()
    after = (await hamlet.get(f"/api/v1/alerts/{early['id']}")).json()

    assert (early["state"], early["reason"]) == ("parked", "unknown_reference")
    assert first["state"] == "superseded"
    assert (after["state"], after["chain"]) == ("active", first["id"])


async def test_a_json_update_needs_its_references_and_inherits_the_rest(
    hamlet: Hamlet,
) -> None:
    first = alert()
    await hamlet.send(first)
    triple = {name: first[name] for name in ("sender", "identifier", "sent")}
    update = {
        **triple,
        "identifier": "RG7-20260712-1000",
        "status": "Actual",
        "msg_type": "Update",
        "references": [triple],
        "instruction": "向高处撤离",
    }
    told = (await hamlet.send(update)).json()
    bare = await hamlet.send({**update, "identifier": "other", "references": []})

    assert (told["state"], told["level"], told["units"]) == ("active", "red", 4)
    assert bare.status_code == 422


async def test_a_cap_cancel_ends_the_alert(hamlet: Hamlet) -> None:
    first = (await post(hamlet, cap())).json()
    triple = "rain-gauge-7@chengxi,W-1,2026-07-12T12:00:00+08:00"
    cancel = swap(
        (">Alert<", ">Cancel<"),
        (">W-1<", ">C-1<"),
        ("<scope>", f"<references>{triple}</references><scope>"),
    )
    await post(hamlet, cap(cancel))
    after = (await hamlet.get(f"/api/v1/alerts/{first['id']}")).json()

    assert after["state"] == "cancelled"


async def test_a_message_of_12379_is_read_by_its_root(hamlet: Hamlet) -> None:
    ours = swap(
        ("澄溪县气象局", "rain-gauge-7@chengxi"),
        ("2026-07-12 09:12:00", "2026-07-12 12:00:00"),
        ("990421000000,990421000000,", f"{TOWN}000,"),
    )
    answer = await post(
        hamlet, ours(without("areaDesc")(CN)), Content_Type="application/xml"
    )
    told = answer.json()

    assert (answer.status_code, told["state"], told["level"]) == (202, "active", "red")
    assert told["filled"] == ["expires"]


async def test_cap_composer_shows_its_key_in_a_header_of_its_own(
    hamlet: Hamlet,
) -> None:
    key = bearer("gauge")["Authorization"].removeprefix("Bearer ")
    headers = {"Content-Type": CAP_TYPE, "CAP-Webhook-Auth": key}
    answer = await hamlet.http.post(
        "/api/v1/alerts", content=cap().encode(), headers=headers
    )

    assert answer.status_code == 202


async def test_segments_call_each_unit_at_its_own_level(hamlet: Hamlet) -> None:
    text = cap(swap((f">{VILLAGE}<", f">{GRIDS[0]}<")))
    begin, end = text.index("<info>"), text.index("</info>") + len("</info>")
    milder = (
        text[begin:end]
        .replace(GRIDS[0], GRIDS[1])
        .replace("红色", "橙色")
        .replace("Extreme", "Severe")
    )
    told = (await post(hamlet, text[:end] + milder + text[end:])).json()
    await hamlet.launch()
    levels = {grid: await level(hamlet, grid) for grid in GRIDS[:2]}

    assert told["level"] == "red"
    assert levels == {GRIDS[0]: "red", GRIDS[1]: "orange"}


async def level(hamlet: Hamlet, unit: str) -> str:
    shown = await hamlet.get(f"/api/v1/callouts/{await hamlet.callout(unit)}")
    return str(shown.json()["timeline"][0]["level"])


@pytest.mark.parametrize("sender", ["someone@else", "rain-gauge-7@elsewhere"])
async def test_a_key_speaks_in_cap_for_its_own_senders_only(
    hamlet: Hamlet, sender: str
) -> None:
    answer = await post(hamlet, cap(swap(("rain-gauge-7@chengxi", sender))))

    assert answer.status_code == 403

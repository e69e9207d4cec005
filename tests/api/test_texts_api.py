"""What is previewed is what is sent, to the byte."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select

from channels.contract import Channel
from channels.text import segments
from config.settings import Settings
from contacts.model import (
    Address,
    AddressId,
    AddressKind,
    Holding,
    Person,
    PersonId,
    Post,
    PostRef,
    UnitId,
)
from contacts.roster import Roster
from dispatcher.store import broadcasts, outbox, people, schema
from tests.api.conftest import opened
from tests.api.hamlet import (
    COUNTY,
    GRIDS,
    NOON,
    SETTINGS,
    TOWN,
    VILLAGE,
    Hamlet,
    alert,
    codes,
    roster,
)
from tests.api.served import CHANNELS, ROUTES

PREVIEW = "/api/v1/texts/preview"
ROBOT = {
    "provider": "wecom_robot",
    "key": "693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa",
    "base_url": "http://127.0.0.1:9",
}
GROUPS = {"channels": {**CHANNELS, "group": ROBOT}, "routes": ROUTES}
WHOLE = Settings.model_validate(SETTINGS.model_dump(mode="json") | GROUPS)
LEAD = PersonId("lead")
BARE = ("sender", "identifier", "sent", "status", "msg_type")


def peopled() -> Roster:
    """Give the county, where one man leads two grids and has a telephone and WeChat."""
    bare = roster()
    both = Person(
        id=LEAD,
        name="王建军",
        addresses=(
            Address(id=AddressId("a9"), kind=AddressKind.MOBILE, value="+999139000009"),
            Address(id=AddressId("w9"), kind=AddressKind.WECOM, value="wangjianjun"),
        ),
    )
    led = [PostRef(UnitId(grid), Post.GRID_LEAD) for grid in GRIDS[:2]]
    holdings = [one for one in bare.holdings if one.ref not in led]
    return Roster.build(
        bare.units.values(),
        [*bare.people.values(), both],
        [*holdings, *(Holding(ref=ref, person=both.id) for ref in led)],
    )


@pytest.fixture
async def county() -> AsyncIterator[Hamlet]:
    async with opened(WHOLE) as found:
        await found.runtime.database.write(lambda c: people.save_roster(c, peopled()))
        yield found


async def previewed(county: Hamlet, body: object, query: str = "") -> dict[str, Any]:
    """Give the preview of an alert."""
    answer = await county.post(PREVIEW + query, body, key="reader")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def sent_to(
    county: Hamlet, person: str, warning: str | None = None
) -> dict[Channel, str]:
    """Give what waits for a person in the outbox, by channel; of one warning."""

    def look(connection: Connection) -> dict[Channel, str]:
        table = schema.message
        found = select(table.c.id).where(table.c.person == person)
        found = found.where(table.c.alert == warning) if warning else found
        names = list(connection.scalars(found))
        return {one.channel: one.text for one in outbox.find(connection, names)}

    return await county.runtime.database.read(look)


@pytest.mark.parametrize("changed", [{}, {"status": "Exercise"}, {"level": "orange"}])
@pytest.mark.parametrize("unit", ["", GRIDS[2], VILLAGE, COUNTY])
async def test_what_is_previewed_is_then_sent_to_the_byte(
    county: Hamlet, unit: str, changed: dict[str, object]
) -> None:
    query = f"?unit={unit}" if unit else ""
    shown = (await previewed(county, alert(**changed), query))["spoken"]
    await county.launched(**changed)
    sent = await sent_to(county, shown["person"])
    told = {Channel(name): shown[name] for name in Channel}

    assert sent
    assert {name: one["text"] for name, one in told.items() if one["goes"]} == sent


async def test_who_leads_two_grids_is_told_of_both_at_once(county: Hamlet) -> None:
    shown = (await previewed(county, alert()))["spoken"]

    assert (shown["person"], shown["post"], shown["unit"]) == (
        "lead",
        "grid_lead",
        GRIDS[0],
    )
    assert shown["units"] == [*GRIDS[:2]]
    assert "石门坪村1网格、石门坪村2网格" in shown["sms"]["text"]


async def test_while_another_warning_asks_the_code_is_shown_too(
    county: Hamlet,
) -> None:
    await county.launched()
    flood = alert(identifier="F1", event_code="11B21", event="寒潮")
    shown = (await previewed(county, flood))["spoken"]
    other = await county.launched(identifier="F1", event_code="11B21", event="寒潮")
    sent = await sent_to(county, LEAD, other)

    assert "收到回61" in shown["sms"]["text"]
    assert shown["sms"]["text"] == sent[Channel.SMS]


async def test_lengths_are_those_of_the_networks(county: Hamlet) -> None:
    shown = (await previewed(county, alert()))["spoken"]
    sms, voice, card = shown["sms"], shown["voice"], shown["wechat"]

    assert sms["characters"] == len(sms["text"])
    assert sms["segments"] == segments(sms["text"]) == 2
    assert voice["text"].startswith(voice["opening"] + "\n")
    assert 4 < voice["opening_seconds"] <= 9 < voice["seconds"]
    assert (card["title"], [one["key"] for one in card["buttons"]]) == (
        "暴雨红色预警",
        ["1", "3", "4"],
    )
    assert not card["body"].startswith("【")


async def test_a_drill_says_so_first_in_every_channel(county: Hamlet) -> None:
    shown = await previewed(county, alert(status="Exercise"))
    said = shown["spoken"]

    assert shown["first_words"] == {"written": "演练:", "spoken": "这是演练:"}
    assert said["sms"]["text"].startswith("【应急】演练:")
    assert said["voice"]["text"].startswith("这是演练:")
    assert said["wechat"]["title"].startswith("演练:")
    assert shown["groups"][0]["text"].startswith("【应急】演练:")


async def test_the_group_hears_what_it_was_shown(county: Hamlet) -> None:
    [shown] = (await previewed(county, alert()))["groups"]
    await county.launched()

    def waiting(connection: Connection) -> list[str]:
        due = broadcasts.due(connection, ["group"], NOON, 9)
        return [one.text for one in due]

    assert await county.runtime.database.read(waiting) == [shown["text"]]
    assert shown["bytes"] == len(shown["text"].encode())


async def test_the_audience_is_what_accepting_answers(county: Hamlet) -> None:
    shown = (await previewed(county, alert()))["audience"]
    taken = (await county.send(alert())).json()

    for name in ("state", "reason", "level", "policy_level", "units", "people"):
        assert shown[name] == taken[name], name
    assert shown["capacity"] == taken["capacity"]
    assert shown["missing"] == []
    assert shown["grids"] == len(GRIDS)


async def test_a_township_is_told_what_it_has_to_bear(county: Hamlet) -> None:
    shown = (await previewed(county, alert()))["audience"]["townships"]

    # Of the township: two who lead grids, its village's head, and two of its own.
    assert shown == [
        {"unit": "", "name": "", "grids": 0, "people": 2},
        {"unit": TOWN, "name": "白鹭洲镇", "grids": 3, "people": 5},
    ]


async def test_a_vacant_post_is_named_with_its_place(county: Hamlet) -> None:
    bare = peopled()
    left = [one for one in bare.holdings if one.ref.unit != GRIDS[2]]
    fewer = Roster.build(bare.units.values(), bare.people.values(), left)
    await county.runtime.database.write(lambda c: people.save_roster(c, fewer))
    shown = (await previewed(county, alert()))["audience"]

    assert shown["missing_total"] == 1
    assert shown["missing"] == [
        {"unit": GRIDS[2], "unit_name": "3网格", "post": "grid_lead"}
    ]


async def test_what_is_not_written_yet_is_listed_and_the_rest_is_shown(
    county: Hamlet,
) -> None:
    body = alert(**dict.fromkeys((*BARE, "instruction", "issuer")))
    shown = await previewed(county, body)

    assert shown["absent"] == [*BARE, "instruction", "issuer"]
    assert "未来三小时降雨量将达100毫米以上" in shown["spoken"]["sms"]["text"]


async def test_an_empty_form_calls_nobody(county: Hamlet) -> None:
    shown = await previewed(county, {})

    assert (shown["spoken"], shown["groups"]) == (None, [])
    assert (shown["audience"]["units"], shown["audience"]["state"]) == (0, "parked")
    assert {"level", "areas", "event_code"} <= {*shown["absent"]}


async def test_every_level_shows_its_ladder(county: Hamlet) -> None:
    ladders = (await previewed(county, alert()))["ladders"]

    assert [one["level"] for one in ladders] == ["red", "orange", "yellow", "blue"]
    assert not any(one["night"] for one in ladders)


async def test_at_night_the_ladders_are_those_of_the_night(county: Hamlet) -> None:
    county.clock.move_to(NOON + timedelta(hours=12))
    ladders = (await previewed(county, alert(level="yellow")))["ladders"]

    assert all(one["night"] for one in ladders)


async def test_a_preview_leaves_no_trace(county: Hamlet) -> None:
    await previewed(county, alert())

    assert await county.kept() == (0, 0, 0)
    assert await county.count(schema.question) == 0
    assert await county.count(schema.message) == 0


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ([], 422, "object_expected"),
        (alert(level="pink"), 422, "unknown_value"),
        (alert(expires="2026-07-12T11:00:00+08:00"), 422, "expires_before_effective"),
        ({"msg_type": "Cancel"}, 422, "unknown_value"),
        ({"msgtype": "Alert"}, 422, "unknown_field"),
    ],
)
async def test_what_is_wrong_is_told(
    county: Hamlet, body: object, status: int, code: str
) -> None:
    answer = await county.post(PREVIEW, body, key="reader")

    assert (answer.status_code, codes(answer)) == (status, [code])


async def test_an_unknown_unit_is_not_found(county: Hamlet) -> None:
    answer = await county.post(f"{PREVIEW}?unit=nowhere", alert(), key="reader")

    assert (answer.status_code, codes(answer)) == (404, ["unknown_unit"])


async def test_where_nothing_is_asked_the_text_says_so(county: Hamlet) -> None:
    policies = (await county.runtime.keeper.context()).policies
    kinds = policies.hazards.items()
    [code, *_] = [code for code, kind in kinds if kind.ack != "required"]
    changed = {"event_code": code, "event": None, "level": "blue"}
    shown = (await previewed(county, alert(**changed)))["spoken"]
    await county.launched(**changed)
    county.clock.move_to(NOON + timedelta(seconds=10))
    await county.runtime.engine._rules.turn()  # noqa: SLF001 - the worker's own duty
    sent = await sent_to(county, shown["person"])

    assert shown["voice"] is None
    assert shown["sms"]["text"].endswith("不需回复")
    assert sent == {
        Channel.SMS: shown["sms"]["text"],
        Channel.WECHAT: shown["wechat"]["text"],
    }

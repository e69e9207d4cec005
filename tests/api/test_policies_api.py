from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import config
from config.settings import Settings
from tests.api.conftest import opened
from tests.api.hamlet import SETTINGS, Hamlet, codes

POLICIES, HAZARDS = "/api/v1/policies", "/api/v1/hazards"
SHIPPED = Path(config.__file__).parent / "policies" / "default.yaml"
FOREST_FIRE = "11B25"
EVERY_WAY = Settings.model_validate(
    SETTINGS.model_dump(mode="json")
    | {"routes": {"sms": ["sms"], "voice": ["sms"], "wechat": ["sms"]}}
)


async def read(hamlet: Hamlet, path: str) -> dict[str, Any]:
    """Give what a path answers."""
    answer = await hamlet.get(path)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def ladder(occasion: dict[str, Any], post: str) -> dict[str, Any]:
    """Give the course of a post."""
    return next(one for one in occasion["ladders"] if one["post"] == post)


async def test_the_policy_in_force_is_told_with_its_deadlines(hamlet: Hamlet) -> None:
    shown = await read(hamlet, POLICIES)
    red = shown["levels"][0]

    assert [one["level"] for one in shown["levels"]] == [
        "red",
        "orange",
        "yellow",
        "blue",
    ]
    assert (red["deadlines"]["received"], red["taken_result"]) == (300, 900)
    assert red["repeat"]["voice_every"] == 1800
    assert "grid_lead" in red["start_list"]
    assert shown["kinds"][0]["code"] == "default"
    assert any("红色" in line for line in shown["words"])
    assert (shown["on_disk"], shown["complaints"]) == (shown["version"], [])


async def test_a_file_that_was_spoilt_since_is_complained_of(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(SHIPPED.read_text())
    given = SETTINGS.model_dump(mode="json") | {"policies": {"dir": str(tmp_path)}}
    async with opened(Settings.model_validate(given)) as hamlet:
        own.write_text(SHIPPED.read_text().replace("name:", "neme:", 1))
        shown = await read(hamlet, POLICIES)

    assert shown["on_disk"] is None
    assert {one["where"] for one in shown["complaints"]} == {"name", "neme"}
    assert str(tmp_path) not in str(shown)


async def test_red_climbs_as_the_rules_say_when_nobody_answers() -> None:
    async with opened(EVERY_WAY) as hamlet:
        day, night = (await read(hamlet, f"{POLICIES}/red"))["occasions"]
    grid = ladder(day, "grid_lead")

    assert (day["night"], night["night"], grid["asks"]) == (False, True, True)
    assert [one["at"] for one in grid["rungs"]] == [0, 180, 300, 480, 600, 900]
    assert [(s["channel"], s["at"]) for s in grid["rungs"][0]["tries"]] == [
        ("wechat", 0),
        ("sms", 0),
        ("voice", 0),
        ("voice", 90),
        ("voice", 200),
    ]
    assert grid["rungs"][2]["marks"] == [
        {"at": 300, "name": "not_awakened"},
        {"at": 300, "name": "door_knock"},
    ]
    assert grid["desk_at"] == 960
    assert ladder(night, "grid_lead")["rungs"] == grid["rungs"]


async def test_a_channel_without_a_route_is_shown_as_such(hamlet: Hamlet) -> None:
    day, _ = (await read(hamlet, f"{POLICIES}/red"))["occasions"]
    first = ladder(day, "grid_lead")["rungs"][0]["tries"]

    assert {(one["channel"], one["why_not"]) for one in first} == {
        ("wechat", "no_route"),
        ("sms", None),
        ("voice", "no_route"),
    }


async def test_where_the_night_is_kept_no_telephone_rings_until_morning() -> None:
    async with opened(EVERY_WAY) as hamlet:
        every = (await read(hamlet, f"{POLICIES}/{FOREST_FIRE}"))["occasions"]
    orange = [one for one in every if one["level"] == "orange"]
    day, night = (ladder(one, "grid_lead") for one in orange)
    rung = [s for s in night["rungs"][0]["tries"] if s["channel"] == "voice"]
    suppressed = [s["at"] for s in rung if s["why_not"] == "night"]
    made = [s["at"] for s in rung if s["why_not"] is None]

    assert [s["at"] for s in day["rungs"][0]["tries"] if s["channel"] == "voice"] == (
        suppressed
    )
    assert min(made) > 3600
    assert night["desk_at"] > day["desk_at"]


async def test_a_kind_of_event_shows_every_level_with_its_shift(
    hamlet: Hamlet,
) -> None:
    kinds = (await read(hamlet, POLICIES))["kinds"]
    shifted = next(one for one in kinds if one["level_shift"])
    shown = await read(hamlet, f"{POLICIES}/{shifted['code']}")
    orange = next(one for one in shown["occasions"] if one["level"] == "orange")

    assert len(shown["occasions"]) == 8
    assert (orange["policy_level"], orange["event_code"]) == ("red", shifted["code"])


async def test_what_is_only_told_has_no_ladder(hamlet: Hamlet) -> None:
    kinds = (await read(hamlet, POLICIES))["kinds"]
    told = next(one for one in kinds if one["ack"] == "notify_only_below_red")
    shown = await read(hamlet, f"{POLICIES}/{told['code']}")
    blue = next(one for one in shown["occasions"] if one["level"] == "blue")

    assert [one["asks"] for one in blue["ladders"]] == [False] * len(blue["ladders"])
    assert {len(one["rungs"]) for one in blue["ladders"]} == {1}
    assert {one["desk_at"] for one in blue["ladders"]} == {None}


async def test_an_unknown_policy_is_not_found(hamlet: Hamlet) -> None:
    answer = await hamlet.get(f"{POLICIES}/pink")

    assert (answer.status_code, codes(answer)) == (404, ["unknown_policy"])


async def test_menus_come_page_by_page_with_what_to_do(hamlet: Hamlet) -> None:
    whole = (await read(hamlet, f"{HAZARDS}?limit=1000"))["items"]
    rain, fire = (
        next(one for one in whole if one["code"] == code)
        for code in ("11B03", FOREST_FIRE)
    )
    paged: list[object] = []
    cursor: str | None = ""
    while cursor is not None:
        part = await read(hamlet, f"{HAZARDS}?limit=100&cursor={cursor}")
        paged += part["items"]
        cursor = part["cursor"]

    assert paged == whole
    assert rain["name"] == "暴雨"
    assert rain["actions"].keys() == {"red", "orange", "yellow", "blue"}
    assert rain["actions"]["red"].startswith("立即转移")
    assert (rain["group"], fire["group"]) == ("11B03", "forest_fire")


@pytest.mark.parametrize("path", [POLICIES, f"{POLICIES}/red", HAZARDS])
async def test_who_may_not_read_alerts_reads_no_policy(
    hamlet: Hamlet, path: str
) -> None:
    answer = await hamlet.get(path, key="clerk")

    assert (answer.status_code, codes(answer)) == (403, ["scope_missing"])

"""Areas drawn on a map: in a warning, and asked about without one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from shapely.geometry import box

from contacts.datum import to_gcj02
from contacts.model import UnitId
from contacts.roster import Roster
from dispatcher.store import people, places
from tests.api.hamlet import GRIDS, TOWN, Hamlet, alert, roster

SPOTS = {
    UnitId(GRIDS[0]): (42.05, 125.05),
    UnitId(GRIDS[1]): (42.05, 125.25),
    UnitId(GRIDS[2]): (42.25, 125.25),
}
RING: list[list[float]] = [
    [125, 42],
    [125.1, 42],
    [125.1, 42.1],
    [125, 42.1],
    [125, 42],
]
SQUARE = {"type": "Polygon", "coordinates": [RING]}
ECHO = "/api/v1/areas/echo"


def placed() -> Roster:
    """The hamlet, with the places of its grids."""
    plain = roster()
    units = [
        replace(unit, lat=SPOTS[unit.id][0], lon=SPOTS[unit.id][1])
        if unit.id in SPOTS
        else unit
        for unit in plain.units.values()
    ]
    return Roster.build(units, plain.people.values(), plain.holdings)


@pytest.fixture
async def mapped(hamlet: Hamlet) -> Hamlet:
    await hamlet.runtime.database.write(lambda c: people.save_roster(c, placed()))
    return hamlet


async def echo(hamlet: Hamlet, *areas: dict[str, Any]) -> dict[str, Any]:
    answer = await hamlet.post(ECHO, {"areas": list(areas)})
    told: dict[str, Any] = answer.json()
    assert answer.status_code == 200, told
    return told


def grids(told: dict[str, Any]) -> list[str]:
    return [one["unit"] for one in told["places"] if one["kind"] == "grid"]


async def test_a_polygon_calls_the_grids_inside_it(mapped: Hamlet) -> None:
    sent = await mapped.send(alert(areas=[{"geometry": SQUARE}]))

    assert (sent.status_code, sent.json()["units"]) == (202, 1)


@pytest.mark.parametrize(
    ("area", "found"),
    [
        ({"geometry": SQUARE}, [GRIDS[0]]),
        (
            {
                "geometry": {
                    "type": "MultiPolygon",
                    "coordinates": [[RING], [[[p[0] + 0.2, p[1]] for p in RING]]],
                }
            },
            [GRIDS[0], GRIDS[1]],
        ),
        ({"circle": {"lat": 42.25, "lon": 125.25, "radius_km": 2}}, [GRIDS[2]]),
        ({"geometry": SQUARE, "units": [GRIDS[2]]}, [GRIDS[0], GRIDS[2]]),
        ({"name": "白鹭洲镇 "}, list(GRIDS)),
        ({"name": "澄溪县白鹭洲镇"}, list(GRIDS)),
        ({"codes": [{"system": "DEMO", "code": f"{TOWN}000"}]}, list(GRIDS)),
    ],
)
async def test_an_area_is_found_without_issuing_anything(
    mapped: Hamlet, area: dict[str, Any], found: list[str]
) -> None:
    told = await echo(mapped, area)

    assert (grids(told), told["unresolved"], told["outside"]) == (found, [], False)
    assert (await mapped.get("/api/v1/alerts")).json()["items"] == []


async def test_places_that_are_not_ours_are_told(mapped: Hamlet) -> None:
    away = {"circle": {"lat": 30, "lon": 110, "radius_km": 2}}
    told = await echo(mapped, away)
    some = await echo(mapped, {"name": "白鹭洲镇、某某镇"}, {"name": "无名村"})
    wrong = await echo(mapped, {"units": ["nowhere"]})

    assert (told["units"], told["outside"]) == (0, True)
    assert some["unresolved"] == ["白鹭洲镇、某某镇", "无名村"]
    assert grids(some) == list(GRIDS)
    assert wrong["unknown_units"] == ["nowhere"]


async def test_a_shape_off_a_chinese_map_is_moved_to_where_it_is(
    mapped: Hamlet,
) -> None:
    north, east = to_gcj02((42.05, 125.05))
    circle = {"lat": north, "lon": east, "radius_km": 0.05}
    as_shown = await echo(mapped, {"circle": circle, "crs": "GCJ-02"})

    assert grids(as_shown) == [GRIDS[0]]


async def test_outlines_say_more_than_points(mapped: Hamlet) -> None:
    land = {UnitId(GRIDS[1]): box(125.0, 42.0, 125.3, 42.1)}
    await mapped.runtime.database.write(lambda c: places.save_outlines(c, land))

    assert grids(await echo(mapped, {"geometry": SQUARE})) == [GRIDS[0], GRIDS[1]]


OPEN = [*RING[:-1]]


@pytest.mark.parametrize(
    ("area", "code"),
    [
        ({"geometry": {"type": "Polygon", "coordinates": [OPEN]}}, "polygon_open"),
        (
            {"geometry": {"type": "Polygon", "coordinates": [RING[:2]]}},
            "polygon_short",
        ),
        (
            {
                "geometry": {
                    "type": "Polygon",
                    "coordinates": [[p[::-1] for p in RING]],
                }
            },
            "latlon_swapped",
        ),
        (
            {
                "geometry": {
                    "type": "Polygon",
                    "coordinates": [[RING[0], RING[2], RING[1], RING[3], RING[0]]],
                }
            },
            "polygon_crossing",
        ),
        (
            {"geometry": {"type": "Polygon", "coordinates": [[[181, 1]] * 4]}},
            "coordinate_range",
        ),
        (
            {"geometry": {"type": "Point", "coordinates": [1, 2]}},
            "geometry_unsupported",
        ),
        ({"geometry": {"coordinates": [RING]}}, "geometry_unsupported"),
        ({"circle": {"lat": 125.5, "lon": 42.6, "radius_km": 1}}, "too_large"),
        ({"circle": {"lat": 42, "lon": 125, "radius_km": 0}}, "not_above"),
        ({"circle": {"lat": 42, "lon": 125, "radius_km": 501}}, "too_large"),
        ({"circle": {"lat": "x", "lon": 125, "radius_km": 1}}, "number_expected_any"),
        ({"circle": {"lat": 42, "lon": "125", "radius_km": 1}}, "number_expected_any"),
        (
            {"circle": {"lat": 42, "lon": 125, "radius_km": True}},
            "number_expected_any",
        ),
        ({"geometry": SQUARE, "crs": "EPSG:3857"}, "unknown_value"),
        ({}, "empty_area"),
    ],
)
async def test_what_is_wrong_with_a_shape_is_said(
    mapped: Hamlet, area: dict[str, Any], code: str
) -> None:
    answer = await mapped.post(ECHO, {"areas": [area]})
    sent = await mapped.send(alert(areas=[area]))

    assert (answer.status_code, sent.status_code) == (422, 422)
    assert [one["code"] for one in answer.json()["errors"]] == [code]
    assert [one["code"] for one in sent.json()["errors"]] == [code]


async def test_the_desk_takes_a_callout_over_and_owes_a_result(hamlet: Hamlet) -> None:
    await hamlet.launched()
    name = await hamlet.callout(GRIDS[0])
    body = {"note": "已派人上门"}
    taken = await hamlet.post(f"/api/v1/callouts/{name}/takeover", body)
    nobody = await hamlet.post("/api/v1/callouts/none/takeover", body)
    bare = await hamlet.post(f"/api/v1/callouts/{name}/takeover", {"note": " "})

    assert (taken.json()["state"], taken.json()["taken"]["by"]) == ("taken", "desk")
    assert (nobody.status_code, bare.status_code) == (404, 422)


async def near(hamlet: Hamlet, **about: object) -> list[tuple[str, int, bool, bool]]:
    """Give the live alerts of a kind in the first two grids."""
    areas = [{"units": list(GRIDS[:2])}]
    answer = await hamlet.post(ECHO, {"areas": areas, **about})
    return [
        (one["alert"], one["shared_units"], one["would_join"], one["would_replace"])
        for one in answer.json()["active"]
    ]


async def test_a_live_warning_of_the_kind_is_told_before_a_second_is_issued(
    hamlet: Hamlet,
) -> None:
    first = (await hamlet.send(alert(areas=[{"units": list(GRIDS[1:])}]))).json()

    assert await near(hamlet, event_code="11B03") == [(first["id"], 1, True, False)]
    assert await near(hamlet, event_code="11B03", sender="rain-gauge-7@chengxi") == [
        (first["id"], 1, True, True)
    ]
    shown = (
        await hamlet.post(
            ECHO, {"areas": [{"units": [GRIDS[1]]}], "event_code": "11B03"}
        )
    ).json()["active"][0]
    assert (shown["headline"], shown["level"], shown["chain"]) == (
        "暴雨红色预警",
        "red",
        first["chain"],
    )


async def test_what_the_echo_says_of_joining_is_what_happens(hamlet: Hamlet) -> None:
    first = (await hamlet.send(alert())).json()
    [(_, _, would_join, _)] = await near(hamlet, event_code="11B03")
    second = (await hamlet.send(alert(identifier="second"))).json()

    assert would_join is True
    assert second["chain"] == first["chain"]


async def test_a_chain_that_was_silent_too_long_is_told_and_not_joined(
    hamlet: Hamlet,
) -> None:
    first = (await hamlet.send(alert())).json()
    hamlet.clock.move_to(hamlet.clock.now() + timedelta(minutes=16))

    assert await near(hamlet, event_code="11B03") == [(first["id"], 2, False, False)]


@pytest.mark.parametrize(
    "about",
    [{}, {"event_code": "11B04"}, {"event_code": "11B03", "drill": True}],
    ids=["no kind", "another kind", "a drill"],
)
async def test_what_is_of_another_kind_is_not_told(
    hamlet: Hamlet, about: dict[str, object]
) -> None:
    await hamlet.send(alert())

    assert await near(hamlet, **about) == []

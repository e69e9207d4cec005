"""``jiaoying outline import``: a map of our units, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from contacts.datum import to_gcj02
from dispatcher.cli import outlines, rosters
from dispatcher.cli.failure import BAD_INPUT, CommandError
from tests.cli.console import DEADLINE_SECONDS, ROSTER, Server, furnish, jiaoying
from tests.cli.test_cli import rows

# Commands in processes of their own and what is done here share SQLite's file.
pytestmark = pytest.mark.sqlite

GRID, VILLAGE = "990421100201001", "990421100201"
OTHER = "990421100201002"
RING = [[110.0, 30.0], [110.1, 30.0], [110.1, 30.1], [110.0, 30.1], [110.0, 30.0]]
EAST = [[lon + 0.2, lat] for lon, lat in RING]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose store has the roster."""
    furnish(tmp_path)
    listed(tmp_path)
    return tmp_path


def listed(folder: Path, text: str = ROSTER) -> Mapping[str, object]:
    """Import a roster as the command does."""
    (folder / "roster.csv").write_text(text, encoding="utf-8")
    given = rosters.Given(file=folder / "roster.csv")
    return rosters.import_file(folder / "jiaoying.toml", given).result


def draw(folder: Path, lands: Mapping[str, object], name: str = "code") -> Path:
    """Write outlines into a file."""
    features = [
        {
            "type": "Feature",
            "properties": {name: code},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }
        for code, ring in lands.items()
    ]
    collection = {"type": "FeatureCollection", "features": features}
    file = folder / "map.geojson"
    file.write_text(json.dumps(collection), encoding="utf-8")
    return file


def imported(
    folder: Path, file: Path, crs: str = "wgs84", code_property: str = ""
) -> dict[str, object]:
    """Import outlines as the command does; gives what it prints."""
    given = outlines.Map(file=file, crs=crs, code_property=code_property)
    return outlines.import_file(folder / "jiaoying.toml", given)


def refused(folder: Path, file: Path, **how: str) -> list[str]:
    """What is said of a file that can't be imported, without its folder."""
    with pytest.raises(CommandError) as error:
        imported(folder, file, **how)
    assert error.value.code == BAD_INPUT
    return [line.replace(f"{folder}/", "") for line in error.value.problems]


def kept(folder: Path) -> dict[str, Any]:
    """Outer rings in the store, each by its corners."""
    found = rows(folder, "SELECT unit, geometry FROM outline")
    return {
        str(unit): {tuple(point) for point in json.loads(str(land))["coordinates"][0]}
        for unit, land in found
    }


def corners(ring: list[list[float]]) -> set[tuple[float, ...]]:
    return {tuple(point) for point in ring}


def test_outlines_are_imported_and_what_lacks_one_is_counted(folder: Path) -> None:
    listed(folder, f"{ROSTER}{VILLAGE},,,,{OTHER},第二网格,A角,王一,+99913800000009\n")
    file = draw(folder, {GRID: RING, VILLAGE: RING})

    assert imported(folder, file) == {
        "file": str(file),
        "outlines": 2,
        "grids": 1,
        "replaced": 0,
        "missing": 1,
        "unplaced": 1,
    }
    assert kept(folder) == {GRID: corners(RING), VILLAGE: corners(RING)}


def test_an_import_is_told_in_words(folder: Path) -> None:
    draw(folder, {VILLAGE: RING})
    done = jiaoying(folder, "outline", "import", "map.geojson")

    assert done.stdout.splitlines() == [
        "已导入 map.geojson:轮廓 1 个(其中网格 0 个,替换原有 0 个)",
        "还有 1 个最小单元没有轮廓,按经纬度的点判断",
        "其中 1 个连经纬度也没有,按图形发布的预警叫不到",
    ]


def test_a_second_import_replaces_the_units_it_names(folder: Path) -> None:
    imported(folder, draw(folder, {GRID: RING, VILLAGE: RING}))
    again = imported(folder, draw(folder, {GRID: EAST}))

    assert (again["outlines"], again["replaced"], again["missing"]) == (1, 1, 0)
    assert kept(folder) == {GRID: corners(EAST), VILLAGE: corners(RING)}


def test_a_new_roster_keeps_the_outlines_and_says_so(folder: Path) -> None:
    imported(folder, draw(folder, {GRID: RING, VILLAGE: RING}))
    same = listed(folder)
    moved = listed(folder, ROSTER.replace(GRID, OTHER))
    counts = [(told["outlines"], told["outlines_unused"]) for told in (same, moved)]

    assert counts == [(2, 0), (1, 1)]
    assert rosters.in_words(moved).endswith(
        "\n原有轮廓 1 个仍有效,1 个的单元已不在名册,留着不用"
    )
    assert kept(folder).keys() == {GRID, VILLAGE}


def test_every_problem_is_told_and_nothing_is_imported(folder: Path) -> None:
    imported(folder, draw(folder, {GRID: RING}))
    file = draw(folder, {GRID: EAST, VILLAGE: RING[:-1], "110101": RING})

    assert refused(folder, file) == [
        "map.geojson: 第 2 个要素: 多边形没有闭合:末点应等于首点",
        "map.geojson: 第 3 个要素: 名册里没有编码为“110101”的单元",
        "未导入任何一个轮廓",
    ]
    assert kept(folder) == {GRID: corners(RING)}


def test_a_refusal_is_bad_input_with_an_empty_stdout(folder: Path) -> None:
    done = jiaoying(folder, "outline", "import", "roster.csv", "--json")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "roster.csv: 不是 UTF-8 编码的 JSON",
        "未导入任何一个轮廓",
    ]


def test_without_a_roster_there_is_nothing_to_outline(tmp_path: Path) -> None:
    furnish(tmp_path)

    assert refused(tmp_path, draw(tmp_path, {GRID: RING})) == [
        "名册是空的,请先导入名册"
    ]


@pytest.mark.parametrize("word", ["gcj02", "GCJ-02"])
def test_a_map_of_another_datum_is_moved(folder: Path, word: str) -> None:
    shown = [list(to_gcj02((lat, lon))[::-1]) for lon, lat in RING]
    imported(folder, draw(folder, {GRID: shown}), crs=word)
    found = {(round(lon, 5), round(lat, 5)) for lon, lat in kept(folder)[GRID]}

    assert found == corners(RING)


def test_the_property_with_the_code_can_be_named(folder: Path) -> None:
    file = draw(folder, {GRID: RING}, "WGBM")

    assert "文件里有:WGBM" in refused(folder, file)[0]
    assert imported(folder, file, code_property="wgbm")["outlines"] == 1


def test_what_makes_no_sense_is_told(folder: Path) -> None:
    file = draw(folder, {GRID: RING})

    assert refused(folder, file, crs="utm") == ["--crs utm: 只能是 wgs84、gcj02、bd09"]
    assert refused(folder, folder / "none") == ["none: No such file or directory"]


@pytest.mark.timeout(120)
def test_a_running_server_sees_the_outlines_at_once(folder: Path) -> None:
    made = jiaoying(folder, "key", "create", "desk", "--scope", "alerts:read")
    area = {"geometry": {"type": "Polygon", "coordinates": [RING]}}
    with Server(folder) as server:
        client = httpx.Client(
            base_url=server.url,
            headers={"Authorization": f"Bearer {made.stdout.strip()}"},
            timeout=DEADLINE_SECONDS,
            trust_env=False,
        )
        with client:
            echo = {"areas": [area]}
            before = client.post("/api/v1/areas/echo", json=echo).json()
            imported(folder, draw(folder, {GRID: RING}))
            after = client.post("/api/v1/areas/echo", json=echo).json()

    assert (before["units"], len(before["unresolved"])) == (0, 1)
    assert (after["units"], after["unresolved"]) == (1, [])

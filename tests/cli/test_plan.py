"""``jiaoying plan``: what a warning would cost, and nobody hears of it."""

from __future__ import annotations

import json
import sqlite3
import stat
from pathlib import Path
from typing import Any

import pytest

from dispatcher.cli import outlines
from dispatcher.cli.plan import plan
from tests.cli.console import SETTINGS, Server, furnish, jiaoying
from tests.intake.documents import CAP, CN, swap, without

TELEPHONE = """\
[channels.voice]
provider = "twilio_voice"
account_sid = "AC00000000000000000000000000000001"
auth_token = "t"
from = "+9990000"
lines = 1
[routes]
voice = ["voice"]
"""
GRID = "990421100201001"
FAR_OFF = "2090-07-12T05:12:00+08:00"
RAIN = "29.9,109.9 29.9,110.05 30.05,110.05 30.05,109.9 29.9,109.9"
SQUARE = [[110.0, 30.0], [110.1, 30.0], [110.1, 30.1], [110.0, 30.1], [110.0, 30.0]]
LAND = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"code": GRID},
            "geometry": {"type": "Polygon", "coordinates": [SQUARE]},
        }
    ],
}
TOO_SLOW = "1条线打完第一轮约需3分钟,1人2分钟内响不了铃,请打印电话单分派人工"


def warning(**changed: object) -> str:
    """A red warning for the one grid; None leaves a field out."""
    body: dict[str, object] = {
        "sender": "cx-met@chengxi",
        "identifier": "W-1",
        "sent": "2026-07-12T02:12:00+08:00",
        "status": "Actual",
        "msg_type": "Alert",
        "event_code": "11B03",
        "event": "暴雨",
        "level": "red",
        "description": "3小时超100毫米",
        "instruction": "立即转移山边河边群众",
        "issuer": "澄溪县气象台",
        "effective": "2026-07-12T02:12:00+08:00",
        "expires": FAR_OFF,
        "areas": [{"units": [GRID]}],
        **changed,
    }
    kept = {name: value for name, value in body.items() if value is not None}
    return json.dumps(kept, ensure_ascii=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a roster in the store, one telephone line, and a warning."""
    furnish(tmp_path)
    (tmp_path / "jiaoying.toml").write_text(SETTINGS + TELEPHONE, encoding="utf-8")
    (tmp_path / "warning.json").write_text(warning(), encoding="utf-8")
    jiaoying(tmp_path, "roster", "import", "roster.csv")
    return tmp_path


def planned(folder: Path, *options: str, **changed: object) -> dict[str, Any]:
    """Plan a warning with these changes; gives what is printed."""
    (folder / "warning.json").write_text(warning(**changed), encoding="utf-8")
    done = jiaoying(folder, "plan", "warning.json", "--json", *options)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_a_plan_tells_whom_a_warning_would_call_and_how_fast(folder: Path) -> None:
    assert planned(folder) == {
        "file": "warning.json",
        "level": "red",
        "policy_level": "red",
        "units": 1,
        "grids": 1,
        "people": 4,
        "missing": [
            {"unit": "990421100", "name": "白鹭洲镇", "post": "township_leader"},
            {"unit": "990421", "name": "澄溪县", "post": "county_leader"},
        ],
        "unresolved": [],
        "capacity": {
            "voice": {
                "people": 4,
                "seconds": 180,
                "never_rung": 0,
                "first_seconds": 180,
            }
        },
        "warnings": [],
        "sheets": [],
    }


CODED = swap(("<geocode>990421000000,990421000000,", f"<geocode>{GRID}"))
DRAWN = swap(("42.6,125.5 42.6,125.6 42.7,125.6 42.7,125.5 42.6,125.5", RAIN))
LASTING = swap(("2026-07-12T12:12", "2090-07-12T12:12"))
NAMELESS = swap(("柳林镇", "强降雨落区"))


@pytest.mark.sqlite  # the roster comes from a command in a process of its own
@pytest.mark.parametrize(
    "text",
    [
        CODED(without("areaDesc")(CN)),
        LASTING(DRAWN(NAMELESS(without("circle", "geocode")(CAP)))),
    ],
    ids=["12379", "CAP"],
)
def test_a_warning_in_xml_is_planned_as_well(folder: Path, text: str) -> None:
    given = outlines.Map(file=folder / "map.geojson", crs="wgs84", code_property="")
    given.file.write_text(json.dumps(LAND), encoding="utf-8")
    outlines.import_file(folder / "jiaoying.toml", given)
    (folder / "warning.xml").write_text(text, encoding="utf-8")
    told = plan(folder / "jiaoying.toml", folder / "warning.xml", None)

    assert (told["level"], told["grids"], told["people"]) == ("red", 1, 4)
    assert (told["warnings"], told["unresolved"]) == ([], [])


def test_a_plan_is_read_back_in_words(folder: Path) -> None:
    said = jiaoying(folder, "plan", "warning.json").stdout

    assert said.splitlines() == [
        "红色预警,按红色策略叫应 1 个单元(其中网格 1 个),4 人",
        "  智能外呼:4 人,约 180 秒",
        "  空岗:白鹭洲镇 乡镇主要负责人",
        "  空岗:澄溪县 县带班领导",
    ]


def test_a_plan_leaves_no_trace_in_the_store(folder: Path) -> None:
    planned(folder)
    with sqlite3.connect(folder / "store.db") as store:
        tables = ("alert", "callout", "message")
        counts = [
            store.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - our own names
            for table in tables
        ]

    assert counts == [(0,), (0,), (0,)]


def test_a_plan_may_be_made_beside_a_running_server(folder: Path) -> None:
    with Server(folder):
        told = planned(folder)

    assert told["people"] == 4


def test_a_policy_that_can_not_keep_its_own_limit_is_told(folder: Path) -> None:
    shipped = Path(__file__).parents[2] / "config" / "policies" / "default.yaml"
    hasty = shipped.read_text(encoding="utf-8").replace(
        "deadlines: {received: 300,", "deadlines: {received: 120,"
    )
    (folder / "policies").mkdir()
    (folder / "policies" / "hasty.yaml").write_text(hasty, encoding="utf-8")
    (folder / "jiaoying.toml").write_text(
        f'{SETTINGS}{TELEPHONE}[policies]\ndir = "policies"\n', encoding="utf-8"
    )
    done = jiaoying(folder, "plan", "warning.json")

    assert done.returncode == 0
    assert f"提醒:{TOO_SLOW}" in done.stdout.splitlines()
    assert "  智能外呼:4 人,约 180 秒,其中 1 人时限内响不了铃" in done.stdout


def test_every_township_gets_a_sheet_that_only_its_owner_may_read(folder: Path) -> None:
    told = planned(folder, "--sheets", "sheets/red")
    sheet = folder / "sheets" / "red" / "990421100.html"

    assert told["sheets"] == [
        {
            "unit": "990421100",
            "name": "白鹭洲镇",
            "people": 3,
            "file": "sheets/red/990421100.html",
        }
    ]
    assert "+99913800000004" in sheet.read_text(encoding="utf-8")
    assert stat.S_IMODE(sheet.stat().st_mode) == 0o600


def test_a_draft_is_reckoned_as_if_it_were_issued(folder: Path) -> None:
    assert planned(folder, status="Draft")["people"] == 4


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"expires": "2026-07-12T05:12:00+08:00"}, "预警已过期"),
        ({"areas": [{"name": "无此镇"}]}, "范围无法识别"),
        (
            {"areas": [{"codes": [{"system": "DEMO", "code": "110101"}]}]},
            "范围内没有责任单元",
        ),
    ],
)
def test_a_warning_that_would_call_nobody_is_told(
    folder: Path, changed: dict[str, object], why: str
) -> None:
    assert planned(folder, **changed)["warnings"] == [f"照此发布不会叫应任何人:{why}"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "warning.json: 不是 UTF-8 编码的 JSON"),
        (warning(level=None, issuer=None), "warning.json: level: 缺少这一项"),
        (warning(areas=[{"units": ["nowhere"]}]), "没有编码为 nowhere 的单元"),
        (
            warning(
                areas=[
                    {
                        "name": "白鹭洲镇",
                        "codes": [{"system": "DEMO", "code": "990421"}],
                    }
                ]
            ),
            "指的不是同一个地方",
        ),
        (
            warning(
                msg_type="Cancel",
                references=[
                    {
                        "sender": "cx-met@chengxi",
                        "identifier": "W-0",
                        "sent": "2026-07-12T02:12:00+08:00",
                    }
                ],
            ),
            "Actual Cancel calls nobody",
        ),
    ],
)
def test_what_can_not_be_issued_can_not_be_planned(
    folder: Path, text: str, said: str
) -> None:
    (folder / "warning.json").write_text(text, encoding="utf-8")
    done = jiaoying(folder, "plan", "warning.json", "--json")

    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_a_file_that_is_not_there_is_told(folder: Path) -> None:
    done = jiaoying(folder, "plan", "none.json")

    assert (done.returncode, done.stdout, "none.json" in done.stderr) == (2, "", True)

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import pytest
import shapely
from rich.console import Console

from channels.contract import Channel
from contacts.importers.merge import merge
from contacts.importers.roster_file import read_roster
from contacts.model import Post, PostRef, UnitId
from contacts.roster import Roster
from dispatcher.cli.demo import Script
from dispatcher.cli.screen import WIDTH, View, drawn
from dispatcher.cli.stage import PEOPLE, RINGS, SUPERIOR_RINGS, SUPERIORS, phones
from dispatcher.cli.traffic import Ahead, Traffic
from dispatcher.core.answer import Evidence
from dispatcher.core.callout import Rung, State, Try
from dispatcher.core.due import Due, What
from dispatcher.sim.callee import Ring
from dispatcher.sim.county import CODE_SYSTEM, county_csv
from dispatcher.sim.land import lands
from dispatcher.sim.world import Habit
from tests.cli.console import jiaoying

RECORDS = ("csv", "html", "json", "xlsx")
SHIPPED = files("dispatcher.sim").joinpath("data", "red_rain.xml")
POLYGON = re.compile("<polygon>.*</polygon>")


def a_village() -> str:
    """The code of the first village in the county that is made up."""
    sheet = county_csv().decode("utf-8-sig").splitlines()
    codes = (row["区划代码"] for row in csv.DictReader(sheet))
    return next(code for code in codes if len(code) == 12)


def warning(village: str) -> str:
    """The shipped warning, for the land of a village."""
    parts = shapely.get_parts(lands()[village])
    rings = (
        " ".join(f"{north:.6f},{east:.6f}" for east, north in part.exterior.coords)
        for part in parts
    )
    drawn = "".join(f"<polygon>{ring}</polygon>" for ring in rings)
    return POLYGON.sub(drawn, SHIPPED.read_text("utf-8"))


@pytest.mark.timeout(180)
def test_a_demo_ends_with_everybody_answered_taken_over_or_at_the_desk(
    tmp_path: Path,
) -> None:
    village = a_village()
    alert = tmp_path / "village.xml"
    alert.write_text(warning(village), encoding="utf-8")
    done = jiaoying(
        tmp_path,
        *("demo", "--no-serve", "--json", "--alert", str(alert), "--speed", "60"),
    )

    assert done.returncode == 0, done.stderr

    told = json.loads(done.stdout)
    with (tmp_path / told["record"]).open(encoding="utf-8-sig") as file:
        lines = list(csv.reader(file))
    rows = json.loads((tmp_path / "var/demo/叫应记录表.json").read_text("utf-8"))[
        "rows"
    ]
    grids = {row["unit"] for row in rows if row["post"] == Post.GRID_LEAD}

    assert (
        told["answered"] + told["taken"] + told["to_desk"],
        told["lost"],
        len(lines) - 1,
        told["calls"] > 0,
        [word in done.stderr for word in ("叫应小结", "按键应答", "合并通知短信")],
        sorted(path.name for path in (tmp_path / "var/demo").iterdir()),
    ) == (
        told["callouts"],
        0,
        told["callouts"],
        True,
        [True, True, True],
        ["server.log", *(f"叫应记录表.{form}" for form in RECORDS)],
    )
    assert grids == {code for code in lands() if code[:12] == village != code}


@pytest.mark.parametrize("mix", [PEOPLE, RINGS, SUPERIORS, SUPERIOR_RINGS])
def test_shares_of_habits_add_up_to_a_hundred(mix: dict[str, float]) -> None:
    assert sum(mix.values()) == 100


def test_a_number_that_does_not_exist_takes_neither_calls_nor_texts() -> None:
    sheet = read_roster(county_csv(), code_system=CODE_SYSTEM, allow_test_numbers=True)
    ids = iter(map(str, range(10**5)))
    roster = merge(Roster.build((), (), ()), sheet, ids.__next__)
    dead = [phone for phone in phones(roster, 7) if phone.ring is Ring.DEAD]

    assert dead
    assert {Habit.DEAD} == {phone.habit for phone in dead}


def test_a_warning_played_again_is_another_one_with_the_same_words() -> None:
    script = Script(
        body=b'{"identifier": "R-1", "headline": "rain"}',
        headline="rain",
        identifier="R-1",
    )

    assert json.loads(script.again(2).body) == {
        "identifier": "R-1-2",
        "headline": "rain",
    }


ISSUED_AT = datetime(2026, 7, 12, 2, 12, tzinfo=UTC)
HEADS = Rung(
    at=300,
    posts=(
        PostRef(UnitId("990421100200"), Post.VILLAGE_HEAD),
        PostRef(UnitId("990421100200"), Post.VILLAGE_DUTY),
    ),
    tries=(Try(at=0, do=(Channel.SMS,)),),
)


def a_view() -> View:
    """Four minutes after the issue: 3 of 10 have answered, 2 are taken over."""
    states = {State.ANSWERED: 3, State.TAKEN: 2, State.CALLING: 5}
    return View(
        headline="暴雨红色预警",
        speed=10,
        elapsed=timedelta(minutes=4),
        summary={
            "callouts": 10,
            "by_state": {state.value: states.get(state, 0) for state in State},
            "taken": 2,
            "grid_coverage_rate": 0.3,
            "answer_rate": 0.25,
            "p50_seconds": 40.0,
        },
        traffic=Traffic(
            texts=21,
            calls=9,
            ringing=4,
            talking=1,
            picked_up=3,
            digests=2,
            covered=2,
            answers={
                Evidence.SMS_BARE: 1,
                Evidence.KEYPRESS: 1,
                Evidence.KEYPRESS_INBOUND: 1,
            },
        ),
        voice_lines=100,
        ahead=Ahead(
            due=Due(ISSUED_AT + timedelta(minutes=5), What.FLAGS, 2),
            rung=HEADS,
            callouts=5,
        ),
        issued_at=ISSUED_AT,
        lines=(),
    )


def test_the_screen_tells_the_lines_how_answers_came_and_what_is_next() -> None:
    console = Console(width=WIDTH, record=True, file=io.StringIO())
    console.print(drawn(a_view()))
    shown = [line.strip("│ ") for line in console.export_text().splitlines()]

    assert shown[4:7] == [
        "短信 21 条   电话 9 通   线路 5/100(响铃 4,通话 1)",
        "应答:短信 1   按键 1   回拨按键 1   合并通知接管 2",
        "下一步:05:00 逐级叫应 村(社区)负责人、村(社区)值班(5 个)",
    ]

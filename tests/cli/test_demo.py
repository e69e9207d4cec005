from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from dispatcher.cli.demo import restamped
from dispatcher.cli.stage import PEOPLE, SUPERIORS
from dispatcher.sim.county import CODE_SYSTEM, county_csv
from tests.cli.console import jiaoying

SHIPPED = files("dispatcher.sim").joinpath("data", "red_rain.json")


def a_village() -> str:
    """The code of the first village in the county that is made up."""
    sheet = county_csv().decode("utf-8-sig").splitlines()
    codes = (row["区划代码"] for row in csv.DictReader(sheet))
    return next(code for code in codes if len(code) == 12)


def warning(code: str) -> dict[str, Any]:
    shipped: dict[str, Any] = json.loads(SHIPPED.read_bytes())
    codes = [{"system": CODE_SYSTEM, "code": code}]
    return {**shipped, "areas": [{"codes": codes}]}


@pytest.mark.timeout(180)
def test_a_demo_ends_with_everybody_answered_taken_over_or_at_the_desk(
    tmp_path: Path,
) -> None:
    alert = tmp_path / "village.json"
    alert.write_text(json.dumps(warning(a_village())), encoding="utf-8")
    done = jiaoying(
        tmp_path,
        *("demo", "--no-serve", "--json", "--alert", str(alert), "--speed", "60"),
    )
    told = json.loads(done.stdout)
    with (tmp_path / told["record"]).open(encoding="utf-8-sig") as file:
        lines = list(csv.reader(file))

    assert (
        done.returncode,
        told["answered"] + told["taken"] + told["to_desk"],
        told["lost"],
        len(lines) - 1,
        "叫应小结" in done.stderr,
        sorted(path.name for path in (tmp_path / "var/demo").iterdir()),
    ) == (
        0,
        told["callouts"],
        0,
        told["callouts"],
        True,
        ["server.log", "叫应记录表.csv", "叫应记录表.json"],
    )


def test_a_warning_keeps_the_distance_of_its_times() -> None:
    now = datetime(2026, 11, 23, 4, 1, tzinfo=UTC)
    shipped = json.loads(SHIPPED.read_bytes())
    again = restamped(shipped, now)

    assert {
        name: datetime.fromisoformat(again[name]) - now
        for name in ("sent", "effective", "expires")
    } == {
        name: datetime.fromisoformat(shipped[name])
        - datetime.fromisoformat(shipped["sent"])
        for name in ("sent", "effective", "expires")
    }


@pytest.mark.parametrize("mix", [PEOPLE, SUPERIORS])
def test_shares_of_habits_add_up_to_a_hundred(mix: dict[str, float]) -> None:
    assert sum(mix.values()) == 100

"""The county's April roster: tried, mended, applied, undone, while a warning runs."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import pytest

from contacts.importers.columns import Column
from tests.contacts.offices import COLUMNS, HEADER, Row, Tab, as_csv, as_xls, as_xlsx
from tests.stories.april import HEALED, SPOILT, dirty
from tests.stories.conftest import Build
from tests.stories.test_roster_edits import EDITOR, admit_editor
from tests.stories.town import Town, roster_file

IMPORTS = "/api/v1/roster/imports"
COUNTY = "县(区)"
TITLE: Row = ["2026年4月防汛责任人名册"]
HEAD: Row = [*HEADER, COUNTY]
FIRST = 3  # the row below title and header
NEW = "新网格长"


def of_town(town: Town, fresh: str) -> list[Row]:
    """The town's rows, the first lead replaced."""
    table = csv.DictReader(io.StringIO(roster_file(town.numbers).decode()))
    rows = [[line[name] for name in (*COLUMNS, COUNTY)] for line in table]
    name, mobile = COLUMNS.index(Column.NAME), COLUMNS.index(Column.MOBILE)
    rows[0][name], rows[0][mobile] = NEW, fresh
    return [*rows]


def sound(town: Town, fresh: str) -> list[Row]:
    """Everything that can be read, each kind of dirt in a row of its own."""
    rows = [dirty(at, one.cells) for at, one in enumerate(HEALED.values(), 1)]
    return [TITLE, HEAD, *of_town(town, fresh), *rows, HEAD, rows[-1]]


async def send(town: Town, data: bytes, name: str) -> dict[str, Any]:
    answer = await town.api.post(IMPORTS, files={"file": (name, data)}, headers=EDITOR)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def order(town: Town, number: int, what: str) -> dict[str, Any]:
    answer = await town.api.post(f"{IMPORTS}/{number}/{what}", headers=EDITOR)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def people(town: Town) -> dict[str, Sequence[Any]]:
    """Everybody by his first post: name and numbers."""
    answer = await town.api.get("/api/v1/people?limit=1000", headers=EDITOR)
    return {
        post["unit"] + post["post"]: (
            one["name"],
            *(number["value"] for number in one["numbers"]),
        )
        for one in answer.json()["items"]
        for post in one["posts"]
    }


async def check_spoilt(town: Town, rows: Sequence[Row]) -> None:
    """Every kind of dirt that has to be mended is told by its row and column."""
    spoilt = [dirty(at, one.cells) for at, one in enumerate(SPOILT.values(), 201)]
    data = as_xlsx(Tab(rows=[*rows, *spoilt]))
    told = await send(town, data, "四月名册.xlsx")
    found = [(one["row"], one["letter"], one["what"]) for one in told["problems"]]
    begin = len(rows) + 1
    missed = [
        kind
        for at, (kind, one) in enumerate(SPOILT.items(), begin)
        if not any((r, c) == (at, one.letter) and one.words in w for r, c, w in found)
    ]
    path = f"{IMPORTS}/{told['id']}/errors"
    errors = await town.api.get(path, headers=EDITOR)
    lines = [*csv.reader(errors.content.decode("utf-8-sig").splitlines())]

    assert (told["state"], missed) == ("faulty", [])
    assert {row for row, _, _ in found} == {*range(begin, begin + len(SPOILT))}
    assert len(lines) == len(SPOILT) + 1
    # What is empty can't be marked by its text, but its column still is.
    assert all(any("※" in cell for cell in line) for line in lines[1:])


async def tried_mended(town: Town, rows: Sequence[Row]) -> dict[str, Any]:
    """Send what can be read; what stops nothing is remarked."""
    book = as_xlsx(Tab(rows=rows, hidden_rows=[len(rows) - 3]))
    mended = await send(town, book, "四月名册(改).xlsx")
    notes = " ".join(one["what"] for one in mended["notes"])

    assert (mended["state"], mended["problems"]) == ("tried", [])
    assert all(words in notes for words in ("又是表头", "同一人同一职务", "隐藏"))
    assert any(one["after"] == {"holders": [NEW]} for one in mended["changes"])
    return mended


def expected() -> dict[str, Sequence[str]]:
    """What the roster has of each healed row."""
    shown: dict[str, Sequence[str]] = {}
    for at, one in enumerate(HEALED.values(), 1):
        cells = dict(zip(COLUMNS, dirty(at, one.cells), strict=True))
        name = one.name or str(cells[Column.NAME])
        numbers = one.numbers or (f"138****{at:04}",)
        shown[f"{cells[Column.GRID_CODE]}grid_lead"] = (name, *numbers)
    return shown


@pytest.mark.timeout(180)
async def test_a_dirty_roster_comes_in_while_a_warning_runs(ringing: Build) -> None:
    async with ringing(1, lines=30) as town:
        assert len(HEALED) + len(SPOILT) >= 40
        await admit_editor(town)
        await town.warn()
        await town.until(45)
        before = await people(town)
        fresh = f"+{int(town.numbers['lead-1']) + 500}"
        rows = sound(town, fresh)
        await check_spoilt(town, rows)
        assert await people(town) == before

        mended = await tried_mended(town, rows)
        await order(town, mended["id"], "apply")
        applied = await people(town)
        assert {key: applied[key] for key in expected()} == expected()
        assert len(applied) == len(before) + len(HEALED)
        await order(town, mended["id"], "undo")
        assert await people(town) == before

        old = await send(town, as_xls(Tab(rows=rows)), "四月.xls")
        again = await send(town, as_csv(rows, "gb18030"), "四月.csv")
        assert old["figures"]["people"] == again["figures"]["people"]
        await order(town, again["id"], "apply")
        assert await people(town) == applied

        town.numbers["new"] = fresh
        await town.until(1000)
        assert [at for at, _, _ in await town.calls("lead-1")] == [0]
        assert [at for at, _, _ in await town.calls("new")][:2] == [90, 200]
        assert await town.lost() == 0

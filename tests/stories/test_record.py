"""The record of a night: the same in every form, from facts alone, again and again."""

from __future__ import annotations

import csv
import io
from typing import Any

import httpx
from sqlalchemy import Connection

from dispatcher.api.columns import COLUMNS, TAKEN
from dispatcher.core.alert import AlertId
from dispatcher.core.callout import Callout, CalloutId
from dispatcher.core.evolve import replay
from dispatcher.core.report import Row, row, summarise, summary, tally
from dispatcher.store import callouts
from tests.api.books import Book
from tests.stories.conftest import Build
from tests.stories.test_case_a_calls import night
from tests.stories.town import Town

Lines = dict[CalloutId, Row]
Stored = dict[CalloutId, Callout]
COUNTRY = "+999"
FORMS = ("json", "csv", "xlsx", "html")


async def record(town: Town, alert: str, form: str) -> httpx.Response:
    path = f"/api/v1/alerts/{alert}/record"
    answer = await town.api.get(path, params={"format": form})
    assert answer.status_code == 200, answer.text
    return answer


def words(form: str, content: bytes) -> str:
    """Everything that can be read in a file."""
    if form == "xlsx":
        return "".join(part.decode() for part in Book(content).parts.values())
    return content.decode()


def told_by_state(callout: Callout) -> dict[str, Any]:
    """What of a line of the record the state of a callout tells, too."""
    answer = callout.answer
    return {
        "state": callout.state,
        "close_reason": callout.close_reason,
        "answered_by": answer and answer.person,
        "answered_at": answer and answer.at,
        "evidence": answer and answer.evidence,
        "figures": callout.feedback,
        "marks": callout.marks,
        "tasks": callout.tasks,
        "opened_at": callout.opened_at,
        "tally": tally(callout),
    }


async def test_the_record_of_a_night_is_the_same_told_from_facts_or_from_the_state(
    ringing: Build,
) -> None:
    async with ringing(5, lines=30) as town:
        alert = AlertId(await night(town, 450))
        await town.replies("lead-2", "1")
        await town.until(1000)

        def both(c: Connection) -> tuple[Lines, Stored]:
            facts = dict(callouts.each_facts(c, alert))
            stored = {name: s.callout for name, s in callouts.load(c, facts).items()}
            assert {name: replay(told) for name, told in facts.items()} == stored
            return {name: row(told) for name, told in facts.items()}, stored

        rows, stored = await town.runtime.database.read(both)
        tallies = await town.runtime.database.read(
            lambda c: callouts.tallies_of(c, alert)
        )
        shown = await town.get(f"/api/v1/alerts/{alert}/summary")
        first = (await record(town, alert, "json")).json()
        again = (await record(town, alert, "json")).json()

    assert len(rows) == 10
    for name, told in rows.items():
        state = told_by_state(stored[name])
        assert state == {field: getattr(told, field) for field in state}
    counted = summarise(told.tally for told in rows.values())
    assert counted == summarise(tallies) == summary(stored.values())
    assert first == again
    assert first["summary"].items() <= shown.items()


async def test_every_form_tells_the_same_lines_and_no_number_in_full(
    ringing: Build,
) -> None:
    async with ringing(5, lines=30) as town:
        alert = await night(town, 1000)
        files = {form: await record(town, alert, form) for form in FORMS}
        numbers = {number for number in town.numbers.values() if number}
    lines = files["json"].json()["rows"]
    sheet = list(csv.DictReader(io.StringIO(files["csv"].content.decode("utf-8-sig"))))
    book = Book(files["xlsx"].content)
    first = book.rows(1)[: len(sheet)]

    assert len(numbers) > len(lines) == len(sheet) == 10
    for form, file in files.items():
        text = words(form, file.content)
        assert not [number for number in numbers if number[len(COUNTRY) :] in text], (
            form
        )
        assert "****" in text, form
    assert [
        {k: v for k, v in line.items() if v and k not in TAKEN} for line in sheet
    ] == [{k: v.removesuffix(".0") for k, v in line.items() if v} for line in first]
    page = files["html"].text
    for column in COLUMNS:
        told = {line[column.head] for line in sheet} - {""}
        assert not told or column.label in page
        assert column.kept or (column.label in page and not told)
    assert [line["callout"] for line in lines] == sorted_by_place(lines)


def sorted_by_place(lines: list[dict[str, Any]]) -> list[str]:
    order = sorted(lines, key=lambda line: (line["unit"], line["post"]))
    return [line["callout"] for line in order]


async def test_who_was_not_awakened_is_listed_by_township_apart_from_never_rung(
    ringing: Build,
) -> None:
    async with ringing(5, lines=30) as town:
        alert = await night(town, 450)
        told = (await record(town, alert, "json")).json()
        book = Book((await record(town, alert, "xlsx")).content)
        page = (await record(town, alert, "html")).text
        shown = await town.get(f"/api/v1/alerts/{alert}/summary", by="township")

    by_number = {line["number"]: line for line in told["rows"]}
    asleep = [by_number[number] for number in told["not_awakened"]]
    assert [line["unit"][-1] for line in asleep] == ["2", "3", "5"]
    assert len(asleep) == told["summary"]["not_awakened"] == shown["not_awakened"]
    listed = [line for line in book.rows(3) if line.get("类别") == "未叫醒"]
    assert [line["单元编码"] for line in listed] == [line["unit"] for line in asleep]
    assert "未叫醒名单 - 未叫醒:到时限拨过电话,无人应答(3)" in page
    assert "未叫醒名单 - 未拨出:到时限一个电话也没有拨出(0)" in page
    assert shown["townships"] == told["townships"]
    for figure in ("callouts", "answered", "not_awakened", "attempts"):
        assert shown[figure] == sum(part[figure] for part in shown["townships"])


async def test_a_drill_is_a_record_of_its_own_and_inside_no_live_figure(
    build: Build,
) -> None:
    async with build(2) as town:
        live = str((await town.warn())["id"])
        before = await town.get(f"/api/v1/alerts/{live}/summary")
        drill = str((await town.warn(status="Exercise", identifier="X-1"))["id"])
        await town.replies("lead-1", "1")
        after = await town.get(f"/api/v1/alerts/{live}/summary")
        exercise = await town.get(f"/api/v1/alerts/{drill}/summary")
        file = await record(town, drill, "xlsx")
        page = await record(town, drill, "html")
        lines = (await record(town, live, "json")).json()["rows"]

    assert (before["drill"], after["drill"], exercise["drill"]) == (False, False, True)
    assert before["callouts"] == after["callouts"] == len(lines)
    assert exercise["callouts"] == before["callouts"]
    assert {line["status"] for line in lines} == {"Actual"}
    assert {name[:2] for name in Book(file.content).names} == {"演练"}
    assert "<h1>演练叫应记录表</h1>" in page.text
    assert "filename*=UTF-8''%E6%BC%94%E7%BB%83" in file.headers["content-disposition"]

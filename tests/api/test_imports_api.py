from __future__ import annotations

import csv
import io
import zipfile
from typing import Any

import httpx
import pytest

from contacts.importers.columns import Column
from contacts.importers.roster_file import tables_of
from tests.api.hamlet import Hamlet, bearer, codes
from tests.contacts.offices import (
    HEADER,
    Row,
    Tab,
    as_csv,
    as_xlsx,
    part,
    row,
    second,
    tampered,
)

IMPORTS = "/api/v1/roster/imports"
SHEET = "xl/worksheets/sheet1.xml"
XXE = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'


def book(*rows: Row) -> bytes:
    return as_xlsx(Tab(rows=[HEADER, *rows]))


async def send(
    hamlet: Hamlet, data: bytes, name: str = "四月.xlsx", **fields: str
) -> httpx.Response:
    return await hamlet.http.post(
        IMPORTS, files={"file": (name, data)}, data=fields, headers=bearer("editor")
    )


async def tried(hamlet: Hamlet, data: bytes, **fields: str) -> dict[str, Any]:
    answer = await send(hamlet, data, **fields)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def order(hamlet: Hamlet, number: int, what: str) -> httpx.Response:
    return await hamlet.post(f"{IMPORTS}/{number}/{what}", {}, "editor")


async def names(hamlet: Hamlet) -> list[str]:
    found = (await hamlet.get("/api/v1/people", "clerk")).json()["items"]
    return sorted(one["name"] for one in found)


async def test_a_try_tells_what_would_change_and_changes_nothing(
    hamlet: Hamlet,
) -> None:
    before = await names(hamlet)
    answer = await send(hamlet, book(row(), row()))
    told = answer.json()

    assert answer.headers["location"] == f"{IMPORTS}/{told['id']}"
    assert (told["state"], told["base"], told["problems"]) == ("tried", 0, [])
    assert "同一人同一职务" in told["notes"][0]["what"]
    assert {
        "kind": "person",
        "subject": "",
        "before": None,
        "after": {"name": "李秀英", "numbers": ["138****8000"]},
    } in told["changes"]
    assert told["figures"]["changes"] == len(told["changes"])
    assert (await names(hamlet), len(hamlet.wakes)) == (before, 1)


async def test_an_import_is_applied_undone_and_listed(hamlet: Hamlet) -> None:
    before = await names(hamlet)
    first = await tried(hamlet, book(row()))
    done = await order(hamlet, first["id"], "apply")
    between = await names(hamlet)
    again = await order(hamlet, first["id"], "apply")
    undone = await order(hamlet, first["id"], "undo")
    twice = await order(hamlet, first["id"], "undo")
    listed = (await hamlet.get(IMPORTS, "clerk")).json()
    history = (await hamlet.get("/api/v1/roster/history", "clerk")).json()["items"]

    assert (done.status_code, done.json()["state"], between) == (
        200,
        "applied",
        ["李秀英"],
    )
    assert (again.status_code, codes(again)) == (409, ["applied"])
    assert (undone.json()["state"], await names(hamlet)) == ("undone", before)
    assert (twice.status_code, codes(twice)) == (409, ["undone"])
    assert [one["id"] for one in listed["items"]] == [first["id"]]
    assert {one["how"] for one in history} == {"import", "undo"}


async def test_without_dry_run_a_sound_file_is_applied_at_once(hamlet: Hamlet) -> None:
    told = await tried(hamlet, book(row()), dry_run="false")
    bad = await tried(hamlet, book(row({Column.MOBILE: "110"})), dry_run="false")

    assert (told["state"], told["edition"], told["changes"] != []) == (
        "applied",
        1,
        True,
    )
    assert (bad["state"], await names(hamlet)) == ("faulty", ["李秀英"])
    assert codes(await order(hamlet, bad["id"], "apply")) == ["faulty"]
    assert codes(await order(hamlet, bad["id"], "undo")) == ["not_applied"]


HEADS = ["某列" if one == Column.NAME else one for one in HEADER]
LETTER = "ABCDEFGHIJK"[HEADER.index(Column.NAME)]


async def test_a_column_under_a_strange_heading_is_shown_and_pointed_out(
    hamlet: Hamlet,
) -> None:
    strange = as_xlsx(Tab(rows=[HEADS, row()]))
    first = await tried(hamlet, strange)
    again = await tried(hamlet, strange, columns=f'{{"姓名": "{LETTER}"}}')
    shown = (await hamlet.get(f"{IMPORTS}/{again['id']}", "clerk")).json()

    missing = [one for one in first["layout"]["columns"] if one["needed"]]
    heading = next(h for h in first["layout"]["headings"] if h["letter"] == LETTER)
    taken = {"name": "姓名", "needed": True, "letter": LETTER}
    assert {**taken, "letter": None} in missing
    assert heading == {"letter": LETTER, "text": "某列", "samples": ["李秀英"]}
    assert (first["state"], again["state"]) == ("faulty", "tried")
    assert taken in shown["layout"]["columns"]
    assert (await order(hamlet, again["id"], "apply")).status_code == 200
    assert await names(hamlet) == ["李秀英"]


@pytest.mark.parametrize(
    "columns",
    [
        "",
        "[]",
        '{"名字": "A"}',
        '{"姓名": "a"}',
        '{"姓名": "A", "手机": "A"}',
        '{"姓名": 1}',
    ],
)
async def test_columns_that_say_nothing_clear_are_refused(
    hamlet: Hamlet, columns: str
) -> None:
    answer = await send(hamlet, book(row()), columns=columns)

    assert (answer.status_code, codes(answer)) == (422, ["columns_invalid"])


async def test_of_a_file_with_problems_the_correct_rows_are_taken_by_order(
    hamlet: Hamlet,
) -> None:
    await tried(hamlet, book(row(), second()), dry_run="false")
    third = second({Column.NAME: "新来的", Column.MOBILE: "13500135000"})
    told = await tried(hamlet, book(third, row({Column.MOBILE: "110"})))
    plain = await order(hamlet, told["id"], "apply")
    done = await order(hamlet, told["id"], "apply?only_correct=true")
    held = await names(hamlet)
    undone = await order(hamlet, told["id"], "undo")

    assert (told["state"], told["figures"]["left_out"]) == ("faulty", 1)
    assert told["figures"]["changes"] == len(told["changes"]) > 0
    assert not [one for one in told["changes"] if one["kind"] == "unit"]
    assert (plain.status_code, codes(plain)) == (409, ["faulty"])
    assert (done.status_code, done.json()["state"]) == (200, "applied")
    assert done.json()["figures"]["left_out"] == 1
    assert held == ["新来的", "李秀英"]
    assert (undone.status_code, await names(hamlet)) == (200, ["李秀英", "王建国"])


async def test_where_no_row_is_correct_there_is_nothing_to_take(hamlet: Hamlet) -> None:
    told = await tried(hamlet, book(row({Column.MOBILE: "110"})))
    answer = await order(hamlet, told["id"], "apply?only_correct=true")

    assert "left_out" not in told["figures"]
    assert (answer.status_code, codes(answer)) == (409, ["faulty"])


async def test_what_stays_as_it_is_is_counted(hamlet: Hamlet) -> None:
    await tried(hamlet, book(row(), second()), dry_run="false")
    same = await tried(hamlet, book(row(), second()))
    other = await tried(hamlet, book(row(), second({Column.NAME: "新来的"})))

    whole = same["figures"]["unchanged"]
    assert (same["figures"]["changes"], whole) == (0, 4 + 2 + 2)
    assert other["figures"]["unchanged"] == whole - 1  # his name was corrected


async def test_what_was_edited_between_needs_a_new_try_or_force(
    hamlet: Hamlet,
) -> None:
    old = await tried(hamlet, book(row()))
    await tried(hamlet, book(row(), second()), dry_run="false")
    refused = await order(hamlet, old["id"], "apply")
    forced = await order(hamlet, old["id"], "apply?force=true")
    unknown = await order(hamlet, 999, "apply")

    assert (refused.status_code, codes(refused)) == (409, ["moved"])
    assert "第 1 版" in refused.json()["detail"]
    assert (forced.status_code, await names(hamlet)) == (200, ["李秀英"])
    assert (unknown.status_code, codes(unknown)) == (404, ["unknown_import"])


async def test_changes_come_page_by_page(hamlet: Hamlet) -> None:
    many = [
        row({Column.GRID_CODE: f"990421100200{n:03}", Column.GRID_NAME: f"{n}网格"})
        for n in range(1, 250)
    ]
    told = await tried(hamlet, book(*many))
    path = f"{IMPORTS}/{told['id']}/changes?limit=90"
    found: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        answer = await hamlet.get(
            f"{path}&cursor={cursor}" if cursor else path, "clerk"
        )
        found += answer.json()["items"]
        cursor = answer.json()["cursor"]
    subjects = [(one["kind"], one["subject"]) for one in found if one["subject"]]

    assert (len(told["changes"]), len(found)) == (100, told["figures"]["changes"])
    assert len(found) > 490
    assert len(set(subjects)) == len(subjects)


async def test_errors_are_a_table_that_nothing_calculates(hamlet: Hamlet) -> None:
    bad = row({Column.MOBILE: "110", Column.NAME: "=HYPERLINK(1)"})
    told = await tried(hamlet, book(row(), bad, second({Column.ROLE: "@SUM(1)"})))
    path = f"{IMPORTS}/{told['id']}/errors"
    as_text = await hamlet.get(path, "clerk")
    as_book = await hamlet.get(f"{path}?format=xlsx", "clerk")
    lines = [*csv.reader(as_text.content.decode("utf-8-sig").splitlines())]
    [table] = tables_of(as_book.content)
    xml = zipfile.ZipFile(io.BytesIO(as_book.content)).read(SHEET)

    assert lines[0][:3] == ["行", "问题", "区划代码"]
    assert [(line[0], line[8], line[9]) for line in lines[1:]] == [
        ("3", "'=HYPERLINK(1)", "※110"),
        ("4", "王建国", "139****9000"),
    ]
    assert lines[2][7] == "※@SUM(1)"
    assert "13900139000" not in as_text.text
    assert [line.cells[0] for line in table.lines] == ["行", "3", "4"]
    assert b"<f>" not in xml


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "缺少这一列"),
        (b"\x00\x01\x02" * 400, ""),
        (b"%PDF-1.7 ...", "PDF"),
        (b"<html><table></table></html>", "网页"),
        (book(row())[:-300], "损坏"),
        (b"PK\x03\x04" + bytes(100), "损坏"),
        (tampered(book(row()), {SHEET: XXE}), "DOCTYPE"),
        (
            tampered(
                book(row()),
                {SHEET: part(book(row()), SHEET) + b" " * (257 * 1024**2)},
            ),
            "解压后超过",
        ),
        (as_csv([HEADER, *[row()] * 200_001]), "超过 200000 行"),
    ],
    ids=["empty", "noise", "pdf", "page", "cut", "magic", "xxe", "bomb", "rows"],
)
async def test_a_hostile_file_is_a_problem_in_the_answer(
    hamlet: Hamlet, data: bytes, words: str
) -> None:
    told = await tried(hamlet, data)

    assert (told["state"], told["changes"]) == ("faulty", [])
    assert any(words in one["what"] for one in told["problems"])


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/四月.xlsx", "四月.xlsx"),
        ("C:\\名册\\四月.xlsx", "四月.xlsx"),
        ("13800138000.xlsx", "****"),
        ("a" * 900, "a" * 200),
        ("\u202e..", "名册"),
    ],
)
async def test_of_a_file_s_name_only_the_end_is_kept(
    hamlet: Hamlet, name: str, kept: str
) -> None:
    told = (await send(hamlet, book(row()), name)).json()

    assert kept in told["file"]
    assert "/" not in told["file"]
    assert "13800138000" not in told["file"]


async def test_a_form_that_is_none_is_refused(hamlet: Hamlet) -> None:
    async def posted(**body: Any) -> tuple[int, list[str]]:
        answer = await hamlet.http.post(IMPORTS, headers=bearer("editor"), **body)
        return answer.status_code, codes(answer)

    file = {"file": ("a.csv", b"a")}

    assert await posted(json={}) == (415, ["form_expected"])
    assert await posted(files={"other": ("a", b"")}) == (422, ["missing"])
    assert await posted(data={"file": "text"}, files={"x": ("a", b"")}) == (
        422,
        ["missing"],
    )
    assert await posted(files=file, data={"dry_run": "maybe"}) == (
        422,
        ["bool_parsing"],
    )
    assert await posted(files=file, data={"dry_run": "x" * 5000}) == (400, ["refused"])
    assert await posted(files=[*file.items()] * 2) == (400, ["refused"])
    assert await posted(files={"file": ("a.csv", bytes(34 * 1024**2))}) == (
        413,
        ["too_large"],
    )


async def test_a_third_upload_is_told_to_come_again(hamlet: Hamlet) -> None:
    apart = hamlet.http._transport.app.state.front.apart  # type: ignore[attr-defined] # noqa: SLF001 - the app that is served
    with apart.turn(), apart.turn():
        answer = await send(hamlet, book(row()))

    assert (answer.status_code, codes(answer)) == (503, ["imports_busy"])
    assert answer.headers["retry-after"] == "10"
    assert (await send(hamlet, book(row()))).status_code == 201

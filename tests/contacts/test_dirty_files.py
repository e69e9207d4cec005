"""Every kind of dirt that county files are known for, in all formats that hold it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from contacts.importers import cells, values
from contacts.importers.columns import Column
from contacts.importers.csv_file import NO_ENCODING, NO_TEXT
from contacts.importers.reading import MISSING, NOBODY
from contacts.importers.sheet import ListedAddress, ListedPerson, RowProblem
from contacts.importers.table import TOO_LONG
from contacts.model import AddressKind, Post
from contacts.numbers import NOT_CALLABLE, UNREADABLE
from tests.contacts.offices import (
    HEADER,
    Row,
    Tab,
    Value,
    as_csv,
    as_xls,
    as_xlsx,
    read,
    row,
    second,
)

Write = Callable[[list[Row]], bytes]

FORMATS: Mapping[str, Write] = {
    "csv": as_csv,
    "gbk": lambda rows: as_csv(rows, "gb18030", "\t"),
    "xlsx": lambda rows: as_xlsx(Tab(rows=rows)),
    "xlsx-inline": lambda rows: as_xlsx(Tab(rows=rows), in_line=True),
    "xls": lambda rows: as_xls(Tab(rows=rows)),
}
BOOKS = {name: FORMATS[name] for name in ("xlsx", "xls")}
SHEET = "xl/worksheets/sheet1.xml"


def mobile(value: str) -> ListedAddress:
    return ListedAddress(kind=AddressKind.MOBILE, value=value)


FIRST, SPARE = mobile("+8613800138000"), mobile("+8613900139000")
LI = ListedPerson(name="李秀英", addresses=(FIRST,))
WANG = ListedPerson(name="王建国", addresses=(SPARE,))
CLEAN = read(as_csv([HEADER, row()]))

# What is written instead of the clean cell, and means the same.
HARMLESS: Mapping[str, tuple[Column, Value]] = {
    "full-width digits": (Column.MOBILE, "１３８００１３８０００"),
    "no-break spaces": (Column.MOBILE, "\xa013800138000\xa0"),
    "ideographic space": (Column.MOBILE, "　13800138000　"),
    "zero-width space": (Column.MOBILE, "138\u200b00138000"),
    "marks of direction": (Column.MOBILE, "\u202d13800138000\u202c"),
    "byte order mark inside": (Column.MOBILE, "\ufeff13800138000"),
    "soft hyphen": (Column.MOBILE, "138\xad0013\xad8000"),
    "hyphens": (Column.MOBILE, "138-0013-8000"),
    "groups": (Column.MOBILE, "138 0013 8000"),
    "country code": (Column.MOBILE, "+86 13800138000"),
    "dialled country code": (Column.MOBILE, "0086 13800138000"),
    "apostrophe": (Column.MOBILE, "'13800138000"),
    "turned apostrophe": (Column.MOBILE, "‘13800138000"),
    "point zero": (Column.MOBILE, "13800138000.0"),
    "whole exponent": (Column.MOBILE, "1.3800138000E+10"),
    "line break at the end": (Column.MOBILE, "13800138000\n"),
    "tab in front": (Column.MOBILE, "\t13800138000"),
    "number": (Column.MOBILE, 13800138000),
    "float": (Column.MOBILE, 13800138000.0),
    "separator at the end": (Column.MOBILE, "13800138000、"),
    "spaced name": (Column.NAME, "李 秀英"),
    "widely spaced name": (Column.NAME, "李　秀　英"),
    "name over two lines": (Column.NAME, "李\n秀英"),
    "zero-width in a name": (Column.NAME, "李\u200b秀\u200d英"),
    "variant of a character": (Column.NAME, "李秀英\ufe00"),
    "full-width office": (Column.ROLE, "Ａ 角"),
    "office over two lines": (Column.ROLE, "A\n角"),
    "another name of the office": (Column.ROLE, "网格长"),
    "code as a number": (Column.CODE, 990421100200),
    "code with point zero": (Column.CODE, "990421100200.0"),
    "grid's code as a number": (Column.GRID_CODE, 990421100200001),
    "rank as a number": (Column.RISK, 2.0),
    "rank in full width": (Column.RISK, "２"),
    "nothing, as a slash": (Column.BACKUP, "/"),
    "nothing, in words": (Column.BACKUP, "无"),
    "nothing, as a dash": (Column.BACKUP, "——"),
    "white space only": (Column.BACKUP, " \u3000\xa0"),
    "same number again": (Column.BACKUP, "13800138000"),
}
# Two numbers in one cell: the second becomes the spare one.
TWO_NUMBERS = {
    "slash": "13800138000/13900139000",
    "full-width slash": "13800138000／13900139000",
    "enumeration comma": "13800138000、13900139000",
    "semicolon": "13800138000；13900139000",
    "comma": "13800138000，13900139000",
    "bar": "13800138000|13900139000",
    "new line": "13800138000\n13900139000",
    "carriage return": "13800138000\r\n13900139000",
    "space": "13800138000 13900139000",
    "spaces and full width": "１３８００１３８０００　１３９００１３９０００",
}
# What can't be read, and what is told of it.
SPOILT: Mapping[str, tuple[Column, Value, str]] = {
    "rounded number": (Column.MOBILE, "1.38E+10", cells.SPOILT.what),
    "rounded code": (Column.CODE, "9.90421E+11", cells.SPOILT.what),
    "a slip": (Column.MOBILE, "1380013800", NOT_CALLABLE),
    "an emergency number": (Column.MOBILE, 110, NOT_CALLABLE),
    "letters for digits": (Column.MOBILE, "138OO138OOO", UNREADABLE),
    "a remark": (Column.MOBILE, "13800138000(儿子)", UNREADABLE),
    "as above": (Column.MOBILE, "同上", UNREADABLE),
    "garbled": (Column.NAME, "李\ufffd英", cells.GARBLED.what),
    "two people": (Column.NAME, "李秀英、王建国", "像是写了几个人,请每人一行"),
    "number in a name": (
        Column.NAME,
        "李秀英13800138000",
        "姓名里有号码,请分到各自的列",
    ),
    "number as an office": (
        Column.ROLE,
        "13800138000",
        "不认识的职务“138****8000”",
    ),
    "slip as an office": (Column.ROLE, "1380013800", "不认识的职务“138****00”"),
}
# What only a table program's own cells can be.
SPOILT_BY_PROGRAM: Mapping[str, tuple[Column, Value, str]] = {
    "a number too long": (Column.GRID_CODE, 9904211002000019, values.TOO_PRECISE.what),
    "truth": (Column.ROLE, "TRUE", "不认识的职务“TRUE”"),
    "a fraction": (Column.CODE, 9.5, "应为 6 位(县)、9 位(乡镇)或 12 位(村)数字"),
}


@pytest.mark.parametrize("write", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize(("column", "value"), HARMLESS.values(), ids=HARMLESS)
def test_dirt_that_means_the_same_is_cleaned(
    write: Write, column: Column, value: Value
) -> None:
    assert read(write([HEADER, row({column: value})])) == CLEAN


@pytest.mark.parametrize("write", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("text", TWO_NUMBERS.values(), ids=TWO_NUMBERS)
def test_two_numbers_in_a_cell_are_the_first_and_the_spare(
    write: Write, text: str
) -> None:
    sheet = read(write([HEADER, row({Column.MOBILE: text})]))

    assert sheet.people == (ListedPerson(name="李秀英", addresses=(FIRST, SPARE)),)


@pytest.mark.parametrize("write", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize(("column", "value", "what"), SPOILT.values(), ids=SPOILT)
def test_dirt_that_loses_something_is_told(
    write: Write, column: Column, value: Value, what: str
) -> None:
    sheet = read(
        write([["", "责任人名册"], [], HEADER, second(), row({column: value})])
    )

    assert sheet.problems == (RowProblem(row=5, column=column, what=what),)


@pytest.mark.parametrize("write", BOOKS.values(), ids=BOOKS)
@pytest.mark.parametrize(
    ("column", "value", "what"), SPOILT_BY_PROGRAM.values(), ids=SPOILT_BY_PROGRAM
)
def test_what_a_table_program_did_to_a_cell_is_told(
    write: Write, column: Column, value: Value, what: str
) -> None:
    sheet = read(write([HEADER, row({column: value})]))

    assert sheet.problems == (RowProblem(row=2, column=column, what=what),)


def test_a_problem_names_the_column_as_the_program_does() -> None:
    [problem] = read(as_csv([HEADER, row({Column.MOBILE: "110"})])).problems

    assert (problem.row, problem.letter) == (2, "H")


@pytest.mark.parametrize("sign", [",", "\t", ";"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_text_is_read_in_any_usual_encoding(encoding: str, sign: str) -> None:
    assert read(as_csv([HEADER, row()], encoding, sign)) == CLEAN


def test_utf_16_may_begin_with_its_large_end() -> None:
    data = as_csv([HEADER, row()], "utf-16-be")

    assert read(b"\xfe\xff" + data) == CLEAN


def test_digits_kept_from_excel_as_a_formula_are_digits() -> None:
    changed = {Column.MOBILE: '="13800138000"', Column.CODE: '="990421100200"'}

    assert read(as_csv([HEADER, row(changed)])) == CLEAN


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (as_csv([HEADER, row()]) + b"\xff", NO_ENCODING.what),
        (as_csv([HEADER, row({Column.NAME: "\0"})]), NO_TEXT.what),
        (as_csv([HEADER, row({Column.GRID_NAME: "长" * 40_000})]), TOO_LONG.what),
    ],
)
def test_text_that_can_not_be_read_is_told(data: bytes, what: str) -> None:
    assert [problem.what for problem in read(data).problems] == [what]


# Where the header and the rows are


@pytest.mark.parametrize("write", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize(
    "above",
    [
        [["澄溪县网格责任人名册"]],
        [["附件1"], [], ["澄溪县网格责任人名册"], ["填报单位:", "白鹭洲镇", "2026年"]],
        [["姓名、手机必须填写"] for _ in range(19)],
        [["联系人", "说明"]],
    ],
    ids=["title", "title and notes", "nineteen notes", "a word of a header"],
)
def test_the_header_is_found_below_titles_and_notes(
    write: Write, above: list[Row]
) -> None:
    assert read(write([*above, HEADER, row()])) == CLEAN


def test_a_header_too_far_down_is_none() -> None:
    sheet = read(as_csv([*[["说明"]] * 20, HEADER, row()]))

    assert {problem.what for problem in sheet.problems} == {MISSING}


@pytest.mark.parametrize("write", FORMATS.values(), ids=FORMATS)
def test_empty_columns_and_rows_around_the_table_are_passed_over(
    write: Write,
) -> None:
    rows: list[Row] = [[], ["", "", *HEADER], [], ["", "", *row()], [], ["", "", " "]]

    assert read(write(rows)) == CLEAN


@pytest.mark.parametrize("write", FORMATS.values(), ids=FORMATS)
def test_a_header_printed_on_each_page_is_skipped_and_told(write: Write) -> None:
    sheet = read(write([HEADER, row(), HEADER, second()]))

    assert ([note.row for note in sheet.notes], sheet.people) == ([3], (LI, WANG))


@pytest.mark.parametrize("write", [as_xlsx, as_xls])
def test_a_header_of_two_lines_is_read_where_it_is_merged(
    write: Callable[[Tab], bytes],
) -> None:
    """Codes and places over both lines; name and number below one caption."""
    upper = [*HEADER[:6], "责任人", "", "", "", ""]
    lower = ["", "", "", "", "", "", *HEADER[6:]]
    downwards = [(1, column, 2, column) for column in range(6)]
    tab = Tab(
        rows=[["名册"], upper, lower, row()],
        merges=[(0, 0, 0, 10), *downwards, (1, 6, 1, 10)],
    )

    assert read(write(tab)) == CLEAN


@pytest.mark.parametrize("write", [as_xlsx, as_xls])
def test_a_header_that_is_two_lines_high_is_one(write: Callable[[Tab], bytes]) -> None:
    merges = [(0, column, 1, column) for column in range(len(HEADER))]
    tab = Tab(rows=[HEADER, [], row()], merges=merges)

    assert read(write(tab)) == CLEAN


# Merged and empty cells


@pytest.mark.parametrize("write", [as_xlsx, as_xls])
def test_merged_cells_speak_for_every_row_they_cover(
    write: Callable[[Tab], bytes],
) -> None:
    blank = {Column.CODE: "", Column.TOWNSHIP: "", Column.VILLAGE: ""}
    merges = [(1, column, 2, column) for column in range(3)]
    tab = Tab(rows=[HEADER, row(), second(blank)], merges=merges)

    assert read(write(tab)) == read(as_csv([HEADER, row(), second()]))


@pytest.mark.parametrize("write", [as_xlsx, as_xls])
def test_one_person_merged_over_two_grids_answers_for_both(
    write: Callable[[Tab], bytes],
) -> None:
    blank = {Column.NAME: "", Column.MOBILE: ""}
    tab = Tab(rows=[HEADER, row(), second(blank)], merges=[(1, 6, 2, 6), (1, 7, 2, 7)])
    sheet = read(write(tab))

    assert (sheet.people, len(sheet.holdings)) == ((LI,), 2)


@pytest.mark.parametrize("write", FORMATS.values(), ids=FORMATS)
def test_an_empty_cell_is_never_guessed_from_the_one_above(write: Write) -> None:
    other = {Column.CODE: "990421100201", Column.VILLAGE: ""}
    sheet = read(write([HEADER, row(), second(other)]))

    assert [(p.row, p.column) for p in sheet.problems] == [(3, Column.VILLAGE)]


@pytest.mark.parametrize("write", [as_xlsx, as_xls])
def test_a_merge_across_fills_nothing_beside_it(write: Callable[[Tab], bytes]) -> None:
    tab = Tab(rows=[HEADER, row({Column.BACKUP: ""})], merges=[(1, 7, 1, 8)])

    assert read(write(tab)) == CLEAN


# What is hidden, and other worksheets


@pytest.mark.parametrize("write", [as_xlsx, as_xls])
def test_hidden_rows_are_read_and_told(write: Callable[[Tab], bytes]) -> None:
    sheet = read(write(Tab(rows=[HEADER, row(), second()], hidden_rows=[2])))

    assert ([(n.row, n.what) for n in sheet.notes], sheet.people) == (
        [(3, "隐藏的行也已读入:第 3 行")],
        (LI, WANG),
    )


@pytest.mark.parametrize("write", [as_xlsx, as_xls])
def test_hidden_columns_are_read_and_told(write: Callable[[Tab], bytes]) -> None:
    sheet = read(write(Tab(rows=[HEADER, row()], hidden_columns=[7])))

    assert ([note.what for note in sheet.notes], sheet.people) == (
        ["隐藏的列也已读入:H 列"],
        (LI,),
    )


@pytest.mark.parametrize("write", [as_xlsx, as_xls])
@pytest.mark.parametrize("hidden", [False, True])
def test_the_worksheet_with_a_header_is_read_and_the_others_told(
    write: Callable[..., bytes], *, hidden: bool
) -> None:
    about = Tab(name="填报说明", rows=[["姓名"], ["手机"], ["必填"]])
    roster = Tab(name="责任人", rows=[HEADER, row()], hidden=hidden)
    old = Tab(name="13800138000", rows=[["旧"]])
    sheet = read(write(about, roster, old))

    assert (sheet, sheet.notes[0].what) == (
        CLEAN,
        "读的是工作表“责任人”,没有读“填报说明”、“138****8000”",
    )


@pytest.mark.parametrize("write", [as_xlsx, as_xls])
def test_a_hidden_roster_gives_way_to_one_that_is_shown(
    write: Callable[..., bytes],
) -> None:
    old = Tab(name="旧", rows=[HEADER, second()], hidden=True)
    new = Tab(name="新", rows=[HEADER, row()])

    assert read(write(new, old)) == CLEAN


@pytest.mark.parametrize("write", [as_xlsx, as_xls])
def test_two_rosters_in_one_file_are_one_too_many(write: Callable[..., bytes]) -> None:
    tabs = [Tab(name=name, rows=[HEADER, row()]) for name in ("一", "二")]

    assert [problem.what for problem in read(write(*tabs)).problems] == [
        "工作表“一”、“二”都像名册,请只留一张"
    ]


def test_a_column_that_means_nothing_to_us_is_told() -> None:
    sheet = read(as_csv([["序号", *HEADER, "备注"], ["1", *row(), "已核对"]]))

    assert (sheet, [note.what for note in sheet.notes]) == (
        CLEAN,
        ["没有用到的列:序号、备注"],
    )


# Duplicates


def test_a_row_given_twice_is_told() -> None:
    sheet = read(as_csv([HEADER, row(), row()]))

    assert (sheet, [(n.row, n.what) for n in sheet.notes]) == (
        CLEAN,
        [(3, "与第 2 行是同一人同一职务,只算一次")],
    )


def test_one_number_under_two_names_is_told() -> None:
    sheet = read(as_csv([HEADER, row(), second({Column.MOBILE: "13800138000"})]))

    assert [(note.row, note.what) for note in sheet.notes] == [
        (3, "与第 2 行“李秀英”的号码相同,姓名不同")
    ]


@pytest.mark.parametrize("write", FORMATS.values(), ids=FORMATS)
def test_a_vacant_post_may_be_written_as_nothing(write: Write) -> None:
    vacant = {Column.NAME: "空缺", Column.MOBILE: "无", Column.ROLE: "B角"}
    sheet = read(write([HEADER, row(), row(vacant)]))

    assert [held.ref.post for held in sheet.holdings] == [Post.GRID_LEAD]


@pytest.mark.parametrize("write", FORMATS.values(), ids=FORMATS)
def test_a_roster_without_people_is_told_where_its_header_is(write: Write) -> None:
    sheet = read(write([["名册"], HEADER]))

    assert sheet.problems == (RowProblem(row=2, column=Column.NAME, what=NOBODY),)

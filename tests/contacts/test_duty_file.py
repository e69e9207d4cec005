"""A 值班表 as offices keep it, read against a roster."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime

import pytest
import xlsxwriter
import xlwt

from contacts.duty import CHINA
from contacts.importers.duty_file import NO_TABLE, DutySheet, read_duties
from contacts.model import (
    Holding,
    Person,
    PersonId,
    Post,
    PostRef,
)
from contacts.roster import Roster
from tests.contacts.tree import COUNTY, GRID_1, TOWN, UNITS
from tests.contacts.watches import span

Value = str | float | datetime
DUTY, LEADER = PostRef(COUNTY, Post.COUNTY_DUTY), PostRef(COUNTY, Post.COUNTY_LEADER)
HEADER = ("日期", "开始", "结束", "单位", "岗位", "姓名")


def somebody(id_: str, name: str) -> Person:
    return Person(id=PersonId(id_), name=name, addresses=())


PEOPLE = (
    somebody("wang", "王建国"),
    somebody("li", "李玉兰"),
    somebody("namesake", "李玉兰"),
    somebody("boss", "陈志远"),
)
ROSTER = Roster.build(
    UNITS,
    PEOPLE,
    (
        Holding(ref=DUTY, person=PersonId("wang")),
        Holding(ref=DUTY, person=PersonId("li")),
        Holding(ref=LEADER, person=PersonId("boss")),
        Holding(ref=PostRef(TOWN, Post.TOWNSHIP_DUTY), person=PersonId("namesake")),
    ),
)


def as_csv(*rows: Sequence[Value]) -> bytes:
    sheet = io.StringIO(newline="")
    csv.writer(sheet).writerows(rows)
    return sheet.getvalue().encode("gb18030")


def as_xlsx(*rows: Sequence[Value]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        styles = {
            is_day: book.add_format({"num_format": form})
            for is_day, form in ((True, "yyyy-mm-dd"), (False, "h:mm"))
        }
        sheet = book.add_worksheet()
        for y, row in enumerate(rows):
            for x, value in enumerate(row):
                if isinstance(value, datetime):
                    sheet.write_datetime(y, x, value, styles[True])
                elif isinstance(value, float):
                    sheet.write_number(y, x, value, styles[False])
                else:
                    sheet.write_string(y, x, value)
    return out.getvalue()


def as_xls(*rows: Sequence[Value]) -> bytes:
    out, book = io.BytesIO(), xlwt.Workbook()
    style = xlwt.easyxf(num_format_str="yyyy-mm-dd hh:mm")
    sheet = book.add_sheet("值班")
    for y, row in enumerate(rows):
        for x, value in enumerate(row):
            if isinstance(value, str):
                sheet.write(y, x, value)
            else:
                sheet.write(y, x, value, style)
    book.save(out)
    return out.getvalue()


def read(*rows: Sequence[Value]) -> DutySheet:
    return read_duties(as_csv(HEADER, *rows), ROSTER, CHINA)


def row(
    when: Sequence[Value], name: str = "王建国", post: str = "县值班"
) -> list[Value]:
    return [*when, "澄溪县", post, name]


def told(sheet: DutySheet) -> list[tuple[int, str, str]]:
    return [(one.row, one.column, one.what) for one in sheet.problems]


ONE_DAY = span("2026-07-12 08:30", "2026-07-13 08:30")
NIGHT = span("2026-07-12 18:00", "2026-07-13 08:00")


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (("2026-07-12", "", ""), ONE_DAY),
        (("2026/7/12", "", ""), ONE_DAY),
        (("２０２６年7月12日", "", ""), ONE_DAY),
        (("2026.7.12", "8:30", ""), ONE_DAY),
        (("2026-07-12", "18:00", "8:00"), NIGHT),
        (("2026-07-12", "18时", "8时00分"), NIGHT),
        (("", "2026-07-12 18:00:00", "2026-07-13T08:00"), NIGHT),
        (
            ("2026-07-12", "08:30", "24:00"),
            span("2026-07-12 08:30", "2026-07-13 00:00"),
        ),
        (("", "2026-07-12", "2026-07-13"), ONE_DAY),
    ],
)
def test_days_and_times_are_read_in_every_way_offices_write_them(
    when: Sequence[str], expected: object
) -> None:
    sheet = read(row(when))

    assert (told(sheet), [one.span for one in sheet.overrides]) == ([], [expected])


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (as_xlsx(HEADER, row((datetime(2026, 7, 12), "", ""))), ONE_DAY),  # noqa: DTZ001 - a cell has no zone
        (as_xlsx(HEADER, row((datetime(2026, 7, 12), 0.75, 1 / 3))), NIGHT),  # noqa: DTZ001 - as above
        (
            as_xls(
                HEADER,
                row(("", datetime(2026, 7, 12, 18), datetime(2026, 7, 13, 8))),  # noqa: DTZ001 - as above
            ),
            NIGHT,
        ),
    ],
)
def test_what_the_table_program_has_made_dates_of_is_read_as_dates(
    data: bytes, expected: object
) -> None:
    sheet = read_duties(data, ROSTER, CHINA)

    assert (told(sheet), [one.span for one in sheet.overrides]) == ([], [expected])


def test_rows_of_one_span_are_one_shift_with_its_people_in_their_order() -> None:
    day = ("2026-07-12", "", "")
    sheet = read(
        row(day, "李玉兰"),
        row(day),
        row(day, "李玉兰"),
        row(day, "陈志远", "县带班领导"),
    )

    assert [(one.ref, one.humans) for one in sheet.overrides] == [
        (DUTY, ("li", "wang")),
        (LEADER, ("boss",)),
    ]


def test_somebody_from_another_post_is_found_if_no_other_has_his_name() -> None:
    day = ("2026-07-12", "", "")

    assert [one.humans for one in read(row(day, "陈志远")).overrides] == [("boss",)]
    assert told(read(row(day, "李玉兰", "县带班领导"))) == [
        (2, "姓名", "名册里有 2 个叫“李玉兰”的人,请先在名册里把他列入这个岗位")
    ]


def test_titles_empty_rows_and_repeated_headers_say_nothing() -> None:
    data = as_csv(
        ("澄溪县2026年7月值班表",),
        ("值班日期", "单位", "值班岗位", "值班人"),
        ("2026-07-12", COUNTY, "县值班", "王 建国"),
        ("", "", "", ""),
        ("值班日期", "单位", "值班岗位", "值班人"),
        ("2026-07-13", COUNTY, "县值班", "李玉兰"),
    )
    sheet = read_duties(data, ROSTER, CHINA)

    assert (told(sheet), len(sheet.overrides)) == ([], 2)


def test_every_problem_is_told_by_row_and_column_and_nothing_is_kept() -> None:
    sheet = read(
        row(("2026-13-01", "", "")),
        row(("2026-07-12", "25:00", "")),
        row(("", "08:30", "")),
        row(("", "2026-07-12 08:30", "2026-07-12 08:30")),
        row(("2026-07-12", "", ""), "赵无名"),
        row(("2026-07-12", "", ""), "王建国、李玉兰"),
        row(("2026-07-12", "", ""), post="村支书"),
        row(("2026-07-12", "", ""), post="县太爷"),
        ["2026-07-12", "", "", "某网格", "A角", "王建国"],
        ["2026-07-12", "", "", "某县", "", "王建国"],
        row(("2026-07-14", "", "")),
    )
    unclear = "看不懂这个时间,应写作 年-月-日、年-月-日 时:分 或 时:分"

    assert sheet.overrides == ()
    assert told(sheet) == [
        (2, "日期", unclear),
        (3, "开始", unclear),
        (4, "日期", "不能为空"),
        (5, "结束", "结束要晚于开始"),
        (6, "姓名", "名册里没有这个人,请先在名册里把他列入这个岗位"),
        (7, "姓名", "像是写了几个人,请每人一行"),
        (8, "岗位", "澄溪县没有这个岗位"),
        (9, "岗位", "不认识的职务“县太爷”"),
        (10, "单位", "名册里有 2 个“某网格”,请写编码"),
        (11, "单位", "名册里没有单元“某县”"),
        (11, "岗位", "不能为空"),
    ]
    assert [one.letter for one in sheet.problems][:2] == ["A", "B"]


def test_spans_of_one_post_that_cross_are_refused() -> None:
    sheet = read(
        row(("2026-07-12", "", "")),
        row(("2026-07-12", "20:00", "")),
        row(("2026-07-12", "", ""), "陈志远", "县带班领导"),
        row(("2026-07-13", "", "")),
    )

    assert told(sheet) == [(3, "日期", "与第 2 行的时间重叠")]


def test_a_formula_that_failed_is_told_where_it_stands() -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        sheet.write_formula(1, 0, "=1/0", None, "#DIV/0!")
        sheet.write_row(1, 3, ["澄溪县", "县值班"])
        sheet.write_formula(1, 5, "=NA()", None, "#N/A")
    found = read_duties(out.getvalue(), ROSTER, CHINA)

    assert told(found) == [
        (2, "日期", "单元格是错误值 #DIV/0!"),
        (2, "姓名", "单元格是错误值 #N/A"),
    ]


@pytest.mark.parametrize(
    ("data", "problems"),
    [
        (as_csv(("某表",), ("姓名", "电话")), [(1, "", NO_TABLE)]),
        (b"%PDF-1.7", [(1, "", "是 PDF,请用原来的表格文件")]),
        (
            as_csv(("单位", "姓名"), ("澄溪县", "王建国")),
            [(1, name, "表头里缺少这一列") for name in ("开始", "结束", "岗位")],
        ),
        (as_csv(HEADER), [(1, "姓名", "表里没有值班人")]),
    ],
)
def test_a_file_without_a_plan_of_shifts_is_refused(
    data: bytes, problems: list[tuple[int, str, str]]
) -> None:
    assert problems == told(read_duties(data, ROSTER, CHINA))


def test_a_grid_is_named_by_its_code() -> None:
    sheet = read(["2026-07-12", "", "", GRID_1, "A角", "王建国"])

    assert [one.ref for one in sheet.overrides] == [PostRef(GRID_1, Post.GRID_LEAD)]

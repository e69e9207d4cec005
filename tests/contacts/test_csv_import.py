from __future__ import annotations

import pytest

from contacts.importers import cells
from contacts.importers.columns import (
    ALIASES,
    HEADERS,
    ROLE_NAMES,
    ROLES,
    Column,
    plain,
)
from contacts.importers.csv_file import NO_CSV, NO_ENCODING
from contacts.importers.roster_file import read_roster
from contacts.importers.sheet import (
    ListedAddress,
    ListedHolding,
    ListedPerson,
    RowProblem,
    Sheet,
)
from contacts.model import AddressKind, Post, PostRef, Unit, UnitId, UnitKind
from contacts.numbers import NOT_CALLABLE, TEST_ONLY, UNREADABLE

HEADER = (
    "区划代码,乡镇,村(社区),网格编码,网格名称,职务(角色),"
    "姓名,手机,备用号码,企业微信,经度,纬度,风险等级"
)
COUNTY = "990421,澄溪县,,,,县值班,许雪梅,+99913800000001,,,,,"
TOWNSHIP = "990421100,白鹭洲镇,,,,乡镇值班,赵勇,+99913800000002,,,,,"
VILLAGE = "990421100200,白鹭洲镇,石门坪村,,,村主任,王建国,+99913800000003,,,,,"
GRID = (
    "990421100200,白鹭洲镇,石门坪村,990421100200001,一网格,"
    "网格长,李秀英,+99913800000004,,,110.5,30.25,2"
)


def read(*rows: str, header: str = HEADER, allow_test_numbers: bool = True) -> Sheet:
    data = "\n".join((header, *rows)).encode()
    return read_roster(data, code_system="DEMO", allow_test_numbers=allow_test_numbers)


def mobile(value: str) -> ListedAddress:
    return ListedAddress(kind=AddressKind.MOBILE, value=value)


def grid_row(**cells: str) -> str:
    """The grid's row, with some cells changed."""
    texts = dict(zip(HEADER.split(","), GRID.split(","), strict=True))
    texts.update({Column[name].value: text for name, text in cells.items()})
    return ",".join(texts.values())


def place(id_: str, kind: UnitKind, parent: str | None, name: str) -> Unit:
    return Unit(
        id=UnitId(id_),
        kind=kind,
        name=name,
        parent=None if parent is None else UnitId(parent),
        code_system="DEMO",
    )


LISTED_GRID = Unit(
    id=UnitId("990421100200001"),
    kind=UnitKind.GRID,
    name="一网格",
    parent=UnitId("990421100200"),
    code_system="DEMO",
    lat=30.25,
    lon=110.5,
    risk=2,
)
LISTED_VILLAGE = place("990421100200", UnitKind.VILLAGE, "990421100", "石门坪村")
LISTED_LEAD = ListedPerson(name="李秀英", addresses=(mobile("+99913800000004"),))


def test_rows_of_every_kind_make_one_tree() -> None:
    sheet = read(COUNTY, TOWNSHIP, VILLAGE, GRID)

    assert sheet.units == (
        place("990421", UnitKind.COUNTY, None, "澄溪县"),
        place("990421100", UnitKind.TOWNSHIP, "990421", "白鹭洲镇"),
        LISTED_VILLAGE,
        LISTED_GRID,
    )


def test_a_row_of_a_grid_alone_makes_the_places_above_it() -> None:
    sheet = read(GRID)

    assert sheet == Sheet(
        units=(
            place("990421100", UnitKind.TOWNSHIP, None, "白鹭洲镇"),
            LISTED_VILLAGE,
            LISTED_GRID,
        ),
        people=(LISTED_LEAD,),
        holdings=(
            ListedHolding(PostRef(LISTED_GRID.id, Post.GRID_LEAD), LISTED_LEAD.key),
        ),
    )


def test_the_county_may_come_last_and_still_stands_on_top() -> None:
    sheet = read(GRID, COUNTY)

    assert {unit.id: unit.parent for unit in sheet.units} == {
        "990421": None,
        "990421100": "990421",
        "990421100200": "990421100",
        "990421100200001": "990421100200",
    }


def test_a_county_column_names_the_county() -> None:
    sheet = read(f"澄溪县,{GRID}", header=f"县(市、区),{HEADER}")

    assert place("990421", UnitKind.COUNTY, None, "澄溪县") == sheet.units[0]


def test_columns_may_stand_in_any_order_under_other_names() -> None:
    header = (
        "序号,手机号码,责任人姓名,角色,网格编号,网格,行政村,乡镇(街道),行政区划代码"
    )
    row = (
        "1,+99913800000004,李 秀英,Ａ角,990421100200001,一网格,"
        "石门坪村,白鹭洲镇,990421100200"
    )

    sheet = read(row, header=header)

    assert sheet.people == (LISTED_LEAD,)


def test_a_byte_order_mark_changes_nothing() -> None:
    data = f"{HEADER}\r\n{GRID}\r\n"

    plain, marked = (
        read_roster(data.encode(code), code_system="DEMO", allow_test_numbers=True)
        for code in ("utf-8", "utf-8-sig")
    )

    assert plain.people == (LISTED_LEAD,)
    assert plain == marked


def test_codes_filled_up_with_zeros_are_the_same_places() -> None:
    filled = TOWNSHIP.replace("990421100,", "990421100000,")

    sheet = read(filled, GRID)

    assert sheet.units[0].id == "990421100"


def test_addresses_are_tried_in_the_order_of_the_columns() -> None:
    sheet = read(
        grid_row(BACKUP="13800138000、0431-88888888", WECOM="li.xiuying"),
    )

    assert sheet.people[0].addresses == (
        mobile("+99913800000004"),
        mobile("+8613800138000"),
        ListedAddress(kind=AddressKind.LANDLINE, value="+8643188888888"),
        ListedAddress(kind=AddressKind.WECOM, value="li.xiuying"),
    )


def test_one_person_in_two_rows_is_one_person_with_two_posts() -> None:
    also_head = VILLAGE.replace(
        "王建国,+99913800000003,", "李秀英,+99913800000004,13800138000"
    )

    sheet = read(GRID, also_head)

    assert sheet.people == (
        ListedPerson(
            name="李秀英",
            addresses=(mobile("+99913800000004"), mobile("+8613800138000")),
        ),
    )
    assert sheet.holdings == (
        ListedHolding(PostRef(LISTED_GRID.id, Post.GRID_LEAD), LISTED_LEAD.key),
        ListedHolding(PostRef(LISTED_VILLAGE.id, Post.VILLAGE_HEAD), LISTED_LEAD.key),
    )


def test_people_of_one_name_and_two_numbers_are_two_people() -> None:
    sheet = read(GRID, grid_row(ROLE="B角", MOBILE="+99913800000005"))

    assert len(sheet.people) == 2


def test_a_row_given_twice_counts_once() -> None:
    assert read(GRID) == read(GRID, GRID)


def test_a_vacant_post_and_empty_rows_are_no_problem() -> None:
    sheet = read(GRID, "", ",,,,", grid_row(ROLE="B角", NAME="", MOBILE=""))

    assert read(GRID) == sheet


@pytest.mark.parametrize(
    ("text", "post"),
    [
        ("网格长", Post.GRID_LEAD),
        ("网格责任人", Post.GRID_LEAD),
        ("A角", Post.GRID_LEAD),
        ("Ｂ角", Post.GRID_BACKUP),
        ("副网格长", Post.GRID_BACKUP),
    ],
)
def test_an_office_of_a_grid_is_known_by_its_usual_names(text: str, post: Post) -> None:
    sheet = read(grid_row(ROLE=text))

    assert [PostRef(LISTED_GRID.id, post)] == [held.ref for held in sheet.holdings]


@pytest.mark.parametrize(
    ("text", "post"),
    [
        ("村(社区)书记", Post.VILLAGE_HEAD),
        ("村（社区）书记", Post.VILLAGE_HEAD),
        ("村主任", Post.VILLAGE_HEAD),
        ("村负责人", Post.VILLAGE_HEAD),
        ("村值班", Post.VILLAGE_DUTY),
        ("护林员", Post.FOREST_RANGER),
    ],
)
def test_an_office_of_a_village_is_known_by_its_usual_names(
    text: str, post: Post
) -> None:
    sheet = read(VILLAGE.replace("村主任", text))

    assert [post] == [held.ref.post for held in sheet.holdings]


def test_no_word_means_two_columns_or_two_offices() -> None:
    headers = [plain(w) for c in Column for w in (c, *ALIASES[c])]
    roles = [plain(w) for words in ROLE_NAMES.values() for w in words]

    assert (len(headers), len(roles)) == (len(HEADERS), len(ROLES))


@pytest.mark.parametrize(
    ("rows", "row", "column", "what"),
    [
        ([grid_row(CODE="")], 2, Column.CODE, "不能为空"),
        (
            [grid_row(CODE="99042110")],
            2,
            Column.CODE,
            "应为 6 位(县)、9 位(乡镇)或 12 位(村)数字",
        ),
        (
            [grid_row(CODE="9.90421E+11")],
            2,
            Column.CODE,
            cells.SPOILT.what,
        ),
        (
            [grid_row(CODE="990421100")],
            2,
            Column.CODE,
            "网格所在行应填 12 位的村(社区)代码",
        ),
        (
            [grid_row(GRID_CODE="9.90421E+14")],
            2,
            Column.GRID_CODE,
            cells.SPOILT.what,
        ),
        (
            [grid_row(GRID_CODE="W" * 33)],
            2,
            Column.GRID_CODE,
            "网格编码最长 32 个字符",
        ),
        (
            [GRID, grid_row(CODE="990421100201", VILLAGE="新村")],
            3,
            Column.GRID_CODE,
            "“990421100200001”在第 2 行是另一个地方的编码",
        ),
        (
            [GRID, grid_row(GRID_NAME="二网格")],
            3,
            Column.GRID_NAME,
            "与第 2 行不一致,那里是“一网格”",
        ),
        (
            [GRID, grid_row(TOWNSHIP="双潭镇", NAME="", MOBILE="")],
            3,
            Column.TOWNSHIP,
            "与第 2 行不一致,那里是“白鹭洲镇”",
        ),
        ([GRID, grid_row(RISK="3")], 3, Column.RISK, "与第 2 行不一致,那里是“2”"),
        (
            [grid_row(GRID_NAME="")],
            2,
            Column.GRID_NAME,
            "“990421100200001”没有名称",
        ),
        ([grid_row(VILLAGE="")], 2, Column.VILLAGE, "“990421100200”没有名称"),
        (
            [COUNTY.replace("澄溪县", "")],
            2,
            Column.COUNTY,
            "“990421”没有名称",
        ),
        ([grid_row(ROLE="组长")], 2, Column.ROLE, "不认识的职务“组长”"),
        ([grid_row(ROLE="")], 2, Column.ROLE, "不能为空"),
        (
            [grid_row(ROLE="村主任")],
            2,
            Column.ROLE,
            "“村主任”是村(社区)的职务,这一行写的是网格",
        ),
        ([grid_row(NAME="")], 2, Column.NAME, "不能为空"),
        ([grid_row(MOBILE="")], 2, Column.MOBILE, "至少要有一个号码或企业微信账号"),
        ([grid_row(MOBILE="1380013800")], 2, Column.MOBILE, NOT_CALLABLE),
        ([grid_row(MOBILE="120")], 2, Column.MOBILE, NOT_CALLABLE),
        ([grid_row(BACKUP="13800138000、119")], 2, Column.BACKUP, NOT_CALLABLE),
        ([grid_row(BACKUP="同上")], 2, Column.BACKUP, UNREADABLE),
        (
            [grid_row(WECOM="李秀英")],
            2,
            Column.WECOM,
            "应为企业微信账号(字母、数字和 _-@.),不是昵称",
        ),
        (
            [grid_row(LON="30.25", LAT="110.5")],
            2,
            Column.LAT,
            "应在 -90 到 90 之间,请看经纬度是否填反",
        ),
        (
            [grid_row(LAT="nan")],
            2,
            Column.LAT,
            "应在 -90 到 90 之间,请看经纬度是否填反",
        ),
        ([grid_row(LAT="北纬30度")], 2, Column.LAT, "应为十进制度数,例如 42.68"),
        ([grid_row(LON="")], 2, Column.LON, "经度和纬度要一起填"),
        ([grid_row(RISK="0")], 2, Column.RISK, "应为 1(最高)到 9 的整数"),
        ([grid_row(RISK="高")], 2, Column.RISK, "应为 1(最高)到 9 的整数"),
        ([f"{GRID},多余"], 2, "第 14 列", "这一行比表头多出内容"),
        ([], 1, Column.NAME, "表里没有责任人"),
    ],
)
def test_a_problem_is_told_by_row_and_column(
    rows: list[str], row: int, column: str, what: str
) -> None:
    sheet = read(*rows)

    assert Sheet(problems=(RowProblem(row=row, column=column, what=what),)) == sheet


def test_all_problems_are_told_at_once_and_nothing_is_kept() -> None:
    sheet = read(VILLAGE, grid_row(MOBILE="110", RISK="10"), grid_row(NAME=""), GRID)

    assert (sheet.units, sheet.people, sheet.holdings) == ((), (), ())
    assert [(problem.row, problem.column) for problem in sheet.problems] == [
        (3, Column.RISK),
        (3, Column.MOBILE),
        (4, Column.NAME),
    ]


def test_rows_are_counted_as_the_table_program_does() -> None:
    two_lines = grid_row(GRID_NAME='"一网格\n(河东)"', RISK="0")

    sheet = read("", two_lines, grid_row(GRID_NAME='"一网格\n(河东)"', RISK="0"))

    assert [problem.row for problem in sheet.problems] == [3, 4]


@pytest.mark.parametrize(
    ("header", "column", "what"),
    [
        (HEADER.replace("手机", "号段"), Column.MOBILE, "表头里缺少这一列"),
        (
            HEADER.replace("企业微信", "手机号码"),
            Column.MOBILE,
            "表头里有两列是同一个意思,请只留一列",
        ),
    ],
)
def test_a_header_that_cannot_be_used_is_told_first(
    header: str, column: Column, what: str
) -> None:
    sheet = read("broken", header=header)

    assert Sheet(problems=(RowProblem(row=1, column=column, what=what),)) == sheet


def test_test_numbers_are_refused_outside_demos() -> None:
    sheet = read(GRID, allow_test_numbers=False)

    problem = RowProblem(row=2, column=Column.MOBILE, what=TEST_ONLY)
    assert (problem,) == sheet.problems


@pytest.mark.parametrize(
    ("data", "row", "what"),
    [
        (f"{HEADER}\n{GRID}\n".encode() + b"\xff", 1, NO_ENCODING.what),
        (f'{HEADER}\n"{GRID}'.encode(), 2, NO_CSV.what),
    ],
)
def test_a_file_that_is_no_csv_is_refused(data: bytes, row: int, what: str) -> None:
    sheet = read_roster(data, code_system="DEMO", allow_test_numbers=True)

    assert Sheet(problems=(RowProblem(row=row, column="", what=what),)) == sheet


def test_an_empty_file_lacks_its_columns() -> None:
    sheet = read_roster(b"", code_system="DEMO", allow_test_numbers=True)

    assert [problem.column for problem in sheet.problems] == [
        Column.CODE,
        Column.ROLE,
        Column.NAME,
        Column.MOBILE,
    ]

"""The record as files: what they are called, and how they are laid out."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pytest
from sqlalchemy import Connection

from contacts.model import UnitId
from contacts.roster import Roster
from dispatcher.api.columns import COLUMNS, FORMULA, shown
from dispatcher.api.files import FORMS
from dispatcher.api.paper import GROUPS, SHARES
from dispatcher.api.record import Record, Step, asleep, take_record
from dispatcher.api.township import NOWHERE, township_of
from dispatcher.api.workbook import MOST_CHARACTERS, as_xlsx
from dispatcher.core.alert import AlertId
from dispatcher.core.callout import CloseReason, Mark, State, Task
from dispatcher.store import alerts, people
from tests.api.books import MAIN, Book
from tests.api.hamlet import COUNTY, GRIDS, NOON, TOWN, VILLAGE, Hamlet, codes, roster
from tests.api.test_sheets import FORBIDDEN, Page

WHY_NOT = "号码不可达、号码不可达(sip_404)"
EVIL = "<script>alert(1)</script>&"
FILES = sorted(FORMS)


async def taken(hamlet: Hamlet, alert: str) -> Record:
    context = await hamlet.runtime.keeper.refresh()
    now = hamlet.clock.now()

    def take(connection: Connection) -> Record:
        found = alerts.find(connection, AlertId(alert))
        assert found
        return take_record(connection, context, found, now, "office")

    return await hamlet.runtime.database.read(take)


def path(alert: str, form: str) -> str:
    return f"/api/v1/alerts/{alert}/record?format={form}"


@pytest.mark.parametrize("form", FILES)
async def test_a_file_has_a_type_a_name_and_no_other_reader(
    hamlet: Hamlet, form: str
) -> None:
    alert = await hamlet.launched()
    answer = await hamlet.get(path(alert, form), key="records")

    how, _, name = answer.headers["content-disposition"].partition(
        "; filename*=UTF-8''"
    )
    assert (answer.status_code, answer.headers["content-type"]) == (
        200,
        FORMS[form].media_type,
    )
    assert how == ("inline" if form == "html" else "attachment")
    assert unquote(name) == f"叫应记录表-{alert}.{form}"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


@pytest.mark.parametrize("form", [*FILES, "json"])
async def test_the_headers_say_who_takes_a_record_away(
    hamlet: Hamlet, form: str
) -> None:
    alert = await hamlet.launched()
    headers = (await hamlet.get(path(alert, form), key="records")).headers

    assert (headers["x-record-made-by"], headers["x-record-made-at"]) == (
        "records",
        "2026-07-12T12:00:00+08:00",
    )


async def test_data_says_who_took_it_and_breaks_no_reader(hamlet: Hamlet) -> None:
    alert = await hamlet.launched()
    told = (await hamlet.get(path(alert, "json"), key="records")).json()
    text = (await hamlet.get(path(alert, "csv"), key="records")).text
    lines = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))

    assert told["made_by"] == "records"
    assert len(lines) == len(told["rows"]) > 0
    assert {(line["制表人"], line["制表时间"]) for line in lines} == {
        ("records", "2026-07-12 12:00:00")
    }


async def test_who_takes_a_record_away_stands_on_it(hamlet: Hamlet) -> None:
    alert = await hamlet.launched()
    page = (await hamlet.get(path(alert, "html"), key="records")).text
    book = Book((await hamlet.get(path(alert, "xlsx"), key="records")).content)
    sheets = [part for name, part in book.parts.items() if "worksheets/sheet" in name]

    assert "制表时间:2026-07-12 12:00:00 制表人:records" in page
    assert len(sheets) == 4
    for sheet in sheets:
        assert "<oddFooter>&amp;L2026-07-12 12:00  records&amp;R" in sheet.decode()


async def test_the_page_of_operations_names_every_form(hamlet: Hamlet) -> None:
    page = (await hamlet.http.get("/openapi.json")).json()
    operation = page["paths"]["/api/v1/alerts/{id}/record"]["get"]
    schemas = operation["responses"]["200"]["content"]

    assert set(schemas) == {
        "application/json",
        *(form.media_type for form in FORMS.values()),
    }
    assert schemas["application/json"]["schema"]["$ref"].endswith("/RecordView")
    (given,) = (one for one in operation["parameters"] if one["name"] == "format")
    assert given["schema"]["enum"] == ["json", "csv", "xlsx", "html"]


@pytest.mark.parametrize("start", FORMULA)
async def test_no_cell_of_a_workbook_is_a_formula(hamlet: Hamlet, start: str) -> None:
    alert = await hamlet.launched()
    record = await taken(hamlet, alert)
    parts = [
        replace(part, rows=tuple(replace(r, note=f"{start}1+1") for r in part.rows))
        for part in record.sections
    ]
    book = Book(as_xlsx(replace(record, sections=tuple(parts))))

    for number in (1, 2, 3, 4):
        assert not list(book.xml(number).iter(f"{MAIN}f"))
    notes = {line["备注"] for line in book.rows(1) if "备注" in line}
    assert {note[:1] for note in notes} == {"'"}
    assert all("1+1" in note for note in notes)


async def test_a_cell_too_long_for_a_workbook_is_cut_and_says_so(
    hamlet: Hamlet,
) -> None:
    alert = await hamlet.launched()
    record = await taken(hamlet, alert)
    part = record.sections[0]
    long = replace(part, rows=(replace(part.rows[0], note="长" * 40_000),))
    book = Book(as_xlsx(replace(record, sections=(long,))))

    note = book.rows(1)[0]["备注"]
    assert (len(note), note[-3:]) == (MOST_CHARACTERS, "长……")


async def test_a_workbook_is_laid_out_for_paper(hamlet: Hamlet) -> None:
    alert = await hamlet.launched(headline="暴雨&山洪红色预警")
    book = Book((await hamlet.get(path(alert, "xlsx"), key="records")).content)
    sheet = book.xml(1)

    def attributes(tag: str) -> dict[str, str]:
        (found,) = sheet.iter(f"{MAIN}{tag}")
        return {str(key): str(value) for key, value in found.attrib.items()}

    assert book.names == ["叫应记录表", "统计", "未叫醒名单", "打印版"]
    assert attributes("pane")["state"] == "frozen"
    assert attributes("pane")["topLeftCell"] == "B2"
    assert attributes("autoFilter")["ref"].startswith("A1:")
    page = attributes("pageSetup")
    assert (page["paperSize"], page["orientation"]) == ("9", "landscape")
    assert (page["fitToHeight"], attributes("pageSetUpPr")["fitToPage"]) == ("0", "1")
    assert book.defined["_xlnm.Print_Titles", "0"] == "叫应记录表!$1:$1"
    assert len(list(sheet.iter(f"{MAIN}col"))) > 1
    assert "暴雨&&山洪红色预警" in "".join(map(str, sheet.itertext()))
    assert "值班员(签字)" in book.rows(1)[-2]["序号"]
    assert book.rows(1)[-1]["序号"] == "留痕封存:尚无"


async def test_every_form_ends_with_the_newest_seal(hamlet: Hamlet) -> None:
    alert = await hamlet.launched()
    await hamlet.runtime.engine.sealer.seal()
    told, page, book = [
        await hamlet.get(path(alert, form), key="records")
        for form in ("json", "html", "xlsx")
    ]

    seal = told.json()["seal"]
    at = datetime.fromisoformat(seal["at"])
    foot = f"留痕封存:第1次 {at:%Y-%m-%d %H:%M:%S} 根散列 {seal['root']}"
    assert (seal["n"], at.utcoffset()) == (1, timedelta(hours=8))
    assert re.fullmatch("[0-9a-f]{64}", seal["root"])
    assert foot in page.text
    assert foot == Book(book.content).rows(1)[-1]["序号"]


async def test_a_workbook_has_the_lines_under_fewer_headings_for_paper(
    hamlet: Hamlet,
) -> None:
    alert = await hamlet.launched()
    book = Book((await hamlet.get(path(alert, "xlsx"), key="records")).content)
    line = next(line for line in book.rows(4) if GRIDS[0] in line["单位"])

    assert "号码 王建国1 +999 138****0001" in line["被叫应人"].split("\n")
    assert line["叫应发起"].split("\n") == [
        "叫应发起时间 07-12 12:00:00",
        "发起人 officer",
    ]
    assert "坐镇领导 ____" in line["反馈"]
    heights = [float(row.get("ht", 0)) for row in book.xml(4).iter(f"{MAIN}row")]
    assert max(heights) > 12 * len(line["被叫应人"].split("\n"))


async def test_a_workbook_tells_the_figures_with_their_definitions(
    hamlet: Hamlet,
) -> None:
    alert = await hamlet.launched()
    book = Book((await hamlet.get(path(alert, "xlsx"), key="records")).content)
    told = {(r["范围"], r["指标"]): r for r in book.rows(2) if "指标" in r}

    assert {where for where, _ in told} == {"全部", "澄溪县", "白鹭洲镇"}
    assert told["全部", "叫应单数"]["数值"] == "8"
    assert told["全部", "网格叫应覆盖率"]["数值"] == "0.0%"
    assert told["澄溪县", "网格叫应覆盖率"]["数值"] == "无"
    assert "分母" in told["全部", "责任人叫应率"]["口径"]


async def test_a_page_is_whole_in_itself_and_escapes_what_it_is_told(
    hamlet: Hamlet,
) -> None:
    alert = await hamlet.launched(headline=EVIL, issuer=EVIL)
    text = (await hamlet.get(path(alert, "html"), key="records")).text
    page = Page(text)

    assert not FORBIDDEN & page.tags
    assert page.attributes <= {"lang", "charset", "class", "style"}
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;" in text
    assert "url(" not in text
    assert "A4 landscape" in text
    assert "counter(page)" in text
    assert re.findall(r"<h2>([^<]+)</h2>", text)[:2] == ["澄溪县(2)", "白鹭洲镇(6)"]
    assert "值班员(签字)" in text


async def test_who_was_superseded_is_told_and_listed_by_his_successor(
    hamlet: Hamlet,
) -> None:
    alert = await hamlet.launched()
    line = replace((await taken(hamlet, alert)).rows[0], marks=(Mark.NOT_AWAKENED,))
    old = replace(line, close_reason=CloseReason.SUPERSEDED)

    assert asleep([line, old], Mark.NOT_AWAKENED) == [line]
    assert asleep([line, old], Mark.NEVER_RUNG) == []


AT = NOON + timedelta(minutes=5)
LATER = AT + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("changed", "head", "expected"),
    [
        ({"state": State.NOTIFIED}, "是否超时", "不要求应答"),
        ({}, "是否超时", "未应答"),
        ({"in_time": False}, "是否超时", "是"),
        ({"in_time": True}, "是否超时", "否"),
        ({"by": "system"}, "发起人", "系统"),
        ({"taken_by": "desk"}, "接管人", "值班台"),
        ({"taken_by": "王建国4"}, "接管人", "王建国4"),
        ({"recorded_by": "officer"}, "代录人", "officer"),
        ({"picked_up_at": AT}, "首次接通(按键电话)", "2026-07-12 04:05:00"),
        ({"message": "m7"}, "原文编号", "m7"),
        ({"people": 1234567}, "转移人数", "1234567"),
        ({}, "敲门任务", ""),
        ({}, "敲门结果", ""),
        ({"task_at": AT}, "敲门结果", "未回报"),
        ({"task_at": AT, "answered_at": NOON}, "敲门结果", "未回报"),
        (
            {"task_at": AT, "answered_at": LATER},
            "敲门结果",
            "无上门回报,派出后本人已应答",
        ),
        (
            {"task_at": AT, "door_at": LATER},
            "敲门结果",
            "2026-07-12 04:10:00 已见到本人",
        ),
        (
            {"tasks": (Task.DOOR_KNOCK,), "assignees": ("",), "task_at": AT},
            "敲门任务",
            "2026-07-12 04:05:00 敲门入户: 无人可派",
        ),
        ({"why_not": ("dead", "dead", "sip_404")}, "未应答原因", WHY_NOT),
        (
            {"escalations": (Step(at=AT, people=()),)},
            "升级情况",
            "2026-07-12 04:05:00 空岗",
        ),
        (
            {"escalations": (Step(at=AT, people=("王建国4",), by="officer"),)},
            "升级情况",
            "2026-07-12 04:05:00 王建国4(值班员上叫: officer)",
        ),
        (
            {"state": State.CLOSED, "close_reason": CloseReason.EXPIRED},
            "状态",
            "已结束(预警到期)",
        ),
    ],
)
async def test_a_cell_says_what_happened(
    hamlet: Hamlet, changed: dict[str, Any], head: str, expected: str
) -> None:
    alert = await hamlet.launched()
    line = replace((await taken(hamlet, alert)).rows[-1], **changed)
    (column,) = (one for one in COLUMNS if one.head == head)

    assert shown(column.cell(line)) == expected


def test_the_headings_of_a_page_share_its_width() -> None:
    assert list(SHARES) == list(GROUPS)
    assert sum(SHARES.values()) == 100


def test_every_column_of_the_form_is_there() -> None:
    heads = [column.label for column in COLUMNS]

    assert len(heads) == len(set(heads))
    assert {
        *("序号", "预警标题", "预警类型", "预警等级", "预警标识", "发布单位"),
        *("发布时间", "叫应发起时间", "发起人", "被叫应人", "职务", "责任单元"),
        *("号码", "渠道与次数", "首次接通", "应答时间", "应答方式", "用时(秒)"),
        *("是否超时", "坐镇领导", "影响村数", "转移户数", "转移人数"),
        *("未应答原因", "升级情况", "敲门任务", "敲门结果", "原文编号"),
        *("录音编号", "备注", "代录人"),
    } <= set(heads)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, ""), (0, "0"), (1234567, "1234567"), (12.79, "12.8"), (1710.0, "1710")],
)
def test_a_number_is_written_out(value: float | None, expected: str) -> None:
    assert shown(value) == expected


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        (GRIDS[0], (TOWN, "白鹭洲镇")),
        (VILLAGE, (TOWN, "白鹭洲镇")),
        (TOWN, (TOWN, "白鹭洲镇")),
        (COUNTY, (COUNTY, "澄溪县")),
        ("gone", NOWHERE),
    ],
)
def test_a_unit_is_listed_under_its_township(
    unit: str, expected: tuple[str, str]
) -> None:
    assert township_of(roster(), UnitId(unit)) == expected


def test_a_unit_under_no_township_and_no_county_is_listed_apart() -> None:
    lonely = replace(roster().unit(UnitId(VILLAGE)), parent=None)

    assert township_of(Roster.build([lonely], [], []), lonely.id) == NOWHERE


async def test_what_the_roster_has_lost_stays_in_the_record(hamlet: Hamlet) -> None:
    alert = await hamlet.launched()
    before = (await hamlet.get(path(alert, "json"), key="records")).json()
    empty = Roster.build([], [], [])
    await hamlet.runtime.database.write(lambda c: people.save_roster(c, empty))
    after = (await hamlet.get(path(alert, "json"), key="records")).json()

    assert len(before["rows"]) == len(after["rows"])
    assert [(t["unit"], t["name"]) for t in after["townships"]] == [("", "不在名册")]
    assert {r["callout"]: r["called"] for r in before["rows"]} == {
        r["callout"]: r["called"] for r in after["rows"]
    }


async def test_figures_come_by_township_where_that_is_asked_for(
    hamlet: Hamlet,
) -> None:
    alert = await hamlet.launched()
    plain = (await hamlet.get(f"/api/v1/alerts/{alert}/summary")).json()
    split = (await hamlet.get(f"/api/v1/alerts/{alert}/summary?by=township")).json()
    wrong = await hamlet.get(f"/api/v1/alerts/{alert}/summary?by=village")

    assert plain["townships"] is None
    assert split | {"townships": None} == plain
    told = {part["name"]: part for part in split["townships"]}
    assert (told["澄溪县"]["unit"], told["白鹭洲镇"]["unit"]) == (COUNTY, TOWN)
    assert (told["澄溪县"]["callouts"], told["白鹭洲镇"]["callouts"]) == (2, 6)
    assert (wrong.status_code, codes(wrong)) == (422, ["unknown_value"])

"""The call sheet, 电话单: whom to ring by hand, as a page to be printed.

Numbers stand in clear, for that is what it is for: whoever is given a sheet has to be
allowed to see them. The page is whole in itself: no script, nothing to be fetched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape

from config.hazards import event_name
from contacts.model import PersonId
from dispatcher.core.alert import Content
from dispatcher.engine.wording import shortened

TO_DO, TO_WATCH = 80, 50  # characters read aloud: half a minute in all
DRILL = "演练"
VACANT = "(空岗)"
HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
}

STYLE = """\
@page { size: A4 landscape; margin: 12mm; @bottom-right { content: counter(page); } }
body { font: 11pt/1.35 "SimSun", "Songti SC", "Noto Serif CJK SC", serif; margin: 0; }
h1 { font-size: 16pt; margin: 0 0 2mm; }
p { margin: 0 0 2mm; }
.drill { border: 1.5mm dashed #000; padding: 3mm; }
.read { border: 0.5mm solid #000; padding: 2mm; font-size: 13pt; }
table { border-collapse: collapse; width: 100%; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
th, td { border: 0.3mm solid #000; padding: 1mm; text-align: left; }
th { font-weight: bold; }
td { height: 8mm; overflow-wrap: anywhere; }
.number { font-family: "DejaVu Sans Mono", monospace; white-space: nowrap; }
.time { min-width: 16mm; }
.result { white-space: nowrap; }
.note { min-width: 24mm; }
"""
TO_TICK = "□收到 □无人接<br>转移____人"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One person to be rung, with everything he answers for.

    :ivar person: None for a post that nobody holds
    :ivar name: empty for such a post
    :ivar number: as it is dialled in this country
    :ivar others: his other numbers
    """

    villages: str
    grids: str
    posts: str
    person: PersonId | None
    name: str
    number: str
    others: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The call sheet of one place; times are in the policy's zone."""

    alert: str
    content: Content
    place: str
    sent_at: datetime
    printed_at: datetime
    lines: tuple[Line, ...]

    @property
    def people(self) -> int:
        """How many there are to ring."""
        return sum(bool(line.name) for line in self.lines)


def page(sheet: Sheet) -> str:
    """The sheet as HTML for A4 paper; the headings come again on each page."""
    title = f"{_drill(sheet)}电话叫应单:{sheet.place}"
    return "\n".join(
        (
            '<!DOCTYPE html>\n<html lang="zh-CN">',
            f'<head><meta charset="utf-8"><title>{escape(title)}</title>',
            f"<style>\n{STYLE}</style></head>",
            f'<body class="{"drill" if sheet.content.drill else "live"}">',
            f"<h1>{escape(title)}</h1>",
            *(f"<p>{escape(line)}</p>" for line in _about(sheet)),
            f'<p class="read">照读:{escape(spoken(sheet.content))}</p>',
            _table(sheet.lines) if sheet.lines else "<p>没有待呼叫的人。</p>",
            "<p>同一网格(村)已有人应答的,其余的人不用再打。填好后交值班台补录。</p>",
            "<p>呼叫人:____________ 交回时间:____________</p>",
            "</body>\n</html>\n",
        )
    )


def event(content: Content) -> str:
    """The kind of event in words."""
    return content.event or event_name(content.event_code) or content.headline


def spoken(content: Content) -> str:
    """What is read aloud on the telephone: what to do, then why, then the question."""
    do = shortened(content.instruction, TO_DO) or content.instruction[:TO_DO]
    parts = (
        f"这是{DRILL}" if content.drill else "",
        f"您好,这里是{content.issuer}",
        f"{event(content)}{content.level.zh}预警:{do}",
        shortened(content.description, TO_WATCH),
        "您收到了吗?要转移多少户、多少人?",
    )
    return "。".join(part for part in parts if part)


def _drill(sheet: Sheet) -> str:
    return f"{DRILL} " if sheet.content.drill else ""


def _about(sheet: Sheet) -> Iterable[str]:
    content = sheet.content
    yield f"{event(content)}{content.level.zh}预警 {content.headline}"
    yield (
        f"发布单位:{content.issuer} 发布时间:{_time(sheet.sent_at)} "
        f"预警编号:{sheet.alert} 预警标识:{content.identifier}"
    )
    yield f"预警内容:{content.description}"
    yield f"防御措施:{content.instruction}"
    yield f"打印时间:{_time(sheet.printed_at)} 待呼叫:{sheet.people} 人"


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _table(lines: Iterable[Line]) -> str:
    heads = "".join(f"<th>{name}</th>" for name in COLUMNS)
    rows = (_row(number, line) for number, line in enumerate(lines, start=1))
    return "\n".join(
        (
            f"<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>",
            *rows,
            "</tbody>\n</table>",
        )
    )


def _row(number: int, line: Line) -> str:
    cells = (f"<td{kind}>{cell(number, line)}</td>" for kind, cell in COLUMNS.values())
    return f"<tr>{''.join(cells)}</tr>"


COLUMNS: Mapping[str, tuple[str, Callable[[int, Line], str]]] = {
    "序号": ("", lambda number, _: str(number)),
    "村": ("", lambda _, line: escape(line.villages)),
    "网格": ("", lambda _, line: escape(line.grids)),
    "职务": ("", lambda _, line: escape(line.posts)),
    "姓名": ("", lambda _, line: escape(line.name or VACANT)),
    "电话": (' class="number"', lambda _, line: escape(line.number)),
    "备用": (' class="number"', lambda _, line: escape(line.others)),
    "呼叫时间": (' class="time"', lambda _number, _line: ""),
    "结果": (' class="result"', lambda _number, _line: TO_TICK),
    "备注": (' class="note"', lambda _number, _line: ""),
}

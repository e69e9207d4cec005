"""The record as a page for A4 paper: township by township, the figures, signatures.

The page is whole in itself: no script, nothing to be fetched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from dispatcher.api.columns import COLUMNS, SIGNATURE, Column
from dispatcher.api.kpi import FIGURES
from dispatcher.api.paper import GROUPS, SHARES, about, foot, gathered, said
from dispatcher.api.record import Record, RecordRow, Section, asleep
from dispatcher.api.sheet import DRILL
from dispatcher.core.callout import Mark

STYLE = """\
@page {
  size: A4 landscape; margin: 10mm 8mm 14mm;
  @bottom-right { content: counter(page) " / " counter(pages); font-size: 8pt; }
}
body { font: 7.5pt/1.25 "SimSun", "Songti SC", "Noto Serif CJK SC", serif;
  margin: 0 0.5mm; }
h1 { font-size: 15pt; margin: 0 0 2mm; text-align: center; }
h2 { font-size: 11pt; margin: 4mm 0 1mm; break-after: avoid; }
h3 { font-size: 9pt; margin: 2mm 0 1mm; break-after: avoid; }
p { margin: 0 0 1mm; }
.drill { border: 1.5mm dashed #000; padding: 3mm; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
th, td { border: 0.2mm solid #000; padding: 0.6mm 0.8mm; text-align: left;
  vertical-align: top; overflow-wrap: anywhere; }
th { background: #eee; }
td p { margin: 0; }
td b { font-weight: normal; color: #444; }
.figures { table-layout: auto; }
.sign { margin-top: 8mm; font-size: 11pt; white-space: pre; break-inside: avoid; }
"""
KINDS = {
    Mark.NOT_AWAKENED: "未叫醒:到时限拨过电话,无人应答",
    Mark.NEVER_RUNG: "未拨出:到时限一个电话也没有拨出",
}


def as_html(record: Record) -> str:
    """The record as HTML; the headings come again on each page."""
    title = f"{DRILL if record.drill else ''}叫应记录表"
    return "\n".join(
        (
            '<!DOCTYPE html>\n<html lang="zh-CN">',
            f'<head><meta charset="utf-8"><title>{title}</title>',
            f"<style>\n{STYLE}</style></head>",
            f'<body class="{"drill" if record.drill else "live"}">',
            f"<h1>{title}</h1>",
            *(f"<p>{escape(line)}</p>" for line in about(record)),
            *(piece for part in record.sections for piece in _section(part)),
            *_figures(record),
            *_asleep(record),
            f'<p class="sign">{escape(SIGNATURE)}</p>',
            f"<p>{escape(foot(record))}</p>",
            "</body>\n</html>\n",
        )
    )


def _section(part: Section) -> Iterator[str]:
    yield f"<h2>{escape(part.name)}({len(part.rows)})</h2>"
    heads = "".join(f'<th style="width:{SHARES[name]}%">{name}</th>' for name in GROUPS)
    yield f"<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>"
    yield from map(_line, part.rows)
    yield "</tbody>\n</table>"


def _line(line: RecordRow) -> str:
    cells = (f"<td>{_cell(columns, line)}</td>" for columns in GROUPS.values())
    return f"<tr>{''.join(cells)}</tr>"


def _cell(columns: Sequence[Column], line: RecordRow) -> str:
    return "".join(
        f"<p><b>{escape(label)}</b> {escape(text)}</p>"
        for label, text in gathered(columns, line)
    )


def _figures(record: Record) -> Iterator[str]:
    """The figures: all together with their definitions, then a column a township."""
    yield "<h2>统计(口径见右)</h2>"
    yield '<table class="figures">\n<thead><tr><th>指标</th><th>全部</th>'
    yield "<th>口径</th></tr></thead>\n<tbody>"
    for figure in FIGURES:
        cells = (figure.name, figure.shown(record.summary), figure.about)
        yield _row(cells)
    yield "</tbody>\n</table>\n<h2>分乡镇统计</h2>"
    yield '<table class="figures">\n<thead>'
    yield _row(("乡镇", *(figure.name for figure in FIGURES)), "th")
    yield "</thead>\n<tbody>"
    for part in record.sections:
        yield _row((part.name, *(figure.shown(part.summary) for figure in FIGURES)))
    yield "</tbody>\n</table>"


def _row(cells: Iterable[str], tag: str = "td") -> str:
    told = "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells)
    return f"<tr>{told}</tr>"


def _asleep(record: Record) -> Iterator[str]:
    """未叫醒名单: short, by township, the two kinds apart."""
    for mark, title in KINDS.items():
        yield f"<h2>未叫醒名单 - {title}({len(asleep(record.rows, mark))})</h2>"
        for part in record.sections:
            if found := asleep(part.rows, mark):
                yield f"<h3>{escape(part.name)}({len(found)})</h3>"
                yield f"<ol>{''.join(map(_sleeper, found))}</ol>"


def _sleeper(line: RecordRow) -> str:
    told = (said(column, line) for column in SLEEPER)
    return f"<li>{escape(' '.join(filter(None, told)))}</li>"


SLEEPER = tuple(
    column
    for column in COLUMNS
    if column.label
    in {
        *("村", "责任单元", "职务", "号码", "渠道与次数"),
        *("未应答原因", "接管人", "应答时间", "状态"),
    }
)

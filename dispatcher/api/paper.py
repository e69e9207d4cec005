"""The columns of the record as they fit on paper: gathered under a dozen headings.

What is the same in every line (the alert) is said once, above.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from dispatcher.api import words
from dispatcher.api.columns import ALERT, COLUMNS, Column, shown, time
from dispatcher.api.record import Record, RecordRow
from dispatcher.api.sheet import event

TO_FILL = "____"
YEAR = re.compile(r"\b\d{4}-(?=\d\d-\d\d \d\d:\d\d:\d\d)")
# Percent of the page for each heading of a line; together 100.
SHARES: Mapping[str, int] = {
    "序号": 3,
    "叫应发起": 7,
    "单位": 8,
    "被叫应人": 14,
    "呼叫": 9,
    "应答": 13,
    "反馈": 6,
    "未应答与升级": 16,
    "敲门": 9,
    "编号": 6,
    "状态": 5,
    "备注": 4,
}
GROUPS: Mapping[str, Sequence[Column]] = {
    group: tuple(columns)
    for group, columns in groupby(COLUMNS, key=lambda column: column.group)
    if group != ALERT
}


def about(record: Record) -> Iterator[str]:
    """What stands above the lines."""
    content = record.alert.content
    yield (
        f"预警标题:{content.headline} 预警类型:{event(content)} "
        f"预警等级:{content.level.zh} 性质:{words.STATUSES[content.status]}"
    )
    yield (
        f"预警标识:{content.identifier} 发布单位:{content.issuer} "
        f"发布时间:{time(record.sent)} 预警编号:{record.alert.id}"
    )
    blank = "、".join(column.label for column in COLUMNS if not column.kept)
    yield (
        f"制表时间:{time(record.made_at)} 制表人:{record.made_by} "
        f"系统暂不采集、留空手填:{blank}"
    )


def foot(record: Record) -> str:
    """What stands below everything: whoever keeps the paper can check the store."""
    seal = record.seal
    told = f"第{seal.n}次 {time(seal.at)} 根散列 {seal.root}" if seal else "尚无"
    return f"留痕封存:{told}"


def gathered(columns: Sequence[Column], line: RecordRow) -> Iterator[tuple[str, str]]:
    """The filled cells under one heading: label and text; alone, without a label."""
    for column in columns:
        if text := said(column, line):
            yield (column.label if len(columns) > 1 else ""), text


def said(column: Column, line: RecordRow) -> str:
    """A cell as it is printed: the year stands above, paper is narrow."""
    return YEAR.sub("", shown(column.cell(line))) if column.kept else TO_FILL

"""The columns of the 叫应记录表, in the order of the form, and the record as CSV.

The form asks for more than facts can tell yet: who commands, how many villages are
hit, the number of a recording. Those columns say so in their heads and stay empty.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from dispatcher.api import words
from dispatcher.api.record import Record, RecordRow, Step
from dispatcher.core.callout import Cause, State
from dispatcher.core.fact import SYSTEM
from dispatcher.engine.verbs import DESK

BYTE_ORDER_MARK = "\ufeff"  # without it spreadsheets take the file for GBK
FORMULA = ("=", "+", "-", "@", "\t", "\r")
NOT_KEPT = "(暂不采集)"
REMARK = re.compile(r"\((?!秒).*\)$")
VACANT = "空岗"
TAKEN = ("制表人", "制表时间")

Cell = str | float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of the record.

    :ivar group: under which heading a printed page gathers it
    :ivar width: in characters, for a workbook
    """

    head: str
    group: str
    width: int
    cell: Callable[[RecordRow], Cell]

    @property
    def kept(self) -> bool:
        """Whether facts tell it at all."""
        return not self.head.endswith(NOT_KEPT)

    @property
    def label(self) -> str:
        """The head without its remark; a unit stays."""
        return REMARK.sub("", self.head)


def as_csv(record: Record) -> str:
    """The record for any spreadsheet: Chinese heads, no cell that is a formula.

    Who took it and when stands in the last columns of each line: a line of its own
    would be counted as a callout, and be lost where somebody sorts or filters.
    """
    taken = (harmless(record.made_by), time(record.made_at))
    sheet = io.StringIO(newline="")
    sheet.write(BYTE_ORDER_MARK)
    writer = csv.writer(sheet)
    writer.writerow((*(column.head for column in COLUMNS), *TAKEN))
    for line in record.rows:
        cells = (harmless(shown(column.cell(line))) for column in COLUMNS)
        writer.writerow((*cells, *taken))
    return sheet.getvalue()


def harmless(text: str) -> str:
    """A cell that a spreadsheet shows and never calculates."""
    return f"'{text}" if text.startswith(FORMULA) else text


def shown(value: Cell) -> str:
    """A cell as text; numbers without an exponent."""
    if isinstance(value, float):
        return f"{value:.1f}".removesuffix(".0")
    return "" if value is None else str(value)


def time(moment: datetime | None) -> str:
    """A moment as the record writes it; the policy's zone is not named."""
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment else ""


def _called(line: RecordRow) -> str:
    return "、".join(f"{one.name}({words.POSTS[one.post]})" for one in line.called)


def _numbers(line: RecordRow) -> str:
    """His name goes first: several may share a line, and a number may begin with +."""
    return "; ".join(
        f"{one.name} {' '.join(one.numbers) or '无号码'}" for one in line.called
    )


def _attempts(line: RecordRow) -> str:
    counted = line.attempts.items()
    return "、".join(
        f"{words.CHANNELS[channel]}{count}次" for channel, count in counted
    )


def _seconds(line: RecordRow) -> float | None:
    return None if line.seconds is None else round(line.seconds, 1)


def _late(line: RecordRow) -> str:
    if line.state is State.NOTIFIED:
        return "不要求应答"
    if line.in_time is None:
        return "未应答"
    return "否" if line.in_time else "是"


def _why_not(line: RecordRow) -> str:
    return "、".join(dict.fromkeys(map(words.reason, line.why_not)))


def _escalations(line: RecordRow) -> str:
    return "; ".join(
        f"{time(step.at)} {'、'.join(step.people) or VACANT}{_called_by(step)}"
        for step in line.escalations
    )


def _called_by(step: Step) -> str:
    """Who called it early, by the word that the board has for it."""
    return f"({words.CAUSES[Cause.WORD]}: {step.by})" if step.by else ""


def _tasks(line: RecordRow) -> str:
    assigned = (name or "无人可派" for name in line.assignees)
    named = zip((words.TASKS[task] for task in line.tasks), assigned, strict=False)
    sent = f"{time(line.task_at)} " if line.task_at else ""
    return sent + "; ".join(f"{task}: {name}" for task, name in named)


def _door(line: RecordRow) -> str:
    """What came of the visit: facts tell of the door, or of an answer after it."""
    if line.door_at:
        return f"{time(line.door_at)} 已见到本人"
    if line.task_at is None:
        return ""
    after = line.answered_at is not None and line.answered_at >= line.task_at
    return "无上门回报,派出后本人已应答" if after else "未回报"


def _taker(line: RecordRow) -> str:
    return "值班台" if line.taken_by == DESK else line.taken_by or ""


def _state(line: RecordRow) -> str:
    ended = line.close_reason
    said = words.STATES[line.state]
    return f"{said}({words.CLOSE_REASONS[ended]})" if ended else said


def _blank(_: RecordRow) -> None:
    return None


def _group(
    group: str, *columns: tuple[str, int, Callable[[RecordRow], Cell]]
) -> Iterable[Column]:
    for head, width, cell in columns:
        yield Column(head=head, group=group, width=width, cell=cell)


ALERT = "预警"  # its columns say the same in every line: a page says it once, on top

COLUMNS: tuple[Column, ...] = (
    *_group("序号", ("序号", 5, lambda line: line.number)),
    *_group(
        ALERT,
        ("预警标题", 10, lambda line: line.headline),
        ("预警类型", 5, lambda line: line.event),
        ("预警等级", 5, lambda line: line.level.zh),
        ("性质", 5, lambda line: words.STATUSES[line.status]),
        ("预警标识", 10, lambda line: line.identifier),
        ("发布单位", 8, lambda line: line.issuer),
        ("发布时间", 10, lambda line: time(line.sent)),
    ),
    *_group(
        "叫应发起",
        ("叫应发起时间", 10, lambda line: time(line.opened_at)),
        ("发起人", 7, lambda line: "系统" if line.by == SYSTEM else line.by),
    ),
    *_group(
        "单位",
        ("乡镇(街道)", 8, lambda line: line.township),
        ("村(社区)", 8, lambda line: line.village),
        ("责任单元", 8, lambda line: line.unit_name),
        ("单元编码", 9, lambda line: line.unit),
    ),
    *_group(
        "被叫应人",
        ("职务", 8, lambda line: words.POSTS[line.post]),
        ("被叫应人(A/B角)", 10, _called),
        ("号码(脱敏)", 13, _numbers),
    ),
    *_group(
        "呼叫",
        ("渠道与次数", 9, _attempts),
        ("首次送达(通道回执)", 10, lambda line: time(line.first_delivered_at)),
        ("首次接通(按键电话)", 10, lambda line: time(line.picked_up_at)),
    ),
    *_group(
        "应答",
        ("应答人", 7, lambda line: line.answered_by),
        ("应答时间", 10, lambda line: time(line.answered_at)),
        (
            "应答方式",
            7,
            lambda line: words.EVIDENCES[line.evidence] if line.evidence else None,
        ),
        (
            "应答内容",
            7,
            lambda line: words.MEANINGS[line.meaning] if line.meaning else None,
        ),
        ("代录人", 7, lambda line: line.recorded_by),
        ("用时(秒)", 6, _seconds),
        ("是否超时", 6, _late),
    ),
    *_group(
        "反馈",
        (f"坐镇领导{NOT_KEPT}", 7, _blank),
        (f"影响村数{NOT_KEPT}", 7, _blank),
        ("转移户数", 5, lambda line: line.households),
        ("转移人数", 5, lambda line: line.people),
        ("反馈时间", 10, lambda line: time(line.feedback_at)),
    ),
    *_group(
        "未应答与升级",
        ("未应答原因", 9, _why_not),
        ("升级情况", 16, _escalations),
        ("接管人", 7, _taker),
        ("接管时间", 10, lambda line: time(line.taken_at)),
        ("接管依据", 9, lambda line: line.taken_on),
        ("转值班台时间", 10, lambda line: time(line.desk_at)),
    ),
    *_group("敲门", ("敲门任务", 10, _tasks), ("敲门结果", 10, _door)),
    *_group(
        "编号",
        ("原文编号", 11, lambda line: line.message),
        (f"录音编号{NOT_KEPT}", 7, _blank),
    ),
    *_group(
        "状态",
        (
            "标记",
            7,
            lambda line: "、".join(words.MARKS[mark] for mark in line.marks),
        ),
        ("状态", 8, _state),
    ),
    *_group("备注", ("备注", 12, lambda line: line.note)),
)
BY_HEAD = {column.head: column for column in COLUMNS}
ASLEEP_COLUMNS = tuple(
    BY_HEAD[head]
    for head in (
        *("序号", "乡镇(街道)", "村(社区)", "责任单元", "单元编码", "职务"),
        *("被叫应人(A/B角)", "号码(脱敏)", "渠道与次数", "未应答原因", "升级情况"),
        *("敲门任务", "敲门结果", "接管人", "应答时间", "状态", "备注"),
    )
)
SIGNATURE = (
    "值班员(签字):____________    带班领导(签字):____________    日期:____年__月__日"
)

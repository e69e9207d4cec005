"""Keys a policy file may hold although this version does not act on them.

Nothing is read past in silence: each key found is told with its reason by
``jiaoying policy check``. A key that is neither acted on nor listed here is an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from config.document import Document, Loc, Value

FIXED = "这条规则是固定的"
NO_DOOR = "本版只生成上门任务,不跟踪过程"
NO_REPORT = "本版不做信息报告计时"
FOR_READERS = "只供人阅读"

IDLE: Mapping[Loc, str] = {
    ("voice", "accept_key"): FIXED,
    ("voice", "human_check"): FIXED,
    ("voice", "no_answer_ring_seconds"): "振铃时长在语音通道里设置",
    ("provider_limits_default", "voice_same_callee", "basis"): FOR_READERS,
    ("provider_limits_default", "sms_same_template_same_number"): "本版不核对短信额度",
    ("provider_limits_default", "sms_chars"): "短信长度由文字表检查",
    ("capacity", "order"): "顺序是固定的",
    ("no_expiry_rule",): FOR_READERS,
    ("drill", "same_ladder"): "演练总是走同样的阶梯",
    ("drill", "caps"): "本版没有公众渠道和广播",
    ("drill", "counts_in_kpi"): "演练总是单独统计",
    ("drill", "min_per_year"): "本版不提醒演练次数",
    ("door_knock_task", "created_when"): NO_DOOR,
    ("door_knock_task", "states"): NO_DOOR,
    ("door_knock_task", "per_household"): NO_DOOR,
    ("door_knock_task", "two_person_check"): NO_DOOR,
    ("door_knock_task", "gong"): NO_DOOR,
    ("contact_hygiene",): "本版不定期核对通讯录",
    ("upward_report",): NO_REPORT,
    ("sources",): FOR_READERS,
    ("hazards", "*", "basis"): FOR_READERS,
}


# Read and checked, because the rules of calling know them, but not acted on yet.
NOT_YET = (
    "also_at_start: 本版没有广播",
    "household_reach、report_every、final_after_cancel: 本版不催这些期限",
)


def set_aside(document: Document) -> tuple[Value, tuple[str, ...]]:
    """Give the values without the idle keys, and a line of text for each of those."""
    found: dict[Loc, str] = {}
    values = _without(document.values, (), found)
    notes = (
        f"第{document.line(loc)}行 {'.'.join(map(str, loc))}: {reason}"
        for loc, reason in found.items()
    )
    return values, tuple(notes)


def _without(value: Value, loc: Loc, found: dict[Loc, str]) -> Value:
    if not isinstance(value, dict):
        return value
    kept = {}
    for key, inner in value.items():
        here = (*loc, key)
        reason = next(_reasons(here), None)
        if reason:
            found[here] = reason
        else:
            kept[key] = _without(inner, here, found)
    return kept


def _reasons(loc: Loc) -> Iterator[str]:
    for pattern, reason in IDLE.items():
        if len(pattern) == len(loc) and all(
            part in {"*", key} for part, key in zip(pattern, loc, strict=True)
        ):
            yield reason

"""What the demo says at the end, as the officer on watch would tell it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from dispatcher.api.words import CHANNELS, MARKS, POSTS, STATES, reason
from dispatcher.cli.screen import clock, percent, seconds
from dispatcher.cli.traffic import BY_KEY, BY_RINGING_BACK, BY_TEXT, Traffic
from dispatcher.core.callout import Mark, State

Row = Mapping[str, Any]  # a line of the record, as the API gives it
MOST_ROWS = 10
COUNTS = ("callouts", "answered", "taken", "to_desk", "attempts")
OPEN = frozenset({State.TAKEN, State.DESK, State.CALLING, State.WAITING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What is known at the end.

    :ivar elapsed: since the warning was issued, in the demo's own time
    :ivar seconds: the same, real ones
    :ivar rows: the record
    :ivar record: where it lies
    """

    alert: str
    headline: str
    elapsed: timedelta
    seconds: float
    summary: Mapping[str, Any]
    traffic: Traffic
    rows: Sequence[Row]
    lost: int
    record: Path

    @property
    def climbing(self) -> int:
        """Callouts that nobody has answered, taken over or been handed yet."""
        return climbing(self.summary)


def climbing(summary: Mapping[str, Any]) -> int:
    """Callouts whose ladder is still being climbed."""
    by_state = summary["by_state"]
    return int(by_state[State.WAITING] + by_state[State.CALLING])


def in_json(ending: Ending) -> dict[str, Any]:
    """The figures for programs; ``notified`` only where somebody was merely told."""
    notified = ending.summary["by_state"][State.NOTIFIED]
    return {
        "alert": ending.alert,
        **{name: ending.summary[name] for name in COUNTS},
        "calls": ending.traffic.calls,
        "lost": ending.lost,
        "seconds": round(ending.seconds, 1),
        "record": str(ending.record),
        **({"notified": notified} if notified else {}),
    }


def closing(known: Ending) -> str:
    """The closing report, in Chinese."""
    lines = (*_figures(known), *_asleep(known.rows), *_next(known), *_papers(known))
    return "\n".join(lines)


def _figures(known: Ending) -> Iterator[str]:
    told, wires = known.summary, known.traffic
    called = {(p["name"], *p["numbers"]) for row in known.rows for p in row["called"]}
    yield f"{known.headline} 叫应小结(发布后 {clock(known.elapsed)})"
    yield ""
    yield (
        f"  叫应单 {told['callouts']} 张,叫了责任人 {len(called)} 人,"
        f"短信 {wires.texts} 条,电话 {wires.calls} 通(接通 {wires.picked_up})"
    )
    yield (
        f"  本人应答 {told['answered']},其中按时 {told['answered_in_time']}:"
        f"短信应答 {wires.answered(*BY_TEXT)},按键应答 {wires.answered(*BY_KEY)},"
        f"回拨按键 {wires.answered(*BY_RINGING_BACK)}"
    )
    yield (
        f"  合并通知短信 {wires.digests} 条(覆盖 {wires.covered} 个网格),"
        f"上级接管 {told['taken']};转值班台 {told['to_desk']}"
    )
    yield (
        f"  叫应率 {percent(told['answer_rate'])},"
        f"网格覆盖率 {percent(told['grid_coverage_rate'])},"
        f"应答用时 P50 {seconds(told['p50_seconds'])}、"
        f"P90 {seconds(told['p90_seconds'])}"
    )
    yield f"  可能重复 {told['possible_duplicates']} 条,丢失 {known.lost}"


def _asleep(rows: Sequence[Row]) -> Iterator[str]:
    asleep = [row for row in rows if row["state"] in OPEN]
    if not asleep:
        return
    towns = Counter(row["township"] or row["unit_name"] for row in asleep)
    order = sorted(asleep, key=lambda row: (-towns[row["township"]], row["unit"]))
    counts = "、".join(f"{town} {count}" for town, count in towns.most_common())
    yield ""
    yield f"本人未应答 {len(asleep)} 个:{counts}"
    yield from map(_row, order[:MOST_ROWS])
    if len(order) > MOST_ROWS:
        yield f"  ……其余 {len(order) - MOST_ROWS} 个见叫应记录表"


def _row(row: Row) -> str:
    people = "、".join(" ".join((p["name"], *p["numbers"])) for p in row["called"])
    tries = "、".join(f"{CHANNELS[c]}{n}次" for c, n in row["attempts"].items())
    why = "、".join(dict.fromkeys(map(reason, row["why_not"])))
    now = f"{row['taken_by']} 接管" if row["taken_by"] else STATES[row["state"]]
    parts = (people or "空岗", tries, why, f"→ {now}")
    place = f"{row['township']} {row['unit_name']} {POSTS[row['post']]}".strip()
    return f"  {place}  " + "  ".join(part for part in parts if part)


def _next(known: Ending) -> Iterator[str]:
    marks = Counter(mark for row in known.rows for mark in row["marks"])
    told = known.summary
    knocks = sum(bool(row["tasks"]) for row in known.rows if row["state"] in OPEN)
    yield ""
    yield "接下来:"
    if told["taken"]:
        yield f"  接管的 {told['taken']} 个:接管人到期未报结果,自动叫上一级"
    if told["to_desk"]:
        yield f"  转值班台的 {told['to_desk']} 个:值班员人工拨打,系统同时继续叫本人"
    if knocks:
        yield f"  已派敲门入户 {knocks} 个,等回报"
    if marks[Mark.NEED_HELP]:
        yield f"  {MARKS[Mark.NEED_HELP]} {marks[Mark.NEED_HELP]} 个,先处理"
    yield f"  已应答的 {told['answered']} 个:到期催报首次反馈"


def _papers(known: Ending) -> Iterator[str]:
    yield ""
    yield f"叫应记录表:{known.record}"

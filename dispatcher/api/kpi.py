"""The figures of a record in words, each with what it is counted over.

Rules of calling, section 15: whoever reads a rate has to see its denominator beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from dispatcher.api import words
from dispatcher.core.callout import State
from dispatcher.core.report import Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure: its name, its value and its definition.

    :ivar rate: whether it is a share of something, 0 to 1
    """

    name: str
    about: str
    value: Callable[[Summary], float | None]
    rate: bool = False

    def shown(self, summary: Summary) -> str:
        """The value for people, and a word where there was nobody to count."""
        value = self.value(summary)
        if value is None:
            return "无"
        return f"{value:.1%}" if self.rate else f"{value:.1f}".removesuffix(".0")


def _state(state: State) -> Figure:
    return Figure(
        name=f"其中 {words.STATES[state]}",
        about="叫应单现在的状态;各状态之和等于叫应单数",
        value=lambda summary: summary.by_state[state.value],
    )


def states() -> Iterable[Figure]:
    """The figure of each state."""
    return map(_state, State)


FIGURES: tuple[Figure, ...] = (
    Figure(
        name="叫应单数",
        about="本预警对每个单元的每个应叫职务开一单;被更高等级取代的由后者统计,不计入",
        value=lambda summary: summary.callouts,
    ),
    *states(),
    Figure(
        name="本人应答",
        about="本人应答的叫应单,含代录和上门结果;上级或值班台接管不算。对照:叫应单数",
        value=lambda summary: summary.answered,
    ),
    Figure(
        name="按时应答",
        about="本人应答,且从发起到应答不超过该等级的应答时限(策略)。对照:叫应单数",
        value=lambda summary: summary.answered_in_time,
    ),
    Figure(
        name="上级接管",
        about="由上级或值班台接管、本人至今(至预警结束)未应答的叫应单。对照:叫应单数",
        value=lambda summary: summary.taken,
    ),
    Figure(
        name="转值班台",
        about="梯次走完、由值班台负责、至今(至预警结束)无人应答或接管的叫应单。对照:叫应单数",
        value=lambda summary: summary.to_desk,
    ),
    Figure(
        name="未叫醒",
        about="到时限拨过电话而无人应答的叫应单,后来应答的仍计入。对照:叫应单数",
        value=lambda summary: summary.not_awakened,
    ),
    Figure(
        name="未拨出",
        about="到时限一个电话也没有拨出的叫应单,与未叫醒分开统计。对照:叫应单数",
        value=lambda summary: summary.never_rung,
    ),
    Figure(
        name="责任人叫应率",
        about="分母:叫应过的人(梯次已到、有可用联系方式),一次预警一人只算一次;"
        "分子:其中应答过或接管过的人",
        value=lambda summary: summary.answer_rate,
        rate=True,
    ),
    Figure(
        name="网格叫应覆盖率",
        about="分母:预警区域内开了网格长叫应单的网格;分子:其中本人应答或有上门结果的",
        value=lambda summary: summary.grid_coverage_rate,
        rate=True,
    ),
    Figure(
        name="应答用时 P50(秒)",
        about="只在本人已应答的叫应单中统计,从发起到应答;取最近秩",
        value=lambda summary: summary.p50_seconds,
    ),
    Figure(
        name="应答用时 P90(秒)",
        about="同上",
        value=lambda summary: summary.p90_seconds,
    ),
    Figure(
        name="呼叫次数",
        about="各渠道每个号码每呼一次计一次;不是率的分母",
        value=lambda summary: summary.attempts,
    ),
)

"""The demo's screen: what a duty officer watches while a county is called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Final, Self, assert_never

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from contacts.model import UnitId, UnitKind
from contacts.roster import Roster
from dispatcher.api.words import MEANINGS, POSTS, STATES
from dispatcher.cli.traffic import (
    BY_KEY,
    BY_RINGING_BACK,
    BY_TEXT,
    Ahead,
    Traffic,
)
from dispatcher.core.callout import Rung, State
from dispatcher.core.due import What
from dispatcher.core.fact import (
    Answered,
    Fact,
    HandedToDesk,
    MeansStruck,
    PersonStruck,
    TakenOver,
)

Told = Answered | TakenOver | HandedToDesk | MeansStruck | PersonStruck
TOLD = ("answered", "taken_over", "handed_to_desk", "means_struck", "person_struck")
LINES = 8
BAR = 60
WIDTH = 88
LINE_EVERY = timedelta(minutes=1)  # where there is no terminal to draw on

COLOURS = {
    State.REPORTED: "green",
    State.ANSWERED: "green3",
    State.NOTIFIED: "green4",
    State.TAKEN: "cyan",
    State.DESK: "red",
    State.CALLING: "yellow",
    State.WAITING: "grey50",
    State.CLOSED: "grey30",
}
NEXT: Final = {
    What.HELP: "转告求助",
    What.FLAGS: "逐级叫应",
    What.RUNG: "逐级叫应",
    What.TRY: "再叫",
    What.LATER: "补叫",
    What.RESULT: "接管到期",
    What.REPEAT: "再叫本人",
    What.RUN_OUT: "转值班台",
    What.DESK_REMINDER: "提醒值班台",
    What.FEEDBACK: "催报反馈",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Something that has just happened: when after the issue, where, and what."""

    after: timedelta
    place: str
    what: str
    colour: str


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What is on the screen at one moment.

    :ivar elapsed: since the warning was issued, in the demo's own time
    :ivar summary: as the API gives it
    :ivar voice_lines: calls that may go on at a time
    """

    headline: str
    speed: float
    elapsed: timedelta
    summary: Mapping[str, Any]
    traffic: Traffic
    voice_lines: int
    ahead: Ahead | None
    issued_at: datetime
    lines: tuple[Line, ...]


class Screen:
    """Draws views one over the other; without a terminal, a line a minute."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False)
        self._next_line = timedelta()

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._live.stop()

    def show(self, view: View) -> None:
        """Draw the next view."""
        if self._console.is_terminal:
            self._live.update(drawn(view), refresh=True)
        elif view.elapsed >= self._next_line:
            self._next_line = view.elapsed + LINE_EVERY
            self._console.print(_in_a_line(view), soft_wrap=True)


def drawn(view: View) -> RenderableType:
    """A view as a picture."""
    words = (_figures(view), _wires(view), _ways(view), _next(view))
    parts = (_bar(view), *map(Text, words), Text(), *map(_line, view.lines))
    return Panel(
        Group(*parts),
        title=f"[bold red]{view.headline}[/]",
        subtitle=f"发布后 {clock(view.elapsed)} · {view.speed:g} 倍速",
        width=WIDTH,
        height=LINES + 10,
    )


def clock(elapsed: timedelta) -> str:
    """Minutes and seconds, as they are read aloud at the desk."""
    minutes, seconds = divmod(int(elapsed.total_seconds()), 60)
    return f"{minutes:02d}:{seconds:02d}"


def percent(rate: float | None) -> str:
    """A rate, or a dash where nobody was asked."""
    return "—" if rate is None else f"{rate:.1%}"


def seconds(value: float | None) -> str:
    """A time to answer."""
    return "—" if value is None else f"{value:.0f} 秒"


def _bar(view: View) -> RenderableType:
    total = view.summary["callouts"] or 1
    bar, legend = Text(), Text()
    for state, colour in COLOURS.items():
        if count := view.summary["by_state"][state]:
            bar.append("█" * max(1, round(count / total * BAR)), colour)
            legend.append("■ ", colour)
            legend.append(f"{STATES[state]} {count}   ")
    table = Table.grid()
    table.add_row(bar)
    table.add_row(legend)
    return table


def _figures(view: View) -> str:
    told = view.summary
    return (
        f"叫应单 {told['callouts']}   网格覆盖率 {percent(told['grid_coverage_rate'])}"
        f"   责任人叫应率 {percent(told['answer_rate'])}"
        f"   P50 {seconds(told['p50_seconds'])}"
    )


def _wires(view: View) -> str:
    now = view.traffic
    return (
        f"短信 {now.texts} 条   电话 {now.calls} 通   线路 "
        f"{now.ringing + now.talking}/{view.voice_lines}"
        f"(响铃 {now.ringing},通话 {now.talking})"
    )


def _ways(view: View) -> str:
    answered = view.traffic.answered
    return (
        f"应答:短信 {answered(*BY_TEXT)}   按键 {answered(*BY_KEY)}"
        f"   回拨按键 {answered(*BY_RINGING_BACK)}"
        f"   合并通知接管 {view.summary['taken']}"
    )


def _next(view: View) -> str:
    ahead = view.ahead
    if ahead is None:
        return "下一步:—"
    whom = _whom(ahead.rung) if ahead.rung else ""
    what = f"{NEXT[ahead.due.what]} {whom}".strip()
    after = clock(ahead.due.at - view.issued_at)
    return f"下一步:{after} {what}({ahead.callouts} 个)"


def _whom(rung: Rung) -> str:
    """The posts of a rung; without any it is a flag for the desk."""
    posts = dict.fromkeys(POSTS[ref.post] for ref in rung.posts)
    return "、".join(posts) or "值班台"


def _line(line: Line) -> Text:
    text = Text(f"{clock(line.after)}  ", "grey50", no_wrap=True)
    return text.append(f"{line.place}  ", "default").append(line.what, line.colour)


def _in_a_line(view: View) -> str:
    by_state = view.summary["by_state"]
    counts = (f"{STATES[s]} {by_state[s]}" for s in COLOURS if by_state[s])
    words = (*counts, _figures(view), _wires(view))
    return f"发布后 {clock(view.elapsed)}  {'  '.join(words)}"


def told(
    facts: list[tuple[UnitId, Fact]], roster: Roster, issued_at: datetime
) -> Iterator[Line]:
    """Facts as lines for the screen."""
    for unit, fact in facts:
        if isinstance(fact, Told):
            what, colour = _words(fact, roster)
            after = fact.at - issued_at
            yield Line(
                after=after, place=_place(unit, roster), what=what, colour=colour
            )


def _place(unit: UnitId, roster: Roster) -> str:
    township = roster.above(unit, UnitKind.TOWNSHIP)
    name = roster.unit(unit).name
    return name if township is None or township.id == unit else township.name + name


def _words(fact: Told, roster: Roster) -> tuple[str, str]:
    match fact:
        case Answered():
            name = roster.person(fact.person).name
            return f"{name} {MEANINGS[fact.meaning]}", COLOURS[State.ANSWERED]
        case TakenOver():
            return f"由 {_taker(fact.taker, roster)} 接管", COLOURS[State.TAKEN]
        case HandedToDesk():
            return "转值班台", COLOURS[State.DESK]
        case MeansStruck():
            name = roster.person(fact.person).name
            return f"{name} 号码不可达或有误", "orange3"
        case PersonStruck():
            return f"{roster.person(fact.person).name} 无法履职", "orange3"
        case _:
            assert_never(fact)


def _taker(taker: str, roster: Roster) -> str:
    known = {str(person): one.name for person, one in roster.people.items()}
    return known.get(taker, taker)

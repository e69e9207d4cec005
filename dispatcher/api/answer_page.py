"""The link page as HTML: what is asked, who is asked, and the buttons.

It is for an old telephone on a slow line at night: one small page without a script,
without anything to be fetched, in large type. Whoever opens it may be somebody else, so
it asks before it takes anything for an answer.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from html import escape
from importlib.resources import files
from string import Template
from zoneinfo import ZoneInfo

from contacts.model import Post, UnitId
from dispatcher.api import words
from dispatcher.core.alert import AlertState, Level
from dispatcher.core.answer import Figures, Meaning
from dispatcher.core.callout import Answer
from dispatcher.engine.visiting import Press, Standing, Visit
from dispatcher.engine.wording import Voice, cut, shortened
from dispatcher.intake.keys import PEOPLE_DIGITS

# Characters that are shown; with the longest of everything the page stays under 20 kB.
TO_DO_MOST = 700
TO_WATCH_MOST = 400
TITLE_MOST = 60
NAME_MOST = 30
PLACES_MOST = 30
ANSWERS_MOST = 3  # the newest are shown

DRILL = "演练"
GRADES = {Level.RED: "Ⅰ级", Level.ORANGE: "Ⅱ级", Level.YELLOW: "Ⅲ级", Level.BLUE: "Ⅳ级"}
ENDS = {AlertState.CANCELLED: "预警已解除", AlertState.EXPIRED: "预警已到期"}
MEANT = {
    Meaning.EVACUATING: "转移中,转移完请报人数",
    Meaning.NEED_HELP: "求助,马上有人联系您",
}

PAGE = Template(
    files("dispatcher.api").joinpath("pages", "answer.html").read_text(encoding="utf-8")
)
# Marks that turn the direction of writing, and control characters: a name that holds
# one could make the rest of a line read as something else.
TURNING = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


def _style_hash() -> str:
    style = PAGE.template.partition("<style>")[2].partition("</style>")[0]
    return b64encode(hashlib.sha256(style.encode()).digest()).decode()


HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Language": "zh-CN",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_style_hash()}'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A page that names nobody.

    :ivar retry_after: seconds until it is worth trying again; 0: it never is
    """

    status: int
    title: str
    text: str
    retry_after: int = 0


def notice_page(notice: Notice, duty_phone: str) -> str:
    """A page that says why there is nothing to answer here."""
    head = f"<header><h1>{_safe(notice.title)}</h1></header>"
    main = f"<section><p>{_safe(notice.text)}</p></section>"
    foot = _duty(duty_phone)
    return _page(notice.title, head, "\n".join((main, *foot)), drill=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the page of a question is made from.

    :ivar zone: of the times on it
    :ivar duty_phone: of the desk; empty: none is told
    :ivar last4: an answer needs the last four digits of his number
    :ivar complaint: why what was pressed was not taken
    """

    visit: Visit
    zone: ZoneInfo
    duty_phone: str = ""
    last4: bool = False
    complaint: str = ""


def page(shown: Shown) -> str:
    """The page of a question."""
    voice = shown.visit.voice
    title = f"{_clipped(voice.event)}{voice.content.level.zh}预警"
    drill = voice.content.drill
    main = "\n".join(_main(shown))
    marked = f"{DRILL}:{title}" if drill else title
    return _page(marked, _head(shown, title), main, drill=drill)


def _page(title: str, head: str, main: str, *, drill: bool) -> str:
    return PAGE.substitute(
        title=_safe(title), frame="drill" if drill else "live", head=head, main=main
    )


def _safe(text: str) -> str:
    """A text of others as it may stand in HTML, on one line."""
    return escape(" ".join(TURNING.sub(" ", text).split()))


def _clipped(text: str, most: int = TITLE_MOST) -> str:
    return text if len(text) <= most else cut(text, most)


def _clauses(text: str, most: int) -> str:
    return _safe(shortened(text, most) or _clipped(text, most))


def _head(shown: Shown, title: str) -> str:
    content, alert = shown.visit.voice.content, shown.visit.alert
    strip = f'<p class="strip">{DRILL}:这是一次演练</p>\n' if content.drill else ""
    until = alert.expires_at
    ends = f",有效至{_time(shown, until)}" if until else ""
    grade = GRADES.get(content.level, "")
    return (
        f'{strip}<header class="{content.level.value}">\n'
        f"<h1>{_safe(title)} {grade}</h1>\n<p>{_safe(_clipped(content.issuer))} "
        f"{_time(shown, content.sent)}发布{ends}</p>\n</header>"
    )


def _time(shown: Shown, moment: datetime) -> str:
    local = moment.astimezone(shown.zone)
    return f"{local.month}月{local.day}日 {local:%H:%M}"


def _main(shown: Shown) -> Iterator[str]:
    visit = shown.visit
    if shown.complaint:
        yield f'<section class="bad" role="alert">{_safe(shown.complaint)}</section>'
    if said := [*_said(shown)]:
        lines = "\n".join(f"<p>{line}</p>" for line in said)
        yield f'<section class="said" role="status">\n{lines}\n</section>'
    yield _warning(visit)
    match visit.standing:
        case Standing.ASKED:
            yield _asked(shown)
        case Standing.DONE:
            yield from _afterwards(shown)
        case Standing.SETTLED | Standing.OVER | Standing.TOLD:
            pass
    yield from _duty(shown.duty_phone)


def _duty(phone: str) -> Iterator[str]:
    """The desk's number, to be rung with one press."""
    if phone:
        dialled = phone.replace(" ", "").replace("-", "")
        number = f'<a href="tel:{_safe(dialled)}">{_safe(phone)}</a>'
        yield f'<p class="duty">值班电话 {number}</p>'


def _said(shown: Shown) -> Iterator[str]:
    """What the store holds of this question: nothing is said that is not on disk."""
    visit = shown.visit
    for answer in visit.answers[-ANSWERS_MOST:]:
        yield f"✓ 已记录 {_time(shown, answer.at)}:{_meant(answer)}"
    if taken := visit.taken:
        by = max(one.taking.result_by for one in taken if one.taking)
        yield f"✓ 已记录:您负责{len(taken)}处,请在{_time(shown, by)}前叫醒并报结果"
    if visit.calls_for_help:
        yield f"✓ 已记录:{MEANT[Meaning.NEED_HELP]}"
    yield from _state(visit)


def _state(visit: Visit) -> Iterator[str]:
    match visit.standing:
        case Standing.OVER:
            ended = ENDS.get(visit.alert.state, "这条预警已被取代")
            yield f"{ended},叫应已结束,不需应答。"
        case Standing.SETTLED:
            yield f"{_roles(visit.settled_by)}已应答,不需您再应答。"
        case Standing.TOLD:
            yield "特此告知,不需应答。"
        case Standing.ASKED:
            yield from _hearsay(visit)
        case Standing.DONE:
            pass


def _hearsay(visit: Visit) -> Iterator[str]:
    if visit.relayed:
        yield "已记录:有人替他转告。转告不算应答,还要本人来按。"
    if visit.disowned:
        yield "已记录:有人说他不是责任人。请把电话转给责任人。"


def _meant(answer: Answer) -> str:
    if answer.meaning is Meaning.COMPLETED:
        return _moved(answer.figures)
    return MEANT.get(answer.meaning, words.MEANINGS[answer.meaning])


def _moved(figures: Figures) -> str:
    if not figures.people and not figures.households:
        return "不需转移"
    households = f"{figures.households}户" if figures.households else ""
    people = f"{figures.people}人" if figures.people is not None else ""
    return f"已转移{households}{people}"


def _roles(posts: Iterable[Post | None]) -> str:
    named = (words.POSTS[p].partition(",")[0] if p else "值班台" for p in posts)
    return "、".join(dict.fromkeys(named)) or "其他责任人"


def _warning(visit: Visit) -> str:
    content = visit.voice.content
    parts = (
        ("您负责", _places(visit.voice, visit.units(mine=True))),
        (_below(visit), _places(visit.voice, visit.units(mine=False))),
        ("请您做", _clauses(content.instruction, TO_DO_MOST)),
        ("注意", _clauses(content.description, TO_WATCH_MOST)),
    )
    said = "\n".join(f"<h2>{name}</h2><p>{text}</p>" for name, text in parts if text)
    return f"<section>\n{said}\n</section>"


def _below(visit: Visit) -> str:
    """How the units stand that are not his own."""
    if visit.standing is Standing.ASKED:
        return "还没有应答,请派人叫醒"
    return "由您负责叫醒" if visit.taken else "涉及的网格(村)"


def _places(voice: Voice, units: Iterable[UnitId]) -> str:
    """Units by name; of very many the first, and how many there are."""
    distinct = [*dict.fromkeys(units)]
    names = (_name(voice.places([unit])) for unit in distinct[:PLACES_MOST])
    more = f" 等{len(distinct)}处" if len(distinct) > PLACES_MOST else ""
    return "、".join(names) + more


def _name(text: str) -> str:
    """A name, apart from what stands beside it, whatever its direction of writing."""
    return f"<bdi>{_safe(_clipped(text, NAME_MOST))}</bdi>"


def _asked(shown: Shown) -> str:
    visit = shown.visit
    mine, others = visit.units(mine=True), visit.units(mine=False)
    ready = "收到" if not others else "收到并负责" if mine else "我来负责"
    return _form(
        f"<h2>您是{_name(visit.person.name)}本人吗?</h2>",
        _last4(shown),
        _button(Press.MINE, f"我是本人,{ready}", ' class="go"'),
        _number("已转移人数(可不填,填了再按上面)") if mine else "",
        _button(Press.HELP, "我是本人,需要支援"),
        _button(Press.RELAY, "我替他转告"),
        _button(Press.NOT_ME, "我不是责任人"),
    )


def _afterwards(shown: Shown) -> Iterator[str]:
    last4 = _last4(shown)
    if shown.visit.mine:
        yield _form(
            "<h2>转移情况</h2>",
            last4,
            _number("我已转移(人),还没有数可不填"),
            _button(Press.FIGURES, "报转移情况"),
        )
        nobody = '<input type="hidden" name="people" value="0">'
        yield _form(last4, _button(Press.FIGURES, "不需转移"), nobody)
    yield _form(last4, _button(Press.HELP, "需要支援"))


def _form(*parts: str) -> str:
    # An empty action is the page's own address, whatever prefix it is served under.
    inside = "\n".join(part for part in parts if part)
    return f'<form method="post" action="">\n{inside}\n</form>'


def _button(press: Press, text: str, kind: str = "") -> str:
    return f'<button{kind} name="answer" value="{press}">{text}</button>'


def _number(text: str) -> str:
    return _field(text, "people", PEOPLE_DIGITS)


def _last4(shown: Shown) -> str:
    return _field("您手机号的后四位", "last4", 4) if shown.last4 else ""


def _field(text: str, name: str, most: int) -> str:
    return (
        f'<label>{text}<input name="{name}" inputmode="numeric" maxlength="{most}" '
        'autocomplete="off"></label>'
    )

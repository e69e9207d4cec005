"""The link page: what a person was asked, and his answer with one press.

Looking never changes anything: chat programs and scanners follow every link before a
human does. Answering is a POST, and pressed twice it is one answer. No limit on looking
keeps an answer out.
"""

from __future__ import annotations

import hmac
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy import Connection

from config.settings import LastFour
from dispatcher.api.answer_page import HEADERS, Notice, Shown, notice_page, page
from dispatcher.api.front import Front, FrontOf
from dispatcher.core.answer import NO_FIGURES
from dispatcher.engine.compose import Desk
from dispatcher.engine.context import Context
from dispatcher.engine.visiting import Press, Pressed, Visit, press, visited
from dispatcher.intake.keys import figures_of
from dispatcher.store.database import STORE_TROUBLE

FIELDS_MOST = 20
BUSY_SECONDS = 5
SEE_OTHER = 303

router = APIRouter(include_in_schema=False)  # it is for people

log = structlog.get_logger()

BY_ANOTHER_WAY = "请直接回复短信1,或拨打值班电话。"
UNKNOWN = Notice(
    status=404,
    title="这个链接打不开",
    text=f"链接不完整或有误。请回到原来的消息里再点一次;{BY_ANOTHER_WAY}",
)
DEAD = Notice(
    status=410,
    title="这个链接已失效",
    text="叫应已经结束,不需应答。有疑问请拨打值班电话。",
)
UNREADABLE = Notice(
    status=400,
    title="没有看懂",
    text=f"还不算应答。请返回上一页,按一个按钮;{BY_ANOTHER_WAY}",
)
BUSY = Notice(
    status=503,
    title="暂时没有记上",
    text=f"还不算应答。请过几秒再按一次;{BY_ANOTHER_WAY}",
    retry_after=BUSY_SECONDS,
)
WRONG_DIGITS = "手机号后四位不对,还不算应答。"
NO_DIGITS = "请填您手机号的后四位,还不算应答。"
WRONG_PEOPLE = "人数请填数字,最多五位,还不算应答。"


def _too_often(seconds: int) -> Notice:
    return Notice(
        status=429,
        title="太频繁了",
        text=f"请过{seconds}秒再试。着急{BY_ANOTHER_WAY}",
        retry_after=seconds,
    )


def _locked(seconds: int) -> Notice:
    return Notice(
        status=429,
        title="后四位错了太多次",
        text=f"还不算应答。请过{seconds}秒再试;{BY_ANOTHER_WAY}",
        retry_after=seconds,
    )


class _NothingToShowError(Exception):
    """There is a notice instead of the page that was asked for."""

    def __init__(self, notice: Notice) -> None:
        super().__init__(notice.title)
        self.notice = notice


@router.api_route("/a/{token}", methods=["GET", "HEAD"])
async def show(front: FrontOf, request: Request, token: str) -> Response:
    """Show what is asked; nothing is answered by that."""
    try:
        question = _admitted(front, request, token)
        context, visit = await _looked(front, question)
    except _NothingToShowError as instead:
        return _noticed(front, instead.notice)
    return _shown(front, context, visit)


@router.post("/a/{token}")
async def answer(front: FrontOf, request: Request, token: str) -> Response:
    """Take down what was pressed, and show the page anew."""
    try:
        question = _admitted(front, request, token)
        filled = await _filled(request)
        context, visit = await _looked(front, question)
        complaint = filled.complaint or _doubt(front, visit, filled)
        if complaint:
            return _shown(front, context, visit, complaint)
        await _take(front, context, question, filled.pressed)
    except _NothingToShowError as instead:
        return _noticed(front, instead.notice)
    # Relative, for we may be behind a prefix. Loaded anew it answers nothing again.
    return RedirectResponse(token, SEE_OTHER, headers=HEADERS)


def _admitted(front: Front, request: Request, token: str) -> str:
    """The question a token is for; raises a notice where there is none, or too often.

    A link of ours is bounded by itself alone: a whole county may stand behind one
    address of a carrier. Who guesses links is bounded by his address.
    """
    limits, now = front.limits, front.now()
    question = front.runtime.links.read(token)
    if question is None:
        caller = request.client.host if request.client else ""
        wait = limits.visits.take(caller, now)
    elif request.method == "POST":
        wait = limits.presses.take(question, now)
    else:
        wait = limits.requests.take(question, now)
    if wait:
        raise _NothingToShowError(_too_often(wait))
    if question is None:
        raise _NothingToShowError(UNKNOWN)
    return question


async def _looked(front: Front, question: str) -> tuple[Context, Visit]:
    """The question as it stands; raises a notice where it can't be shown."""
    now = front.now()
    try:
        context = await front.runtime.keeper.refresh()
        visit = await front.runtime.database.read(
            lambda c: visited(Desk(c, context, now), question)
        )
    except STORE_TROUBLE as trouble:
        _busy(trouble)
    if visit is None:
        raise _NothingToShowError(UNKNOWN)
    if visit.dead(now):
        raise _NothingToShowError(DEAD)
    return context, visit


async def _take(
    front: Front, context: Context, question: str, pressed: Pressed
) -> None:
    """Let it have its effect; raises a notice when it is not on disk."""
    now = front.now()

    def taken(connection: Connection) -> int:
        desk = Desk(connection, context, now)
        visit = visited(desk, question)
        return press(desk, visit, pressed) if visit else 0

    try:
        changed = await front.runtime.database.write(taken)
    except STORE_TROUBLE as trouble:
        _busy(trouble)
    if changed:
        front.committed()


def _busy(trouble: Exception) -> NoReturn:
    log.error("phone.store.failed", error=str(trouble))
    raise _NothingToShowError(BUSY) from trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class _Filled:
    """The form as it came.

    :ivar last4: the digits given; empty when there are none
    :ivar complaint: what is wrong with it
    """

    pressed: Pressed
    last4: str
    complaint: str


async def _filled(request: Request) -> _Filled:
    """Read the form; raises a notice where no button of ours was pressed."""
    fields = _fields(await request.body())
    try:
        pressed = Press(fields.get("answer", ""))
    except ValueError:
        raise _NothingToShowError(UNREADABLE) from None
    people = fields.get("people", "") if pressed.by_himself else ""
    figures = figures_of(people) if people else NO_FIGURES
    return _Filled(
        pressed=Pressed(press=pressed, figures=figures or NO_FIGURES),
        last4=fields.get("last4", ""),
        complaint=WRONG_PEOPLE if figures is None else "",
    )


def _fields(body: bytes) -> Mapping[str, str]:
    """The fields, with digits as people type them made plain; none when unreadable."""
    try:
        pairs = parse_qsl(body.decode(), max_num_fields=FIELDS_MOST)
    except ValueError:
        return {}
    return {name: unicodedata.normalize("NFKC", text).strip() for name, text in pairs}


def _doubt(front: Front, visit: Visit, filled: _Filled) -> str:
    """Why we can't believe that it is him; empty when we can.

    Raises a notice after too many wrong digits.
    """
    if not filled.pressed.press.by_himself or not _asks_last4(front, visit):
        return ""
    guesses, now, question = front.limits.guesses, front.now(), visit.question.id
    if wait := guesses.wait(question, now):
        raise _NothingToShowError(_locked(wait))
    if not filled.last4:
        return NO_DIGITS
    given = filled.last4.encode()
    if any(hmac.compare_digest(given, own.encode()) for own in visit.last_digits):
        return ""
    guesses.take(question, now)
    return WRONG_DIGITS


def _asks_last4(front: Front, visit: Visit) -> bool:
    asked = front.runtime.settings.security.link_last4
    return asked is LastFour.RED and visit.red and bool(visit.last_digits)


def _shown(
    front: Front, context: Context, visit: Visit, complaint: str = ""
) -> HTMLResponse:
    shown = Shown(
        visit=visit,
        zone=ZoneInfo(context.policies.timezone),
        duty_phone=front.runtime.settings.texts.duty_phone,
        last4=_asks_last4(front, visit),
        complaint=complaint,
    )
    return HTMLResponse(page(shown), 422 if complaint else 200, HEADERS)


def _noticed(front: Front, notice: Notice) -> HTMLResponse:
    wait = {"Retry-After": str(notice.retry_after)} if notice.retry_after else {}
    shown = notice_page(notice, front.runtime.settings.texts.duty_phone)
    return HTMLResponse(shown, notice.status, {**HEADERS, **wait})

"""Bodies of requests: how long they may be, and how they are read."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

import structlog
from fastapi import Depends, Header, Request
from pydantic import BaseModel, ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dispatcher.api.front import FrontOf
from dispatcher.api.problem import Refusal, RefusedError, answer, refused
from dispatcher.engine.taking import check_date
from dispatcher.intake.dialect import (
    Unproven,
    Unreadable,
    Warned,
    read_document,
    read_json,
    read_value,
)
from dispatcher.intake.problem import Problem, problems_of

JSON = "application/json"
IdempotencyKey = Annotated[str | None, Header(min_length=1, max_length=255)]

CAP, XMLS = "application/cap+xml", frozenset({"application/xml", "text/xml"})
NOT_JSON_TYPE = Problem(
    loc=("header", "Content-Type"),
    code="json_expected",
    zh="请用 application/json",
    en="send application/json",
)
NO_DIALECT = Problem(
    loc=("header", "Content-Type"),
    code="dialect_expected",
    zh="请用 application/json、application/cap+xml 或 application/xml",
    en="send application/json, application/cap+xml or application/xml",
)

PACKED = Problem(
    loc=("header", "Content-Encoding"),
    code="packed",
    zh="请不要压缩内容",
    en="send the body as it is, not compressed",
)
REPEATED = Problem(
    loc=(),
    code="repeated",
    zh="同样的内容已经受理,不必再发",
    en="the same content has been taken: there is no need to send it again",
)


log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How long a body may be, in bytes, and how long it may take."""

    most: int
    seconds: float

    @property
    def too_long(self) -> Refusal:
        """The answer to a longer one."""
        zh, en = f"最多 {self.most} 字节", f"at most {self.most} bytes"
        return _ended(413, "too_large", zh, en)

    @property
    def too_late(self) -> Refusal:
        """The answer to a slower one."""
        return _ended(
            408,
            "too_slow",
            f"内容应在 {self.seconds:g} 秒内传完",
            f"a body has to be there within {self.seconds:g} seconds",
        )


class BodyLimit:
    """Turns away what is longer than the limit, whether or not it says so, or slower.

    Who trickles a body holds a connection and what has come so far.
    """

    def __init__(self, app: ASGIApp, usual: Limit, others: Mapping[str, Limit]) -> None:
        """Guard an app; some paths have a limit of their own."""
        self._app = app
        self._usual = usual
        self._others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request whose body is counted while it comes in."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        limit = self._others.get(scope["path"], self._usual)
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > limit.most:
            await answer(request, limit.too_long)(scope, receive, send)
            return
        await self._app(scope, _counting(receive, limit), send)


def _counting(receive: Receive, limit: Limit) -> Receive:
    length, whole = 0, False
    clock = asyncio.get_running_loop().time
    late_at = clock() + limit.seconds

    async def counted() -> Message:
        nonlocal length, whole
        try:
            # What comes after the body, the end of the connection, may take long.
            async with asyncio.timeout_at(None if whole else late_at):
                message = await receive()
        except TimeoutError:
            raise RefusedError(limit.too_late) from None
        length += len(message.get("body", b""))
        whole = not message.get("more_body", False)
        if length > limit.most:
            raise RefusedError(limit.too_long)
        return message

    return counted


def _ended(status: int, code: str, zh: str, en: str) -> Refusal:
    """A refusal after which nothing more is read from the connection."""
    told = Problem(loc=(), code=code, zh=zh, en=en)
    return Refusal(status=status, errors=(told,), headers={"Connection": "close"})


async def plain_body(request: Request) -> bytes:
    """The body as it is; one that is packed would be unpacked without a bound."""
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise refused(415, PACKED)
    return await request.body()


PlainBody = Annotated[bytes, Depends(plain_body)]


async def json_body(request: Request) -> object:
    """The body, parsed; only after the key was found good."""
    if kind_of(request) != JSON:
        raise refused(415, NOT_JSON_TYPE)
    value = read_value(await plain_body(request))
    if isinstance(value, Unreadable):
        raise refused(400, value.why)
    return value


JsonBody = Annotated[object, Depends(json_body)]


def kind_of(request: Request) -> str:
    """The media type of a body, without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def unrepeated(body: PlainBody, front: FrontOf) -> AsyncIterator[None]:
    """Shed what is sent over and over: only a body that has been taken counts.

    So a first warning is never shed, nor one whose taking has failed.
    """
    repeats = front.limits.repeats
    name = hashlib.blake2b(body, digest_size=16).hexdigest()
    if seconds := repeats.wait(name, front.now()):
        raise refused(429, REPEATED, Retry_After=str(seconds))
    yield
    repeats.take(name, front.now())


Unrepeated = Annotated[None, Depends(unrepeated)]


async def warning_body(
    request: Request, front: FrontOf, body: PlainBody, _shed: Unrepeated
) -> Warned:
    """The warning in a body, in whichever dialect its type and its root tell.

    A signature that is missing or wrong is 403: the document could be read, but nobody
    here believes who it says it is from, as with a key that may not send for a sender.
    """
    kind, now = kind_of(request), front.now()
    if kind == JSON:
        read = read_json(body, now)
    elif kind == CAP or kind in XMLS:
        runtime = front.runtime
        system = runtime.settings.intake.code_system
        read = read_document(body, now, system, runtime.signers)
    else:
        raise refused(415, NO_DIALECT)
    match read:
        case Warned(certificate=certificate):
            if certificate:
                check_date(certificate, now)
            return read
        case Unreadable(why=why):
            raise refused(400, why)
        case Unproven(sender=sender, why=why):
            log.warning("intake.signature.refused", sender=sender, code=why.code)
            raise refused(403, why)
        case _:
            raise refused(422, *read)


async def posted(_shed: Unrepeated, body: JsonBody) -> object:
    """What a monitor posts, parsed."""
    return body


WarningBody = Annotated[Warned, Depends(warning_body)]
PostedBody = Annotated[object, Depends(posted)]


Read = TypeVar("Read", bound=BaseModel)


def read_as(form: type[Read]) -> Callable[[object], Awaitable[Read]]:
    """A dependency: the body as a form, or 422 with everything that is wrong."""

    async def read(body: JsonBody) -> Read:
        try:
            return form.model_validate(body)
        except ValidationError as error:
            raise refused(422, *problems_of(error.errors(include_url=False))) from None

    return read


ANY_OBJECT = {
    "requestBody": {
        "required": True,
        "content": {JSON: {"schema": {"type": "object"}}},
    }
}


def documented(form: type[BaseModel], *more: str) -> dict[str, Any]:
    """How a route that reads its body by itself documents it.

    :param more: media types it takes beside JSON
    """
    content: dict[str, Any] = {
        JSON: {"schema": {"$ref": f"#/components/schemas/{form.__name__}"}}
    }
    content |= {kind: {"schema": {"type": "string"}} for kind in more}
    return {"requestBody": {"required": True, "content": content}}

"""What we can't do, as RFC 9457 problem details in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from contacts.numbers import only_last_four
from dispatcher.intake.problem import Problem, problems_of
from dispatcher.store.writer import StoreBusyError

PROBLEM_JSON = "application/problem+json"
BUSY_SECONDS = "1"

TITLES = {
    400: ("无法解析", "Bad Request"),
    401: ("没有有效的密钥", "Unauthorized"),
    403: ("没有权限", "Forbidden"),
    404: ("没有找到", "Not Found"),
    405: ("不支持这种方法", "Method Not Allowed"),
    408: ("传得太慢", "Request Timeout"),
    409: ("与已有的冲突", "Conflict"),
    412: ("已被改动", "Precondition Failed"),
    413: ("内容太大", "Content Too Large"),
    415: ("不支持这种格式", "Unsupported Media Type"),
    422: ("内容有误", "Unprocessable Content"),
    428: ("要先读后改", "Precondition Required"),
    429: ("太频繁", "Too Many Requests"),
    500: ("内部错误", "Internal Server Error"),
    503: ("暂时无法受理", "Service Unavailable"),
}
CODES = {404: "not_found", 405: "method_not_allowed"}
UNTITLED = ("请求有误", "Error")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a request is refused.

    :ivar members: more members of the answer, beside those of RFC 9457
    """

    status: int
    errors: tuple[Problem, ...]
    headers: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, object] = field(default_factory=dict)


class RefusedError(Exception):
    """A request ends here, with this answer."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal)
        self.refusal = refusal


def refused(status: int, *errors: Problem, **headers: str) -> RefusedError:
    """The error to raise; names of headers are written with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return RefusedError(Refusal(status=status, errors=errors, headers=named))


def language(accepted: str) -> str:
    """The language of an ``Accept-Language``: English where it is liked better."""
    liked: dict[str, float] = {}
    for part in accepted.split(","):
        tag, _, weight = part.partition(";q=")
        name = tag.strip().partition("-")[0].lower()
        liked[name] = max(liked.get(name, 0.0), _weight(weight))
    return "en" if liked.get("en", 0.0) > liked.get("zh", 0.0) else "zh-CN"


def _weight(text: str) -> float:
    try:
        return float(text or 1)
    except ValueError:
        return 0.0


def answer(request: Request, refusal: Refusal) -> JSONResponse:
    """The refusal as it goes out."""
    spoken = language(request.headers.get("accept-language", ""))
    english = spoken == "en"
    title = TITLES.get(refusal.status, UNTITLED)[english]
    errors = [
        {
            "loc": [_hidden(part) for part in error.loc],
            "code": error.code,
            "msg": only_last_four(error.en if english else error.zh),
        }
        for error in refusal.errors
    ]
    body = {
        "type": "about:blank",
        "title": title,
        "status": refusal.status,
        "detail": only_last_four(_detail(refusal, title, english=english)),
        "errors": errors,
        **refusal.members,
    }
    headers = {"Content-Language": spoken, "Vary": "Accept-Language"}
    return JSONResponse(
        body,
        refusal.status,
        headers={**headers, **refusal.headers},
        media_type=PROBLEM_JSON,
    )


def _hidden(part: str | int) -> str | int:
    """A name in what was sent, which may be a number: it is not told again."""
    return only_last_four(part) if isinstance(part, str) else part


def _detail(refusal: Refusal, title: str, *, english: bool) -> str:
    match refusal.errors:
        case ():
            return title
        case (only,):
            said = only.en if english else only.zh
            where = ".".join(map(str, only.loc))
            return f"{where}: {said}" if where else said
        case several:
            count = len(several)
            return f"{count} problems" if english else f"共 {count} 处问题"


def install(app: FastAPI) -> None:
    """Let every failure of an app be told as a problem."""

    @app.exception_handler(RefusedError)
    async def _refused(request: Request, error: RefusedError) -> JSONResponse:
        return answer(request, error.refusal)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return answer(request, Refusal(status=422, errors=problems_of(error.errors())))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        return answer(request, _of_status(error))

    @app.exception_handler(ClientDisconnect)
    async def _gone(request: Request, _: ClientDisconnect) -> JSONResponse:
        return answer(request, BROKEN_OFF)  # nobody is there to read it

    @app.exception_handler(StoreBusyError)
    @app.exception_handler(OperationalError)
    async def _busy(request: Request, error: Exception) -> JSONResponse:
        log.error("api.store.failed", path=_route(request), error=str(error))
        return answer(request, BUSY)

    @app.exception_handler(Exception)
    async def _failed(request: Request, error: Exception) -> JSONResponse:
        log.error("api.request.failed", path=_route(request), exc_info=error)
        return answer(request, FAILED)


def _of_status(error: HTTPException) -> Refusal:
    zh, en = TITLES.get(error.status_code, UNTITLED)
    code = CODES.get(error.status_code, "refused")
    return Refusal(
        status=error.status_code,
        errors=(Problem(loc=(), code=code, zh=zh, en=en),),
        headers=error.headers or {},
    )


BROKEN_OFF = Refusal(
    status=400,
    errors=(
        Problem(
            loc=(),
            code="broken_off",
            zh="内容没有传完",
            en="the body broke off",
        ),
    ),
)
BUSY = Refusal(
    status=503,
    errors=(
        Problem(
            loc=(),
            code="store_busy",
            zh="数据库繁忙,请稍后重试",
            en="the store is busy: try again in a moment",
        ),
    ),
    headers={"Retry-After": BUSY_SECONDS},
)
FAILED = Refusal(
    status=500,
    errors=(
        Problem(
            loc=(),
            code="internal_error",
            zh="内部错误,已记入日志",
            en="an internal error; it is in the log",
        ),
    ),
)

SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "errors"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["loc", "code", "msg"],
                "properties": {
                    "loc": {"type": "array", "items": {}},
                    "code": {"type": "string"},
                    "msg": {"type": "string"},
                },
            },
        },
    },
}


def _route(request: Request) -> str:
    """The path without what it names: a token in a log would answer for somebody."""
    route = request.scope.get("route")
    return str(getattr(route, "path", "unrouted"))


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """How a route documents the refusals it has; ``default`` stands for the rest."""
    content = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    named: dict[int | str, str] = {status: TITLES[status][1] for status in statuses}
    named["default"] = "Any other"
    return {
        status: {"description": title, "content": content}
        for status, title in named.items()
    }

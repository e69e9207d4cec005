from __future__ import annotations

import json
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from dispatcher.api.problem import install, language
from dispatcher.store.writer import StoreBusyError
from tests.api.hamlet import Hamlet, alert, bearer, codes

ALERTS = "/api/v1/alerts"
JSON = {"Content-Type": "application/json"}
LIMIT = 1_048_576


@pytest.mark.parametrize(
    ("accepted", "spoken"),
    [
        ("", "zh-CN"),
        ("zh-CN", "zh-CN"),
        ("en", "en"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("zh,en;q=0.9", "zh-CN"),
        ("en;q=0.5,zh;q=0.5", "zh-CN"),
        ("fr", "zh-CN"),
        ("*", "zh-CN"),
        ("en;q=nonsense", "zh-CN"),
    ],
)
def test_the_language_is_the_readers_and_chinese_in_doubt(
    accepted: str, spoken: str
) -> None:
    assert language(accepted) == spoken


@pytest.mark.parametrize(
    ("accepted", "title", "detail", "msg"),
    [
        ("", "内容有误", "issuer: 缺少这一项", "缺少这一项"),
        ("en", "Unprocessable Content", "issuer: this is required", "this is required"),
    ],
)
async def test_a_problem_has_the_shape_of_the_rfc(
    hamlet: Hamlet, accepted: str, title: str, detail: str, msg: str
) -> None:
    answer = await hamlet.send(alert(issuer=None), Accept_Language=accepted)

    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["vary"] == "Accept-Language"
    assert answer.json() == {
        "type": "about:blank",
        "title": title,
        "status": 422,
        "detail": detail,
        "errors": [{"loc": ["issuer"], "code": "required", "msg": msg}],
    }


async def test_several_problems_are_counted_and_listed(hamlet: Hamlet) -> None:
    answer = await hamlet.send({}, Accept_Language="en")

    assert answer.json()["detail"] == "5 problems"
    assert codes(answer) == ["required"] * 5


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", f"{ALERTS}/", 404, "not_found"),
        ("GET", f"{ALERTS}/none", 404, "unknown_alert"),
        ("GET", "/api/v1/callouts/none", 404, "unknown_callout"),
        ("DELETE", ALERTS, 405, "method_not_allowed"),
        ("GET", f"{ALERTS}?limit=1001", 422, "too_large"),
        ("GET", f"{ALERTS}?limit=0", 422, "too_small"),
        ("GET", f"{ALERTS}?limit=ten", 422, "number_expected"),
        ("GET", f"{ALERTS}?state=open", 422, "unknown_value"),
        ("GET", "/api/v1/callouts?mark=loud", 422, "unknown_value"),
    ],
)
async def test_the_frameworks_own_refusals_are_problems_too(
    hamlet: Hamlet, method: str, path: str, status: int, code: str
) -> None:
    answer = await hamlet.http.request(method, path, headers=bearer("officer"))

    assert (answer.status_code, codes(answer)) == (status, [code])
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b"{", "application/json", 400, "not_json"),
        (b"", "application/json", 400, "not_json"),
        (b"\xff\xfe", "application/json", 400, "not_json"),
        (b'{"sent": NaN}', "application/json", 400, "not_json"),
        (b'"\\ud800"', "application/json", 400, "not_json"),
        (b"[" * 100_000, "application/json; charset=utf-8", 400, "not_json"),
        (b"<alert/>", "application/cap+xml", 422, "dialect_unknown"),
        (b"<rss/>", "text/xml; charset=utf-8", 422, "dialect_unknown"),
        (b"<alert", "application/xml", 400, "not_xml"),
        (b"<!DOCTYPE a><a/>", "application/xml", 400, "doctype_forbidden"),
        (b"{}", "application/cap+xml", 400, "not_xml"),
        (b"a=1", "application/x-www-form-urlencoded", 415, "dialect_expected"),
        (b"{}", "", 415, "dialect_expected"),
    ],
)
async def test_a_body_is_read_as_its_type_says(
    hamlet: Hamlet, body: bytes, kind: str, status: int, code: str
) -> None:
    headers = bearer("gauge") | {"Content-Type": kind}
    answer = await hamlet.http.post(ALERTS, content=body, headers=headers)

    assert (answer.status_code, codes(answer)) == (status, [code])


async def test_a_body_over_the_limit_is_turned_away_by_its_length(
    hamlet: Hamlet,
) -> None:
    body = json.dumps(alert(description="雨" * LIMIT)).encode()
    answer = await hamlet.http.post(ALERTS, content=body, headers=bearer("gauge"))

    assert (answer.status_code, codes(answer)) == (413, ["too_large"])


async def _chunks() -> AsyncIterator[bytes]:
    for _ in range(LIMIT // 1024 + 1):
        yield b" " * 1024


@pytest.mark.parametrize("path", [ALERTS, "/hooks/sms/sms/reply"])
async def test_a_body_that_does_not_say_its_length_is_counted(
    hamlet: Hamlet, path: str
) -> None:
    headers = bearer("gauge") | JSON
    answer = await hamlet.http.post(path, content=_chunks(), headers=headers)

    assert (answer.status_code, codes(answer)) == (413, ["too_large"])


async def test_a_body_of_exactly_the_limit_is_read(hamlet: Hamlet) -> None:
    body = json.dumps(alert()).encode().ljust(LIMIT)
    headers = bearer("gauge") | JSON
    answer = await hamlet.http.post(ALERTS, content=body, headers=headers)

    assert answer.status_code == 202


async def test_nobody_without_a_key_has_his_body_read(hamlet: Hamlet) -> None:
    answer = await hamlet.http.post(ALERTS, content=b"{", headers=JSON)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("given", ["", "a" * 256])
async def test_an_idempotency_key_has_a_bounded_length(
    hamlet: Hamlet, given: str
) -> None:
    answer = await hamlet.send(alert(), Idempotency_Key=given)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == ["header", "idempotency-key"]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (StoreBusyError("10000 pieces of work wait"), 503, "store_busy"),
        (ZeroDivisionError("secret"), 500, "internal_error"),
    ],
)
async def test_a_failure_of_ours_tells_nothing_of_its_inside(
    error: Exception, status: int, code: str
) -> None:
    app = FastAPI()
    install(app)

    @app.get("/")
    async def fail() -> None:
        raise error

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as http:
        answer = await http.get("/")

    assert (answer.status_code, codes(answer)) == (status, [code])
    assert str(error) not in answer.text


async def test_a_store_that_fails_is_told_as_busy(hamlet: Hamlet) -> None:
    await hamlet.runtime.database.write(lambda c: c.execute(text("DROP TABLE alert")))
    answer = await hamlet.send(alert())

    assert (answer.status_code, codes(answer)) == (503, ["store_busy"])
    assert answer.headers["retry-after"] == "1"
    assert hamlet.wakes == []

"""Each request leaves one line: what, by whom, how it went; no secret, no query."""

from __future__ import annotations

from typing import Any

import pytest
import structlog

from tests.api.hamlet import LEAD_NUMBER, Hamlet, codes

SECRET = "jy_secret-of-a-link"  # noqa: S105 - opens nothing


async def lines(hamlet: Hamlet, path: str, key: str = "reader") -> list[Any]:
    """What the log says of one request."""
    with structlog.testing.capture_logs() as logs:
        await hamlet.get(path, key)
    return [line for line in logs if line["event"] == "http.request.served"]


@pytest.mark.parametrize(
    ("path", "told", "status", "key"),
    [
        ("/api/v1/alerts?state=active", "/api/v1/alerts", 200, "reader"),
        ("/api/v1/people/p1?reveal=true", "/api/v1/people/p1", 403, "reader"),
        (f"/a/{SECRET}", "/a/{token}", 404, None),
        (f"/{SECRET}", "…", 404, None),
        ("/healthz", "/healthz", 200, None),
    ],
)
async def test_a_request_is_told_without_what_could_be_a_secret(
    hamlet: Hamlet, path: str, told: str, status: int, key: str | None
) -> None:
    [line] = await lines(hamlet, path)

    assert (line["method"], line["path"], line["key"]) == ("GET", told, key)
    assert (line["status"], line["ms"] >= 0) == (status, True)


async def test_who_has_no_key_is_nobody(hamlet: Hamlet) -> None:
    [line] = await lines(hamlet, "/api/v1/alerts", "nobody")

    assert (line["status"], line["key"]) == (401, None)


async def test_an_error_does_not_say_a_number_again(hamlet: Hamlet) -> None:
    answers = [
        await hamlet.get(f"/api/v1/alerts/{LEAD_NUMBER}", "reader"),
        await hamlet.get(f"/api/v1/people/{LEAD_NUMBER}", "clerk"),
        await hamlet.send({LEAD_NUMBER: 1, "level": LEAD_NUMBER, "sent": LEAD_NUMBER}),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 422]
    assert [LEAD_NUMBER in answer.text for answer in answers] == [False] * 3
    assert codes(answers[0]) == ["unknown_alert"]

"""``jiaoying alert send``: posts a warning to a running server."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx

from config.settings import Settings, load
from dispatcher.cli.failure import BAD_INPUT, FAILED, CommandError

TIMEOUT_SECONDS = 30.0
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - read, not bound
JSON, XML = "application/json", "application/xml"
BAD_CONTENT = frozenset({400, 413, 415, 422})


def send(config: Path | None, file: Path, url: str, key: str) -> dict[str, Any]:
    """Post a file; gives what the server has taken.

    :param url: where the server is; empty: as configured
    :raises CommandError: with every reason the server gave
    """
    try:
        body = file.read_bytes()
    except OSError as error:
        raise CommandError([f"{file}: {error.strerror}"], BAD_INPUT) from error
    if not key:
        problem = "no API key: give --key or set JIAOYING_KEY"
        raise CommandError([problem], BAD_INPUT)
    base = url.rstrip("/") or own_url(load(config, os.environ))
    return post(base, body, key)


def own_url(settings: Settings) -> str:
    """Where the server listens, as seen from this machine."""
    host = settings.server.host
    return f"http://{EVERYWHERE.get(host, host)}:{settings.server.port}"


def kind_of(body: bytes) -> str:
    """The media type of a warning, by its first character."""
    plain = body.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    return XML if plain.startswith(b"<") else JSON


def post(base: str, body: bytes, key: str) -> dict[str, Any]:
    """Post an alert in JSON or XML; gives the answer's body.

    :raises CommandError: when nobody answers, or the answer is a refusal
    """
    headers = {"Authorization": f"Bearer {key}", "Content-Type": kind_of(body)}
    try:
        with httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False) as client:
            answer = client.post(f"{base}/api/v1/alerts", content=body, headers=headers)
    except httpx.HTTPError as error:
        problem = f"{base}: {error}; is the server running there?"
        raise CommandError([problem], FAILED) from error
    if answer.is_error:
        code = BAD_INPUT if answer.status_code in BAD_CONTENT else FAILED
        raise CommandError(_problems(answer), code)
    taken: dict[str, Any] = answer.json()
    return taken


def _problems(answer: httpx.Response) -> Iterator[str]:
    kind = answer.headers.get("content-type", "")
    if not kind.startswith("application/problem+json"):
        yield f"HTTP {answer.status_code} {answer.reason_phrase}"
        return
    problem = answer.json()
    yield f"{problem['status']} {problem['title']}: {problem.get('detail', '')}"
    for error in problem.get("errors", ()):
        yield f"{'.'.join(map(str, error['loc']))}: {error['msg']}"


def in_words(taken: Mapping[str, Any]) -> str:
    """Say it to the officer."""
    return "\n".join(_words(taken))


def _words(taken: Mapping[str, Any]) -> Iterator[str]:
    reason = f"({taken['reason']})" if taken["reason"] else ""
    yield f"预警编号 {taken['id']}  状态 {taken['state']}{reason}"
    yield f"叫应 {taken['units']} 个单元,{taken['people']} 人"
    for channel, load_ in taken["capacity"].items():
        yield f"  {channel}:{load_['people']} 人,约 {load_['seconds']:.0f} 秒"
    for missing in taken["missing"]:
        yield f"  空岗:{missing['unit']} {missing['post']}"

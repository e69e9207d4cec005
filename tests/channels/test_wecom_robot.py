from __future__ import annotations

import json
import logging
import re
from dataclasses import fields, replace
from pathlib import Path

import httpx
import pytest

from channels.contract import Accepted, Failed, FailureKind, Outcome, Unknown
from channels.providers.wecom_robot import (
    CAPABILITIES,
    CODES,
    WecomRobot,
    WecomRobotSettings,
)
from channels.registry import build
from tests.channels.twilio_bench import AT
from tests.channels.wecom_bench import (
    TEXT,
    Handler,
    answering,
    called,
    coded,
    pressed,
    refused,
    silent,
)

PAGE = Path(__file__).parents[2] / "docs" / "channels" / "wecom_robot.md"
KEY = "693a91f6-7abc-4bc4-97a0-0ec2bf5aaaaa"
SETTINGS = WecomRobotSettings(key=KEY, base_url="http://127.0.0.1:4010/")


def robot(handler: Handler) -> WecomRobot:
    http = httpx.AsyncClient(transport=httpx.MockTransport(handler))
    return WecomRobot("group", SETTINGS, http)


async def test_a_text_is_posted_to_the_group_of_the_key() -> None:
    seen: list[httpx.Request] = []

    def record(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return coded(0)(request)

    await robot(record).send(TEXT)

    (request,) = seen
    assert str(request.url) == f"http://127.0.0.1:4010/cgi-bin/webhook/send?key={KEY}"
    assert json.loads(request.content) == {
        "msgtype": "text",
        "text": {"content": TEXT.text},
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("险" * 682 + "12", Accepted(provider_id=TEXT.id)),
        (
            "险" * 682 + "123",
            Failed(kind=FailureKind.PERMANENT_CONTENT, code="45002"),
        ),
        ("a" * 2048, Accepted(provider_id=TEXT.id)),
        ("a" * 2049, Failed(kind=FailureKind.PERMANENT_CONTENT, code="45002")),
    ],
)
async def test_a_text_is_measured_in_bytes(text: str, expected: Outcome) -> None:
    assert expected == await robot(coded(0)).send(replace(TEXT, text=text))


async def test_a_text_too_long_is_not_posted() -> None:
    outcome = await robot(refused).send(replace(TEXT, text="险" * 683))

    assert Failed(kind=FailureKind.PERMANENT_CONTENT, code="45002") == outcome


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        (
            coded(45009),
            Failed(kind=FailureKind.THROTTLE, code="45009", retry_after=60),
        ),
        (coded(93000), Failed(kind=FailureKind.CONFIG, code="93000")),
        (coded(99999), Failed(kind=FailureKind.PERMANENT_CONTENT, code="99999")),
        (answering(404), Failed(kind=FailureKind.CONFIG, code="404")),
        (answering(502), Unknown(code="502")),
        (answering(200, "ok"), Unknown(code="unreadable_answer")),
        (silent, Unknown(code="ReadTimeout")),
        (refused, Failed(kind=FailureKind.TRANSIENT, code="ConnectError")),
    ],
)
async def test_an_answer_tells_whose_failure_it_is(
    handler: Handler, expected: Outcome
) -> None:
    assert expected == await robot(handler).send(TEXT)


@pytest.mark.parametrize("code", CODES)
async def test_each_listed_code_keeps_its_kind(code: int) -> None:
    outcome = await robot(coded(code)).send(TEXT)

    assert isinstance(outcome, Failed)
    assert (CODES[code][0], str(code)) == (outcome.kind, outcome.code)


async def test_a_robot_hears_nothing_and_can_not_be_asked() -> None:
    group, request = robot(refused), called(pressed())

    assert not group.verify(request)
    assert group.parse(request) == ()
    assert Unknown(code="no_lookup") == await group.lookup(TEXT, AT)
    assert await group.poll(TEXT.id) is None


async def test_the_key_stands_in_no_outcome_log_or_settings(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG):
        outcomes = [await robot(each).send(TEXT) for each in (refused, silent)]

    assert KEY not in f"{caplog.text} {outcomes} {SETTINGS}"


async def test_a_channel_is_built_from_its_section() -> None:
    section = {"provider": "wecom_robot", "key": KEY}
    built = build("group", section, public_base_url="https://jiaoying.example.cn")
    await built.aclose()

    assert isinstance(built, WecomRobot)
    assert (built.name, built.capabilities) == ("group", CAPABILITIES)


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading of this channel's page, as plain text."""
    section = PAGE.read_text().partition(f"## {heading}\n")[2].partition("\n## ")[0]
    table = re.findall(r"^\| (.+) \|$", section, re.MULTILINE)[1:]
    return [row.replace("`", "").split(" | ") for row in table]


def test_the_page_lists_the_codes_of_the_provider() -> None:
    expected = [[str(code), kind.value, why] for code, (kind, why) in CODES.items()]

    assert expected == rows("Codes")


def test_the_page_lists_the_capabilities_of_the_provider() -> None:
    words = {True: "yes", False: "no", (): "all"}
    values = {
        each.name: getattr(CAPABILITIES, each.name) for each in fields(CAPABILITIES)
    }
    expected = [[name, str(words.get(value, value))] for name, value in values.items()]

    assert expected == [row[:2] for row in rows("Capabilities")]


def test_the_page_lists_the_settings_of_the_provider() -> None:
    keys = [each.name for each in fields(WecomRobotSettings)]

    assert keys == [row[0] for row in rows("Settings")]

"""What WeCom refuses of the bodies it is sent."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from dispatcher.sim.wecom_wire import (
    Code,
    read_message,
    read_notice,
)
from tests.sim.wecom_stage import ACCOUNT, USER


def card_body(**changes: object) -> Any:
    """A whole card, or one that differs."""
    buttons = [{"text": "收到", "key": "received:1"}]
    card = {
        "card_type": "button_interaction",
        "task_id": "1",
        "main_title": {"title": "预警"},
        "button_list": buttons,
    }
    return {
        "touser": USER,
        "msgtype": "template_card",
        "agentid": ACCOUNT.agent_id,
        "template_card": card | changes,
    }


PRESSABLE = replace(ACCOUNT, callback_url="http://127.0.0.1:1/event")
SEVEN = [{"text": "收到", "key": str(number)} for number in range(7)]
TWINS = [{"text": "收到", "key": "1"}, {"text": "求助", "key": "1"}]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ([], Code.BAD_PARAMETER),
        (card_body() | {"agentid": 1}, Code.FOREIGN_AGENT),
        (card_body() | {"touser": ""}, Code.MISSING_PARAMETER),
        (card_body() | {"msgtype": "image"}, Code.BAD_TYPE),
        (card_body() | {"msgtype": "text"}, Code.EMPTY_TEXT),
        (card_body(card_type="text_notice"), Code.BAD_PARAMETER),
        (card_body(task_id=""), Code.TAKEN_TASK),
        (card_body(task_id="险"), Code.TAKEN_TASK),
        (card_body(task_id="x" * 129), Code.TAKEN_TASK),
        (card_body(main_title={}), Code.MISSING_PARAMETER),
        (card_body(button_list=[]), Code.BAD_PARAMETER),
        (card_body(button_list=SEVEN), Code.BAD_PARAMETER),
        (card_body(button_list=TWINS), Code.BAD_PARAMETER),
        (
            card_body(button_list=[{"text": "", "key": "1"}]),
            Code.MISSING_PARAMETER,
        ),
        (
            card_body(button_list=[{"text": "收到", "key": "险" * 342}]),
            Code.BAD_PARAMETER,
        ),
    ],
)
def test_a_message_that_wecom_would_refuse_is_refused(
    body: object, expected: Code
) -> None:
    assert expected is read_message(json.dumps(body).encode(), PRESSABLE)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"no JSON", Code.BAD_PARAMETER),
        (b'{"msgtype": "markdown"}', Code.BAD_TYPE),
        (b'{"msgtype": "text", "text": {"content": ""}}', Code.EMPTY_TEXT),
        (b'{"msgtype": "text", "text": {"content": "%b"}}', "x" * 2048),
        (b'{"msgtype": "text", "text": {"content": "x%b"}}', Code.LONG_TEXT),
    ],
)
def test_a_notice_has_at_most_2048_bytes(body: bytes, expected: Code | str) -> None:
    assert expected == read_notice(body.replace(b"%b", b"x" * 2048))

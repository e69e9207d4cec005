from __future__ import annotations

import pytest
from twilio.twiml.voice_response import Gather as SdkGather
from twilio.twiml.voice_response import VoiceResponse

from dispatcher.sim.twiml import (
    Fault,
    Gather,
    Hangup,
    Pause,
    Redirect,
    Say,
    read,
)


def document(verbs: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{verbs}</Response>'


def test_what_the_sdk_writes_is_read() -> None:
    response = VoiceResponse()
    gather = SdkGather(
        action="https://h/keys?a=1&p=text",
        action_on_empty_result=True,
        finish_on_key="",
        input="dtmf",
        method="GET",
        num_digits=1,
        timeout=8,
    )
    gather.say("暴雨红色预警", language="cmn-CN", voice="Polly.Zhiyu")
    response.append(gather)
    response.say("再见")
    response.hangup()

    assert read(str(response)) == (
        Gather(
            verbs=(Say(text="暴雨红色预警"),),
            action="https://h/keys?a=1&p=text",
            method="GET",
            digits=1,
            seconds=8,
            end_key="",
            on_empty=True,
        ),
        Say(text="再见"),
        Hangup(),
    )


def test_what_is_left_out_has_the_published_default() -> None:
    verbs = "<Gather/><Pause/><Redirect>/more</Redirect>"

    assert read(document(verbs)) == (
        Gather(
            verbs=(),
            action="",
            method="POST",
            digits=None,
            seconds=5,
            end_key="#",
            on_empty=False,
        ),
        Pause(seconds=1),
        Redirect(url="/more", method="POST"),
    )


def test_a_document_can_be_empty() -> None:
    assert read("<Response/>") == ()


def test_a_text_takes_its_length() -> None:
    assert Say(text="暴雨红色预警暴雨红").seconds == 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not XML: no element found: line 1, column 0"),
        ("<Response>", "not XML: no element found: line 1, column 10"),
        ("<Reply/>", "document begins with <Reply>, not with <Response>"),
        ("x" * 65_537, "document of more than 65536 characters"),
        (document("<Pause/>" * 100), "more than 100 verbs"),
        (document("<Dial>+999</Dial>"), "unknown verb <Dial>"),
        ('<Response loop="1"/>', "<Response> has the unknown attribute loop"),
        (
            document('<Say loop="2">再见</Say>'),
            "<Say> has the unknown attribute loop",
        ),
        (document("<Say> </Say>"), "<Say> has 0 characters, not 1 to 4096"),
        (
            document(f"<Say>{'雨' * 4097}</Say>"),
            "<Say> has 4097 characters, not 1 to 4096",
        ),
        (document("<Say>雨<break/></Say>"), "<Say> holds <break>"),
        (document("<Redirect/>"), "<Redirect> names no URL"),
        (
            document("<Gather><Redirect>/more</Redirect></Gather>"),
            "<Gather> holds <Redirect>, not <Say> or <Pause>",
        ),
        (
            document('<Gather input="speech"/>'),
            "<Gather> has input 'speech', none of ('dtmf',)",
        ),
        (
            document('<Gather method="PUT"/>'),
            "<Gather> has method 'PUT', none of ('POST', 'GET')",
        ),
        (
            document('<Gather timeout="0"/>'),
            "<Gather> has timeout '0', no number from 1 to 600",
        ),
        (
            document('<Gather numDigits="many"/>'),
            "<Gather> has numDigits 'many', no number from 1 to 32",
        ),
        (
            document('<Pause length="601"/>'),
            "<Pause> has length '601', no number from 1 to 600",
        ),
    ],
)
def test_what_is_not_understood_is_a_fault(text: str, reason: str) -> None:
    assert read(text) == Fault(reason=f"TwiML: {reason}")


@pytest.mark.parametrize("key", ["12", "A"])
def test_an_end_key_is_a_key_of_the_telephone(key: str) -> None:
    fault = read(document(f'<Gather finishOnKey="{key}"/>'))

    assert isinstance(fault, Fault)
    assert fault.reason.startswith(f"TwiML: <Gather> has finishOnKey '{key}', none of")


@pytest.mark.parametrize(
    "verbs",
    [
        f"<Say>{'雨' * 4096}</Say>",
        "<Pause/>" * 99,
        '<Gather timeout="600" numDigits="32" finishOnKey="*"/>',
    ],
)
def test_a_document_at_its_limit_is_read(verbs: str) -> None:
    assert not isinstance(read(document(verbs)), Fault)

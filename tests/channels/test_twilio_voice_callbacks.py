from __future__ import annotations

from dataclasses import replace

import pytest

from channels.contract import (
    Failed,
    FailureKind,
    HookAnswer,
    HookRequest,
    Keyed,
    Prompt,
    RangBack,
    Rank,
    Receipt,
)
from channels.providers.twilio_voice import CODES, RANKS, SIP_CODES
from tests.channels.twilio_bench import CURRENT, NEXT, Form, refused, signed
from tests.channels.twilio_voice_bench import (
    HOOKS,
    MAC,
    MESSAGE,
    SETTINGS,
    SID,
    call_form,
    hook,
    inbound_form,
    pressed,
    provider,
    status_form,
    told,
    verbs,
)

A_URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
A_FORM = (  # of a Gather, as Twilio publishes it
    ("Digits", "1234"),
    ("To", "+18005551212"),
    ("From", "+14158675310"),
    ("Caller", "+14158675310"),
    ("CallSid", "CA1234567890ABCDE"),
)
A_SIGNATURE = "GvWf1cFY/Q7PnoempGyD5oXAezc="
A_SHA_256 = "/Px0ZZziCxf9Zt7wehmYS+fbCh+oLQi2VrfCqcV1vPM="
OF_A = "12345"
SHA_256 = {"x-twilio-webhooks-signature-settings": "key=k1,algorithm=HMAC_SHA256"}
OTHER_KEYS = (("Digits", "1"), *A_FORM[1:])
KEYS = f"{hook('keys')}&p=text"
SIP = {
    404: (FailureKind.PERMANENT_ADDRESS, "sip_404"),
    410: (FailureKind.PERMANENT_ADDRESS, "sip_410"),
    484: (FailureKind.PERMANENT_ADDRESS, "sip_484"),
    604: (FailureKind.PERMANENT_ADDRESS, "sip_604"),
    408: (FailureKind.UNREACHED, "no_answer"),
    480: (FailureKind.UNREACHED, "no_answer"),
    486: (FailureKind.UNREACHED, "busy"),
    600: (FailureKind.UNREACHED, "busy"),
    603: (FailureKind.UNREACHED, "busy"),
}


@pytest.mark.parametrize(
    ("token", "form", "headers", "expected"),
    [
        (OF_A, A_FORM, {"x-twilio-signature": A_SIGNATURE}, True),
        (OF_A, A_FORM[::-1], {"x-twilio-signature": A_SIGNATURE}, True),
        (OF_A, A_FORM, {"x-twilio-signature": A_SHA_256} | SHA_256, True),
        (OF_A, A_FORM, {"x-twilio-signature": A_SIGNATURE} | SHA_256, False),
        (OF_A, OTHER_KEYS, {"x-twilio-signature": A_SIGNATURE}, False),
        (CURRENT, A_FORM, {"x-twilio-signature": A_SIGNATURE}, False),
        (OF_A, A_FORM, {}, False),
    ],
)
def test_the_published_signature_of_pressed_keys_is_believed_and_no_other(
    token: str, form: Form, headers: dict[str, str], *, expected: bool
) -> None:
    twilio = provider(refused, replace(SETTINGS, auth_token=token))
    request = HookRequest(url=A_URL, headers=headers, form=form)

    assert expected is twilio.verify(request)


def test_both_tokens_hold_while_one_is_being_changed() -> None:
    by_old = told("ringing")
    by_new = signed(hook("status"), status_form("ringing"), NEXT)
    changing = replace(SETTINGS, auth_token=NEXT, alternate_auth_token=CURRENT)
    twilio = provider(refused, changing)

    assert twilio.verify(by_old)
    assert twilio.verify(by_new)
    (receipt,) = twilio.parse(by_old)
    assert isinstance(receipt, Receipt)
    assert receipt.message == MESSAGE.id


def test_picking_up_is_told_once_for_each_call() -> None:
    request = signed(hook("answer"), call_form())

    callbacks = provider(refused).parse(request)

    expected = Receipt(
        event_key=f"{SID}:answer", message=MESSAGE.id, provider_id=SID, rank=Rank.SENT
    )
    assert (expected,) == callbacks


@pytest.mark.parametrize(("status", "rank"), RANKS.items())
def test_a_status_has_its_rank(status: str, rank: Rank) -> None:
    (receipt,) = provider(refused).parse(told(status))

    assert isinstance(receipt, Receipt)
    assert (f"{SID}:{status}", MESSAGE.id, SID, rank) == (
        receipt.event_key,
        receipt.message,
        receipt.provider_id,
        receipt.rank,
    )


@pytest.mark.parametrize(
    ("status", "more", "expected"),
    [
        ("ringing", {}, None),
        ("in-progress", {"SipResponseCode": "404"}, None),
        ("completed", {"SipResponseCode": "200", "ErrorCode": "13224"}, None),
        ("busy", {"SipResponseCode": "486"}, (FailureKind.UNREACHED, "busy")),
        ("no-answer", {"SipResponseCode": "487"}, (FailureKind.UNREACHED, "no_answer")),
        ("canceled", {"SipResponseCode": "487"}, (FailureKind.UNREACHED, "canceled")),
        ("failed", {}, (FailureKind.TRANSIENT, "failed")),
        ("failed", {"SipResponseCode": "", "ErrorCode": "no"}, "failed"),
        ("failed", {"SipResponseCode": "500"}, "sip_500"),
        ("failed", {"SipResponseCode": "503"}, "sip_503"),
        ("failed", {"SipResponseCode": "403"}, "sip_403"),
        (
            "failed",
            {"SipResponseCode": "503", "ErrorCode": "13227"},
            (FailureKind.CONFIG, "13227"),
        ),
        (
            "failed",
            {"SipResponseCode": "480", "ErrorCode": "39999"},
            (FailureKind.UNREACHED, "no_answer"),
        ),
        ("failed", {"ErrorCode": "39999"}, "39999"),
    ],
)
def test_a_call_in_vain_says_why(
    status: str,
    more: dict[str, str],
    expected: tuple[FailureKind, str] | str | None,
) -> None:
    if isinstance(expected, str):
        expected = (FailureKind.TRANSIENT, expected)

    (receipt,) = provider(refused).parse(told(status, **more))

    assert isinstance(receipt, Receipt)
    failure = receipt.failure and (receipt.failure.kind, receipt.failure.code)
    assert expected == failure


@pytest.mark.parametrize(("sip", "expected"), SIP.items())
def test_a_failed_call_is_whose_failure_the_network_says(
    sip: int, expected: tuple[FailureKind, str]
) -> None:
    (receipt,) = provider(refused).parse(told("failed", SipResponseCode=str(sip)))

    assert isinstance(receipt, Receipt)
    assert isinstance(receipt.failure, Failed)
    assert expected == (receipt.failure.kind, receipt.failure.code)


def test_no_other_code_of_the_network_is_listed() -> None:
    assert SIP.keys() == SIP_CODES.keys()


@pytest.mark.parametrize("code", CODES)
def test_each_listed_code_keeps_its_kind_in_a_receipt(code: int) -> None:
    (receipt,) = provider(refused).parse(told("failed", ErrorCode=str(code)))

    assert isinstance(receipt, Receipt)
    assert Failed(kind=CODES[code][0], code=str(code)) == receipt.failure


def test_pressed_keys_are_read_with_all_that_twilio_tells_of_them() -> None:
    request = signed(
        KEYS, call_form(Digits="35"), **{"i-twilio-idempotency-token": "t-1"}
    )

    callbacks = provider(refused).parse(request)

    expected = Keyed(
        event_key="t-1",
        message=MESSAGE.id,
        provider_id=SID,
        number=MESSAGE.to,
        place="text",
        keys="35",
    )
    assert (expected,) == callbacks


def test_keys_without_twilios_own_key_are_told_apart_by_call_place_and_keys() -> None:
    (keyed,) = provider(refused).parse(signed(KEYS, call_form(Digits="35")))

    assert f"{SID}:text:35" == keyed.event_key


def test_who_rings_back_is_the_caller() -> None:
    request = signed(f"{HOOKS}/inbound", inbound_form())

    callbacks = provider(refused).parse(request)

    sid = "CA" + "0" * 31 + "2"
    expected = RangBack(event_key=sid, provider_id=sid, number=MESSAGE.to)
    assert (expected,) == callbacks


@pytest.mark.parametrize(
    "url",
    [
        f"{hook('keys', check='0' * 16)}&p=text",
        f"{hook('keys', check='')}&p=text",
        f"{hook('keys', message='ABCDEFGHJ2')}&p=text",
        f"{HOOKS}/keys?a={MESSAGE.id}&p=text",
        f"{HOOKS}/keys?k={MAC}&p=text",
        f"{HOOKS}/keys?p=text",
    ],
)
def test_keys_name_no_call_that_we_did_not_write_into_the_url(url: str) -> None:
    (keyed,) = provider(refused).parse(signed(url, call_form(Digits="1")))

    assert isinstance(keyed, Keyed)
    assert (None, MESSAGE.to, "text") == (keyed.message, keyed.number, keyed.place)


@pytest.mark.parametrize("path", ["answer", "status"])
def test_a_receipt_names_no_call_that_we_did_not_write_into_the_url(path: str) -> None:
    (receipt,) = provider(refused).parse(
        signed(hook(path, check="0" * 16), call_form())
    )

    assert isinstance(receipt, Receipt)
    assert receipt.message is None


@pytest.mark.parametrize(
    ("url", "form"),
    [
        (KEYS, call_form()),
        (KEYS, call_form(Digits="")),
        (hook("status"), status_form("new word")),
        (hook("status"), status_form("ringing", CallSid="")),
        (hook("answer"), (("CallStatus", "in-progress"),)),
        (f"{HOOKS}/inbound", ()),
        (f"{HOOKS}/recording", call_form()),
        (A_URL, A_FORM),
    ],
)
def test_a_callback_without_news_is_passed_over(url: str, form: Form) -> None:
    assert provider(refused).parse(signed(url, form)) == ()


def test_speech_is_read_aloud_while_keys_are_listened_for() -> None:
    speech = (
        Prompt(text="这里是东丰县应急局,请<立即>转移", place="who"),
        Prompt(text="转移了多少人", place="count", digits=4, seconds=8),
        Prompt(text="再见"),
    )

    said = provider(refused).speak(MESSAGE.id, speech)

    action = f"{hook('keys')}&amp;p=".replace("&k", "&amp;k")
    voice = 'language="cmn-CN" voice="Polly.Zhiyu"'
    body = (
        '<?xml version="1.0" encoding="UTF-8"?><Response>'
        f'<Gather action="{action}who" actionOnEmptyResult="false" finishOnKey=""'
        ' input="dtmf" method="POST" numDigits="1" timeout="5">'
        f"<Say {voice}>这里是东丰县应急局,请&lt;立即&gt;转移</Say></Gather>"
        f'<Gather action="{action}count" actionOnEmptyResult="false" finishOnKey="#"'
        ' input="dtmf" method="POST" numDigits="4" timeout="8">'
        f"<Say {voice}>转移了多少人</Say></Gather>"
        f"<Say {voice}>再见</Say></Response>"
    )
    assert HookAnswer(content_type="text/xml; charset=utf-8", body=body) == said


def test_the_voice_and_its_language_can_be_set() -> None:
    cantonese = replace(SETTINGS, language="yue-CN", voice="Polly.Hiujin")

    (say,) = verbs(
        provider(refused, cantonese).speak(None, [Prompt(text="收到请按1")]), "Say"
    )

    assert say.attrib == {"language": "yue-CN", "voice": "Polly.Hiujin"}


def test_nothing_to_say_ends_the_call() -> None:
    said = provider(refused).speak(MESSAGE.id, ())

    assert (
        said.body
        == '<?xml version="1.0" encoding="UTF-8"?><Response><Hangup /></Response>'
    )


def test_the_speech_to_somebody_who_rings_us_names_no_call() -> None:
    said = provider(refused).speak(None, [Prompt(text="收到请按1", place="who")])

    (gather,) = verbs(said, "Gather")
    assert f"{HOOKS}/keys?p=who" == gather.attrib["action"]


@pytest.mark.parametrize("stray", ["\x00", "\x0b", "\x1f", "\ud800", "\uffff"])
def test_a_character_that_no_xml_can_hold_does_not_end_the_call(stray: str) -> None:
    said = provider(refused).speak(None, [Prompt(text=f"暴雨{stray}红色\n预警")])

    (say,) = verbs(said, "Say")
    assert say.text == "暴雨红色\n预警"


@pytest.mark.parametrize(
    "place", ["text", "2", "a b", "a+b", "a&k=0", "第二遍", "#/?%20", "é"]
)
def test_a_place_comes_back_as_it_was_written(place: str) -> None:
    twilio = provider(refused)
    said = twilio.speak(MESSAGE.id, [Prompt(text="收到请按1", place=place)])

    (keyed,) = twilio.parse(pressed(said, "1"))

    assert isinstance(keyed, Keyed)
    assert (MESSAGE.id, place) == (keyed.message, keyed.place)

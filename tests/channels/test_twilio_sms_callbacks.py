from __future__ import annotations

from dataclasses import replace

import pytest

from channels.contract import Failed, FailureKind, HookRequest, Rank, Receipt
from channels.providers.twilio_sms import CODES, RANKS
from tests.channels.twilio_bench import (
    CURRENT,
    INBOUND,
    INBOUND_URL,
    MESSAGE,
    NEXT,
    SETTINGS,
    SID,
    Form,
    provider,
    refused,
    signed,
    status_form,
    status_url,
)

A_URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
A_FORM = (
    ("Digits", "1234"),
    ("To", "+18005551212"),
    ("From", "+14158675310"),
    ("Caller", "+14158675310"),
    ("CallSid", "CA1234567890ABCDE"),
)
A_SIGNATURE = "GvWf1cFY/Q7PnoempGyD5oXAezc="
A_SHA_256 = "/Px0ZZziCxf9Zt7wehmYS+fbCh+oLQi2VrfCqcV1vPM="
B_SIGNATURE = "eftNTOnYI8nO2hWLQG2lXZ0Qtjk="
C_URL = (
    "https://jiaoying.example.cn/hooks/twilio/json?bodySHA256="
    "7dc7456a13428deb5048cecbbf9c27b97a29ad32bbc932a7dd1f3f1742d732ee"
)
C_SIGNATURE = "8s1HUCteMX0nS5I4cY0fAbhZCKo="
D_FORM = (("A", "2"), ("A", "1"), ("A", "1"), ("B", "x"))
D_SIGNATURE = "Tffgj7qkMIg2DL4FMb4hifnqAZo="
OF_A = "12345"
NO_BLANKS = tuple((name, value) for name, value in INBOUND if value)


@pytest.mark.parametrize(
    ("key", "url", "form", "signature", "expected"),
    [
        (OF_A, A_URL, A_FORM, A_SIGNATURE, True),
        (OF_A, A_URL, A_FORM, A_SHA_256, False),
        (OF_A, A_URL, A_FORM, "", False),
        (OF_A, A_URL, A_FORM, "签名", False),
        (CURRENT, A_URL, A_FORM, A_SIGNATURE, False),
        (CURRENT, INBOUND_URL, INBOUND, B_SIGNATURE, True),
        (CURRENT, INBOUND_URL, INBOUND[::-1], B_SIGNATURE, True),
        (CURRENT, INBOUND_URL, NO_BLANKS, B_SIGNATURE, False),
        (CURRENT, INBOUND_URL + "/", INBOUND, B_SIGNATURE, False),
        (CURRENT, INBOUND_URL.replace("s:", ":"), INBOUND, B_SIGNATURE, False),
        (CURRENT, C_URL, (), C_SIGNATURE, True),
        (CURRENT, C_URL + "0", (), C_SIGNATURE, False),
        (CURRENT, "https://h/p", D_FORM, D_SIGNATURE, True),
        (CURRENT, "https://h/p", D_FORM[1:], D_SIGNATURE, False),
    ],
)
def test_published_signatures_are_told_from_wrong_ones(
    key: str, url: str, form: Form, signature: str, *, expected: bool
) -> None:
    twilio = provider(refused, replace(SETTINGS, auth_token=key))
    request = HookRequest(url=url, headers={"x-twilio-signature": signature}, form=form)

    assert expected is twilio.verify(request)


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [("HMAC_SHA256", True), ("HMAC_SHA1", False), ("HMAC_MD5", False)],
)
def test_the_algorithm_is_the_one_the_header_names(
    algorithm: str, *, expected: bool
) -> None:
    headers = {
        "x-twilio-signature": A_SHA_256,
        "x-twilio-webhooks-signature-settings": f"key=k1,algorithm={algorithm}",
    }
    twilio = provider(refused, replace(SETTINGS, auth_token=OF_A))

    request = HookRequest(url=A_URL, headers=headers, form=A_FORM)
    assert expected is twilio.verify(request)


def test_both_tokens_hold_while_one_is_being_changed() -> None:
    by_old = signed(status_url(), status_form("sent"))
    by_new = signed(status_url(), status_form("sent"), NEXT)
    changing = replace(SETTINGS, auth_token=NEXT, alternate_auth_token=CURRENT)
    twilio = provider(refused, changing)

    assert twilio.verify(by_old)
    assert twilio.verify(by_new)
    (receipt,) = twilio.parse(by_old)
    assert isinstance(receipt, Receipt)
    assert receipt.message == MESSAGE.id


def test_without_a_second_token_an_empty_one_signs_nothing() -> None:
    assert not provider(refused).verify(signed(status_url(), status_form("sent"), ""))


def test_a_json_callback_tells_nothing() -> None:
    assert provider(refused).parse(HookRequest(url=C_URL, headers={}, form=())) == ()


@pytest.mark.parametrize(("status", "rank"), RANKS.items())
def test_a_status_has_its_rank(status: str, rank: Rank) -> None:
    (receipt,) = provider(refused).parse(signed(status_url(), status_form(status)))

    assert isinstance(receipt, Receipt)
    assert (SID, rank) == (receipt.provider_id, receipt.rank)
    assert f"{SID}:{status}" == receipt.event_key


@pytest.mark.parametrize(
    ("status", "more", "expected"),
    [
        ("delivered", {}, None),
        ("sent", {"ErrorCode": "30003"}, None),
        ("undelivered", {"ErrorCode": "30003"}, (FailureKind.TRANSIENT, "30003")),
        ("failed", {"ErrorCode": "30005"}, (FailureKind.PERMANENT_ADDRESS, "30005")),
        ("failed", {"ErrorCode": "39999"}, (FailureKind.TRANSIENT, "39999")),
        ("failed", {"ErrorCode": ""}, (FailureKind.TRANSIENT, "failed")),
        ("canceled", {}, (FailureKind.TRANSIENT, "canceled")),
    ],
)
def test_a_message_that_did_not_arrive_says_why(
    status: str, more: dict[str, str], expected: tuple[FailureKind, str] | None
) -> None:
    request = signed(status_url(), status_form(status, **more))

    (receipt,) = provider(refused).parse(request)

    assert isinstance(receipt, Receipt)
    failure = receipt.failure and (receipt.failure.kind, receipt.failure.code)
    assert expected == failure


@pytest.mark.parametrize("code", CODES)
def test_each_listed_code_keeps_its_kind_in_a_receipt(code: int) -> None:
    form = status_form("undelivered", ErrorCode=str(code))

    (receipt,) = provider(refused).parse(signed(status_url(), form))

    assert isinstance(receipt, Receipt)
    assert Failed(kind=CODES[code][0], code=str(code)) == receipt.failure


@pytest.mark.parametrize("form", [status_form("sent"), INBOUND])
def test_twilios_own_key_of_an_event_is_used(form: Form) -> None:
    request = signed(status_url(), form, **{"i-twilio-idempotency-token": "t-1"})

    (callback,) = provider(refused).parse(request)

    assert callback.event_key == "t-1"


@pytest.mark.parametrize(
    "url",
    [
        status_url(check="0" * 16),
        status_url(check=""),
        status_url(check="é"),
        status_url(message="ABCDEFGHJ2"),
        status_url().partition("&")[0],
        status_url().partition("?")[0],
        status_url().replace("k=", "k=x&k="),
    ],
)
def test_a_receipt_names_no_message_that_we_did_not_write_into_it(url: str) -> None:
    (receipt,) = provider(refused).parse(signed(url, status_form("sent")))

    assert isinstance(receipt, Receipt)
    assert receipt.message is None


@pytest.mark.parametrize(
    "form",
    [
        (),
        status_form("new word"),
        status_form("sent", MessageSid=""),
        (("MessageSid", SID), ("SmsStatus", "receiving")),
    ],
)
def test_a_callback_without_news_is_passed_over(form: Form) -> None:
    assert provider(refused).parse(signed(status_url(), form)) == ()

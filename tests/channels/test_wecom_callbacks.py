from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.contract import HookRequest, Pressed, Reply
from tests.channels.wecom_bench import (
    ACCOUNT,
    CARD,
    CLICK,
    ECHO,
    ECHO_SIGNATURE,
    HOOK,
    USER,
    called,
    event,
    pressed,
    provider,
    refused,
    written,
)

WECOM = provider(refused)
OTHERS_KEY = ACCOUNT.aes_key[::-1]


def check(**changes: str) -> HookRequest:
    """WeCom's published check of an address, or one that differs."""
    query = {
        "msg_signature": ECHO_SIGNATURE,
        "timestamp": "1409659589",
        "nonce": "263014780",
        "echostr": ECHO,
    }
    given = (query | changes).items()
    url = "&".join(f"{name}={quote(value, safe='')}" for name, value in given)
    return HookRequest(url=f"{HOOK}?{url}", headers={}, form=())


def bodied(body: str) -> HookRequest:
    return replace(called(pressed()), body=body)


# The check of the address


def test_the_published_check_is_answered_with_its_text() -> None:
    assert WECOM.greet(check()) == "1616140317555161061"


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(check(msg_signature="0" * 40), id="another signature"),
        pytest.param(check(msg_signature=""), id="no signature"),
        pytest.param(check(msg_signature="签名"), id="a signature not ASCII"),
        pytest.param(check(timestamp="1409659590"), id="another time"),
        pytest.param(check(nonce="263014781"), id="another nonce"),
        pytest.param(check(echostr="AAAA" + ECHO[4:]), id="another text"),
        pytest.param(check(echostr=""), id="no text"),
        pytest.param(replace(check(), url=HOOK), id="no query"),
    ],
)
def test_a_check_that_is_not_wecoms_is_not_answered(request_: HookRequest) -> None:
    assert WECOM.greet(request_) is None


# Whether it is genuine


@pytest.mark.parametrize("plain", [pressed(), written("收到"), CLICK, "<xml/>", ""])
def test_what_wecom_signed_and_sealed_for_us_is_believed(plain: str) -> None:
    assert WECOM.verify(called(plain))


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(
            called(pressed(), replace(ACCOUNT, token="another")),  # noqa: S106  made up
            id="signed with another token",
        ),
        pytest.param(
            called(pressed(), replace(ACCOUNT, corp_id="ww0000000000000000")),
            id="sealed for another corp",
        ),
        pytest.param(
            called(pressed(), replace(ACCOUNT, aes_key=OTHERS_KEY)),
            id="sealed with another key",
        ),
        pytest.param(bodied(called(pressed("need_help")).body), id="another's body"),
        pytest.param(bodied(""), id="no body"),
        pytest.param(bodied("<xml/>"), id="nothing encrypted"),
        pytest.param(bodied("<xml><Encrypt>é</Encrypt></xml>"), id="not ASCII"),
        pytest.param(
            bodied("<!DOCTYPE x>" + called(pressed()).body), id="a document type"
        ),
        pytest.param(replace(called(pressed()), url=HOOK), id="no query"),
    ],
)
def test_what_is_not_genuine_is_not_believed_and_says_nothing(
    request_: HookRequest,
) -> None:
    assert not WECOM.verify(request_)
    assert WECOM.parse(request_) == ()


@given(query=st.text(max_size=80), body=st.text(max_size=80))
def test_no_request_breaks_the_reading(query: str, body: str) -> None:
    request = HookRequest(url=f"{HOOK}?{query}", headers={}, form=(), body=body)

    assert not WECOM.verify(request)
    assert WECOM.greet(request) is None


# What it says


def test_a_button_pressed_names_card_member_and_button() -> None:
    (told,) = WECOM.parse(called(pressed()))

    assert told == Pressed(
        event_key=f"{CARD.id}:received:{CARD.id}:{USER}",
        message=CARD.id,
        account=USER,
        key="received",
    )


def test_the_published_click_is_read() -> None:
    (told,) = WECOM.parse(called(CLICK))

    assert told == Pressed(
        event_key="att-0001:ack:zhangsan",
        message="att-0001",
        account="zhangsan",
        key="ack",
    )


def test_a_button_of_a_card_sent_again_is_the_same_answer() -> None:
    (first,) = WECOM.parse(called(pressed()))
    (again,) = WECOM.parse(called(pressed(task=f"{CARD.id}@1f2e")))

    assert isinstance(first, Pressed)
    assert isinstance(again, Pressed)
    assert replace(first, event_key="") == replace(again, event_key="")


def test_a_button_of_another_card_is_not_taken_for_ours() -> None:
    (told,) = WECOM.parse(called(pressed(task="ABCDEFGHJ2")))

    assert isinstance(told, Pressed)
    assert (told.message, told.key) == ("ABCDEFGHJ2", f"received:{CARD.id}")


def test_members_buttons_and_cards_have_keys_of_their_own() -> None:
    acts = [
        pressed(),
        pressed("need_help"),
        pressed(user="li.na"),
        pressed(task=f"{CARD.id}@1f2e"),
        written("收到", 7),
        written("收到", 8),
    ]
    keys = {each.event_key for act in acts for each in WECOM.parse(called(act))}

    assert len(acts) == len(keys)


@pytest.mark.parametrize("text", ["1 收到", "<b>&]]>", "第一行\n第二行", "🆗"])
def test_a_text_is_read_as_it_was_written(text: str) -> None:
    (told,) = WECOM.parse(called(written(text)))

    assert told == Reply(
        event_key="7", sender=USER, to="1000002", text=text, provider_id="7"
    )


@pytest.mark.parametrize(
    "plain",
    [
        pytest.param(event(USER, {"MsgType": "image", "MsgId": 7}), id="a picture"),
        pytest.param(
            event(USER, {"MsgType": "event", "Event": "enter_agent"}), id="the app open"
        ),
        pytest.param(
            event(USER, {"MsgType": "event", "Event": "template_card_event"}),
            id="a card without a task",
        ),
        pytest.param(event(USER, {"MsgType": "text"}), id="a text without an id"),
        pytest.param("<xml><MsgType>text</MsgType>", id="cut off"),
        pytest.param("<!DOCTYPE xml>" + pressed(), id="a document type"),
        pytest.param("words", id="no XML"),
    ],
)
def test_what_tells_nothing_of_use_is_passed_over(plain: str) -> None:
    assert WECOM.parse(called(plain)) == ()

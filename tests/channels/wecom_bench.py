"""A WeCom app before a server of the test's choice, and what WeCom calls.

Token, key and corp are those of WeCom's published sample.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import httpx

from channels.conformance import ProviderConformance
from channels.contract import Button, HookRequest
from channels.providers.wecom_app import WecomApp, WecomAppSettings
from dispatcher.sim.wecom_wire import (
    Card,
    CardButton,
    Stamp,
    WecomAccount,
    envelope,
    press_fields,
    seal,
    signed,
    text_fields,
    told,
    xml,
)

USER = "wang.jianguo"
SECRET = "the-secret-of-the-app"  # noqa: S105  made up
HOOK = "https://jiaoying.example.cn/hooks/wecom/event"
ACCOUNT = WecomAccount(
    corp_id="wx5823bf96d3bd56c7",
    secret=SECRET,
    agent_id=1000002,
    token="QDG6eK",  # noqa: S106  WeCom's published sample
    aes_key="jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
    callback_url=HOOK,
)
SETTINGS = WecomAppSettings(
    corp_id=ACCOUNT.corp_id,
    secret=SECRET,
    agent_id=ACCOUNT.agent_id,
    token=ACCOUNT.token,
    aes_key=ACCOUNT.aes_key,
    base_url="http://127.0.0.1:4010/",
)
TEXT = replace(ProviderConformance.message, to=USER)
CARD = replace(
    TEXT,
    title="山洪灾害红色预警",
    buttons=(Button("收到", "received"), Button("求助", "need_help")),
)
STAMP = Stamp(timestamp=1732344000, nonce="1372623149")
RANDOM = b"0123456789abcdef"

# WeCom's published sample of a check of the address.
ECHO = (
    "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4R"
    "Pcs8TgAE7OaBO+FZXvnaqQ=="
)
ECHO_SIGNATURE = "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3"

# Made with wechatpy 1.8.18 and read by WeCom's own @wecom/crypto 1.0.1.
CLICK = xml(
    {
        "ToUserName": "wx5823bf96d3bd56c7",
        "FromUserName": "zhangsan",
        "CreateTime": 1732344000,
        "MsgType": "event",
        "Event": "template_card_event",
        "EventKey": "ack",
        "TaskId": "att-0001",
        "CardType": "button_interaction",
        "ResponseCode": "RC1",
        "AgentID": 1000002,
    }
)
CLICK_SIGNATURE = "77fa50326c894e9a5be087aa662fc2dc6e2863d3"

Handler = Callable[[httpx.Request], httpx.Response]


class Counter:
    """WeCom's server: grants tokens, and answers messages one by one, the last on."""

    def __init__(self, *answers: Handler, grants: Handler | None = None) -> None:
        self.answers = list(answers)
        self.grants = grants
        self.asked: list[httpx.Request] = []
        self.posted: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/cgi-bin/gettoken":
            self.asked.append(request)
            return (self.grants or granting(f"access-{len(self.asked)}"))(request)
        self.posted.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer(request)

    def tokens(self) -> list[str]:
        return [request.url.params["access_token"] for request in self.posted]


def provider(
    handler: Handler, monotonic: Callable[[], float] = lambda: 0.0
) -> WecomApp:
    http = httpx.AsyncClient(transport=httpx.MockTransport(handler))
    return WecomApp("wecom", SETTINGS, http, monotonic)


def answering(status: int, body: str = "", **headers: str) -> Handler:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(status, text=body, headers=headers)

    return answer


def coded(errcode: int, **more: object) -> Handler:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"errcode": errcode, "errmsg": "…", **more})

    return answer


def granting(token: str, seconds: int = 7200) -> Handler:
    return coded(0, access_token=token, expires_in=seconds)


TAKEN = coded(0, invaliduser="", msgid="msg-1", response_code="code-1")


def refused(_: httpx.Request) -> httpx.Response:
    reason = "refused"
    raise httpx.ConnectError(reason)


def silent(_: httpx.Request) -> httpx.Response:
    reason = "nothing came"
    raise httpx.ReadTimeout(reason)


def called(plain: str, account: WecomAccount = ACCOUNT) -> HookRequest:
    """A callback as WeCom posts it for an account."""
    sealed = seal(account, plain, RANDOM)
    return HookRequest(
        url=f"{HOOK}?{signed(account, STAMP, sealed)}",
        headers={},
        form=(),
        body=envelope(account, sealed),
    )


def event(user: str, fields: Mapping[str, str | int]) -> str:
    return told(ACCOUNT, user, STAMP.timestamp, fields)


def pressed(key: str = "received", task: str = CARD.id, user: str = USER) -> str:
    button = CardButton(text="收到", key=f"{key}:{CARD.id}")
    card = Card(user=user, text=CARD.text, task_id=task, buttons=(button,))
    return event(user, press_fields(ACCOUNT, card, button.key, "RC1"))


def written(text: str, msg_id: int = 7) -> str:
    return event(USER, text_fields(ACCOUNT, text, msg_id))

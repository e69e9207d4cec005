"""Texts into a group of WeCom (企业微信) through its robot (消息推送).

A group is told, a person is not called: nobody answers a robot, and whom a message is
for is not said (docs/channels/wecom_robot.md).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import httpx

from channels.contract import (
    Accepted,
    Callback,
    Capabilities,
    Channel,
    FailureKind,
    HookRequest,
    Outcome,
    Outgoing,
    Receipt,
    Unknown,
)
from channels.http import client
from channels.providers.wecom_answer import Answer, Codes, ask, failure

CONTENT_MOST = 2048  # bytes of UTF-8
BYTES_OF_A_CHARACTER = 3  # of a Chinese one, and the most of any in a pair's half

CAPABILITIES = Capabilities(
    channel=Channel.WECHAT,
    two_way=False,
    links=True,
    receipts=False,
    lookup=False,
    max_chars=CONTENT_MOST // BYTES_OF_A_CHARACTER,
)

TOO_LONG = 45002

# WeCom's code -> whose failure it is, and why. The page of this channel shows the same
# table; a test compares them.
CODES: Codes = {
    -1: (FailureKind.TRANSIENT, "WeCom is busy"),
    45009: (FailureKind.THROTTLE, "more than 20 messages a minute"),
    45033: (FailureKind.THROTTLE, "too many requests at once"),
    40008: (FailureKind.PERMANENT_CONTENT, "type of message not known"),
    40058: (FailureKind.PERMANENT_CONTENT, "a field is wrong"),
    40063: (FailureKind.PERMANENT_CONTENT, "a field is missing"),
    44004: (FailureKind.PERMANENT_CONTENT, "text is empty"),
    45002: (FailureKind.PERMANENT_CONTENT, "text longer than 2048 bytes"),
    93000: (FailureKind.CONFIG, "key unknown, or the robot was removed from its group"),
    93004: (FailureKind.CONFIG, "robot disabled"),
    93008: (FailureKind.CONFIG, "robot not in the group"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WecomRobotSettings:
    """One robot of one group.

    :ivar key: what stands behind ``key=`` in the robot's webhook address: whoever has
        it can write into the group
    """

    key: str = field(repr=False)
    base_url: str = "https://qyapi.weixin.qq.com"
    timeout_seconds: float = 10


class WecomRobot:
    """A :class:`channels.contract.Provider` over one group robot."""

    settings_type = WecomRobotSettings

    def __init__(
        self,
        name: str,
        settings: WecomRobotSettings,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self.name = name
        self.capabilities = CAPABILITIES
        self._settings = settings
        self._http = http or client(timeout_seconds=settings.timeout_seconds)

    async def send(self, message: Outgoing) -> Outcome:
        """Post one text to the group; one too long for WeCom is not sent at all."""
        if len(message.text.encode()) > CONTENT_MOST:
            return failure(TOO_LONG, CODES)
        answer = await ask(self._http, self._request(message))
        match answer:
            case Answer(errcode=0):
                # WeCom gives a robot's message no id.
                return Accepted(provider_id=message.id)
            case Answer(errcode=code):
                return failure(code, CODES)
            case outcome:
                return outcome

    def verify(self, request: HookRequest) -> bool:  # noqa: ARG002  the contract's name
        """Believe nobody: a robot does not call back."""
        return False

    def parse(self, request: HookRequest) -> tuple[Callback, ...]:  # noqa: ARG002  likewise
        """Read nothing."""
        return ()

    async def lookup(
        self,
        message: Outgoing,  # noqa: ARG002  the contract's name
        sent_at: datetime,  # noqa: ARG002  likewise
    ) -> Outcome | None:
        """Leave it open: WeCom can't be asked what it has sent."""
        return Unknown(code="no_lookup")

    async def poll(self, provider_id: str) -> Receipt | None:  # noqa: ARG002  likewise
        """Tell nothing: WeCom keeps no receipts."""
        return None

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    def _request(self, message: Outgoing) -> httpx.Request:
        base = self._settings.base_url.rstrip("/")
        return self._http.build_request(
            "POST",
            f"{base}/cgi-bin/webhook/send",
            params={"key": self._settings.key},
            json={"msgtype": "text", "text": {"content": message.text}},
        )

"""Providers that do as a test tells them, and keep what they were given."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from channels.contract import (
    Accepted,
    Callback,
    Capabilities,
    Channel,
    HookAnswer,
    HookRequest,
    Outcome,
    Outgoing,
    Receipt,
    Speech,
)

TELLS_ALL = Capabilities(
    channel=Channel.SMS,
    two_way=True,
    links=True,
    receipts=True,
    lookup=True,
    max_chars=1600,
)
CALLS = replace(TELLS_ALL, channel=Channel.VOICE)
CARDS = replace(TELLS_ALL, channel=Channel.WECHAT)


@dataclass
class Scripted:
    """A provider that does as it is told, and keeps what it was given."""

    name: str = "sms"
    capabilities: Capabilities = TELLS_ALL
    outcomes: deque[Outcome | Exception] = field(default_factory=deque)
    found: dict[str, Outcome] = field(default_factory=dict)
    told: dict[str, Receipt] = field(default_factory=dict)
    callbacks: tuple[Callback, ...] = ()
    sent: list[Outgoing] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    sending: Callable[[], Any] | None = None

    async def send(self, message: Outgoing) -> Outcome:
        self.sent.append(message)
        if self.sending:
            await self.sending()
        said = self.outcomes.popleft() if self.outcomes else None
        if isinstance(said, Exception):
            raise said
        return said or Accepted(provider_id=f"SM{message.id}")

    def verify(self, request: HookRequest) -> bool:
        return not request.headers

    def parse(self, request: HookRequest) -> tuple[Callback, ...]:
        return self.callbacks if request.form else ()

    async def lookup(self, message: Outgoing, sent_at: datetime) -> Outcome | None:
        self.asked.append(f"{message.id} {sent_at:%H:%M:%S}")
        return self.found.get(message.id)

    async def poll(self, provider_id: str) -> Receipt | None:
        self.asked.append(provider_id)
        return self.told.get(provider_id)

    async def aclose(self) -> None:
        """Nothing is open."""


@dataclass
class Telephones(Scripted):
    """Places calls in the same manner, and keeps which were hung up."""

    name: str = "voice"
    capabilities: Capabilities = CALLS
    hung_up: list[str] = field(default_factory=list)
    hanging: Callable[[], Any] | None = None

    async def hang_up(self, provider_id: str) -> None:
        self.hung_up.append(provider_id)
        if self.hanging:
            self.hanging()

    def speak(self, message: str | None, speech: Speech) -> HookAnswer:
        said = "|".join(prompt.text for prompt in speech)
        return HookAnswer(content_type="text/plain", body=f"{message}: {said}")


@dataclass
class Cards(Scripted):
    """Sends cards in the same manner."""

    name: str = "wecom"
    capabilities: Capabilities = CARDS

    def greet(self, request: HookRequest) -> str | None:
        return request.body or None

"""Directs WeCom's part of the play in an exchange, from a test, a demo or a bench."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

import httpx
from pydantic import TypeAdapter

from channels import http
from dispatcher.sim.wecom_wire import Card, Member, WecomMode, WecomOrder

ANSWER_SECONDS = 60.0  # longer than WeCom's own retries

CARDS = TypeAdapter(list[Card])
NOTICES = TypeAdapter(dict[str, list[str]])


class WecomClient:
    """WeCom's control API in one exchange. An HTTP error raises httpx.HTTPStatusError.

    :param url: the exchange's, without a slash at the end
    """

    def __init__(self, url: str) -> None:
        self._http = http.client(f"{url}/control", timeout_seconds=ANSWER_SECONDS)

    async def members(self, members: Iterable[Member]) -> None:
        """Give members their habits; others stay as they are."""
        await self._call("PUT", "wecom/members", [asdict(member) for member in members])

    async def mode(self, mode: WecomMode, for_next: int | None = None) -> None:
        """Make WeCom misbehave with what is sent, or be well again."""
        order = WecomOrder(mode=mode, for_next=for_next)
        await self._call("PUT", "wecom", asdict(order))

    async def expire_tokens(self) -> None:
        """End every access token given out so far."""
        await self._call("PUT", "wecom", asdict(WecomOrder(expire_tokens=True)))

    async def cards(self) -> list[Card]:
        """Give what members have been sent, cards and texts, oldest first."""
        answer = await self._call("GET", "wecom/cards")
        return CARDS.validate_json(answer.content)

    async def robots(self) -> dict[str, list[str]]:
        """Give what each robot has said, by its key, oldest first."""
        answer = await self._call("GET", "wecom/robots")
        return NOTICES.validate_json(answer.content)

    async def press(self, user: str, task_id: str, key: str) -> None:
        """Press a button for a member, wait until the event is taken.

        :param key: the button's, with or without its colon and what follows
        """
        pressed = {"user": user, "task_id": task_id, "key": key}
        await self._call("POST", "wecom/press", pressed)

    async def write(self, user: str, text: str) -> str:
        """Write to the app for a member, wait until it is taken, give its MsgId."""
        answer = await self._call("POST", "wecom/write", {"user": user, "text": text})
        return str(answer.json()["msg_id"])

    async def aclose(self) -> None:
        """Give back connections."""
        await self._http.aclose()

    async def _call(
        self, method: str, path: str, body: object = None
    ) -> httpx.Response:
        answer = await self._http.request(method, path, json=body)
        return answer.raise_for_status()

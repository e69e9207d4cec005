from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import httpx
from typing_extensions import override

from channels.conformance import ProviderConformance, Server
from channels.contract import Accepted, Failed, FailureKind, HookRequest
from channels.providers.wecom_app import WecomApp
from channels.providers.wecom_robot import WecomRobot, WecomRobotSettings
from tests.channels.wecom_bench import (
    CARD,
    TAKEN,
    TEXT,
    Counter,
    Handler,
    called,
    coded,
    pressed,
    provider,
    refused,
    silent,
    written,
)

THROTTLED = Failed(kind=FailureKind.THROTTLE, code="45009", retry_after=60)
SERVERS: dict[Server, Handler] = {
    Server.ACCEPTS: TAKEN,
    Server.BAD_ADDRESS: coded(81013, invaliduser=TEXT.to),
    Server.THROTTLES: coded(45009),
    Server.SILENT: silent,
    Server.UNREACHABLE: refused,
}


class WecomConformance(ProviderConformance):
    """What every part of WeCom can do and what none can."""

    @override
    def receipts(self) -> Sequence[HookRequest]:
        return []

    @override
    def reply(self) -> HookRequest:
        return called(written("1 收到"))

    @override
    async def test_a_throttled_message_says_when_to_try_again(self) -> None:
        """WeCom names no time: a minute is the shortest of its windows."""
        assert await self.provider(Server.THROTTLES).send(self.message) == THROTTLED


class TestCard(WecomConformance):
    message = CARD

    @override
    def provider(self, server: Server) -> WecomApp:
        return provider(Counter(SERVERS[server]))

    @override
    def answers(self) -> Sequence[HookRequest]:
        return [self.reply(), called(pressed()), called(pressed("need_help"))]

    @override
    def test_forged_callbacks_are_not_believed(self) -> None:
        """The signature stands in the URL and covers the body."""
        wecom = self.provider(Server.ACCEPTS)
        for genuine in self.answers():
            changed = replace(genuine, body=genuine.body.replace("A", "B"))
            unsigned = replace(genuine, url=genuine.url.partition("?")[0])

            assert not wecom.verify(changed)
            assert not wecom.verify(unsigned)


class TestText(TestCard):
    message = TEXT


class TestRobot(WecomConformance):
    @override
    def provider(self, server: Server) -> WecomRobot:
        http = httpx.AsyncClient(transport=httpx.MockTransport(SERVERS[server]))
        return WecomRobot("group", WecomRobotSettings(key="k"), http)

    @override
    def answers(self) -> Sequence[HookRequest]:
        return []

    @override
    async def test_a_bad_number_is_the_failure_of_the_address(self) -> None:
        """Whom a message is for makes no difference to a group."""
        outcome = await self.provider(Server.ACCEPTS).send(replace(TEXT, to=""))

        assert Accepted(provider_id=TEXT.id) == outcome

    @override
    def test_a_reply_is_read_as_the_person_wrote_it(self) -> None:
        """A group's words never reach us: what looks like them is nobody's."""
        assert self.provider(Server.ACCEPTS).parse(self.reply()) == ()

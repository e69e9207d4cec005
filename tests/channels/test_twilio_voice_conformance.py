from __future__ import annotations

import json
from collections.abc import Sequence

from typing_extensions import override

from channels.conformance import RETRY_AFTER, Server, TelephoneConformance
from channels.contract import HookAnswer, HookRequest
from channels.providers.twilio_voice import TwilioVoice
from tests.channels.twilio_bench import (
    Handler,
    answering,
    refused,
    refusing,
    signed,
    silent,
)
from tests.channels.twilio_voice_bench import (
    HOOKS,
    call_form,
    hook,
    inbound_form,
    pressed,
    provider,
    resource,
    told,
)

SERVERS: dict[Server, Handler] = {
    Server.ACCEPTS: answering(201, json.dumps(resource())),
    Server.BAD_ADDRESS: refusing(400, 21211),
    Server.THROTTLES: refusing(429, 20429, **{"Retry-After": str(RETRY_AFTER)}),
    Server.SILENT: silent,
    Server.UNREACHABLE: refused,
}


class TestConformance(TelephoneConformance):
    @override
    def provider(self, server: Server) -> TwilioVoice:
        return provider(SERVERS[server])

    @override
    def receipts(self) -> Sequence[HookRequest]:
        return [
            told("queued"),
            told("initiated", SequenceNumber="0"),
            told("ringing", SequenceNumber="1"),
            told("in-progress", SequenceNumber="2"),
            told("completed", SequenceNumber="3", CallDuration="42"),
        ]

    @override
    def picked_up(self) -> HookRequest:
        return signed(hook("answer"), call_form())

    @override
    def not_picked_up(self) -> HookRequest:
        return told("no-answer", SequenceNumber="2", CallDuration="0")

    @override
    def rang_back(self) -> HookRequest:
        return signed(f"{HOOKS}/inbound", inbound_form(CallStatus="ringing"))

    @override
    def pressed(
        self, answer: HookAnswer, keys: str, *, at: int = 0, outside: bool = False
    ) -> HookRequest:
        return pressed(answer, keys, at=at, outside=outside)

from __future__ import annotations

import json
from collections.abc import Sequence

from typing_extensions import override

from channels.conformance import RETRY_AFTER, ProviderConformance, Server
from channels.contract import HookRequest
from channels.providers.twilio_sms import TwilioSms
from tests.channels.twilio_bench import (
    INBOUND,
    INBOUND_URL,
    Handler,
    answering,
    provider,
    refused,
    refusing,
    resource,
    signed,
    silent,
    status_form,
    status_url,
)

SERVERS: dict[Server, Handler] = {
    Server.ACCEPTS: answering(201, json.dumps(resource())),
    Server.BAD_ADDRESS: refusing(400, 21211),
    Server.THROTTLES: refusing(429, 20429, **{"Retry-After": str(RETRY_AFTER)}),
    Server.SILENT: silent,
    Server.UNREACHABLE: refused,
}


class TestConformance(ProviderConformance):
    @override
    def provider(self, server: Server) -> TwilioSms:
        return provider(SERVERS[server])

    @override
    def receipts(self) -> Sequence[HookRequest]:
        life = ("queued", "sending", "sent", "delivered")
        return [signed(status_url(), status_form(status)) for status in life]

    @override
    def reply(self) -> HookRequest:
        return signed(INBOUND_URL, INBOUND)

"""Our client alone: the provider that the server uses, with messages made beforehand.

Run as ``python -m tests.bench.client http://127.0.0.1:PORT MESSAGES``; it prints the
seconds, and the CPU it had. Nothing is stored: what is left is the ceiling.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

import uvloop

from channels import http
from channels.contract import Accepted, Outgoing
from channels.registry import build

TEXT = (
    "【澄溪应急】暴雨红色预警:3小时超100毫米。您负责杨柳湾村第一网格,立即转移山边河边"
    "群众。收到请回复1,正在转移回复2,需要支援回复9。"
)


async def main(gateway: str, messages: int) -> None:
    """Send so many, and tell how long it took."""
    settings = {
        "provider": "twilio_sms",
        "account_sid": "AC00000000000000000000000000000001",
        "auth_token": "token",
        "from": "+99900000001",
        "base_url": gateway,
    }
    provider = build("sms", settings, public_base_url="http://127.0.0.1:1")
    waiting = [
        Outgoing(
            id=f"M{number:09d}",
            to=f"+999138{number:08d}",
            text=TEXT,
            valid_seconds=3600,
        )
        for number in range(messages)
    ]

    async def line() -> None:
        while waiting:
            outcome = await provider.send(waiting.pop())
            assert isinstance(outcome, Accepted), outcome

    began, before = time.monotonic(), time.process_time()
    await asyncio.gather(*(line() for _ in range(http.connections_most())))
    seconds, cpu = time.monotonic() - began, time.process_time() - before
    await provider.aclose()
    sys.stdout.write(json.dumps({"seconds": seconds, "cpu": cpu}))


if __name__ == "__main__":
    _, at, number = sys.argv
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(at, int(number)))

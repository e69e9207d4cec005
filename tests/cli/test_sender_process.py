"""Who sends beside a worker: where there is a core, and as the worker was told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from config.settings import load
from dispatcher.cli.sender_process import Errand, slip
from dispatcher.cli.worker_process import seconded

TOML = """\
[server]
port = 8123
[engine]
clock_origin = "2026-07-12T02:00:00+08:00"
speed = 30.0
[security]
allow_test_numbers = true
[channels.sms]
provider = "twilio_sms"
account_sid = "AC00000000000000000000000000000001"
auth_token = "secret"
from = "+99900000001"
[routes]
sms = ["sms"]
[feeds.bureau]
url = "https://bureau.example.org/rss"
senders = ["rain-*@dongfeng"]
token = "secret"
"""


@pytest.fixture(autouse=True)
def anyio_backend() -> str:
    return "asyncio"


async def test_on_one_core_a_worker_sends_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3})

    async with seconded() as second:
        assert second is None


def test_an_errand_tells_all_that_the_worker_was_told(tmp_path: Path) -> None:
    file = tmp_path / "jiaoying.toml"
    file.write_text(TOML, encoding="utf-8")
    errand = Errand(7, load(file, {}))
    with slip() as paper:
        paper.write(errand)

        assert paper.read() == errand
        assert paper.read() == errand  # whoever comes after one that died

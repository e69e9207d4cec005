"""Taking a warning in: while a large one is counted, everything else goes on."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from dispatcher.core.alert import Content
from dispatcher.engine import accept
from dispatcher.engine.accept import located
from dispatcher.engine.context import Context
from dispatcher.engine.taking import Bearer, take_in
from dispatcher.store.alerts import Stored
from tests.engine.office import RED_RAIN, opened

LONG_SECONDS = 30.0


async def test_nobody_waits_while_a_warning_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun, others = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def slowly(context: Context, content: Content) -> Any:
        loop.call_soon_threadsafe(begun.set)
        assert others.wait(LONG_SECONDS), "the loop stood still"
        return located(context, content)

    monkeypatch.setattr(accept, "located", slowly)
    async with opened() as office:
        bearer = Bearer(by="key:rain")
        taken = asyncio.create_task(
            take_in(office.database, office.keeper, RED_RAIN, bearer, office.now)
        )
        await begun.wait()
        others.set()
        outcome = await taken

    assert isinstance(outcome, Stored)
    assert outcome.fresh

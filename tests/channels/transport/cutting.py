"""Cancels a task at the one await that is named, so that every one can be tried."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Coroutine, Generator
from functools import partial
from itertools import count
from typing import Any


@types.coroutine
def _driven(
    coroutine: Coroutine[Any, Any, Any], at: int, *, late: bool
) -> Generator[Any, Any, int]:
    step = partial(coroutine.send, None)
    for awaits in count():
        try:
            future = step()
        except StopIteration:
            return awaits
        if awaits == at:
            _cut(future, late=late)
        try:
            yield future
            step = partial(coroutine.send, None)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is its own
            step = partial(coroutine.throw, error)
    raise AssertionError


def _cut(future: asyncio.Future[Any] | None, *, late: bool) -> None:
    task = asyncio.current_task()
    assert task
    if late and future is not None:  # done, but who waits for it has not gone on yet
        future.add_done_callback(lambda _: task.cancel())
    else:
        asyncio.get_running_loop().call_soon(task.cancel)


async def cancelled_at(
    coroutine: Coroutine[Any, Any, Any], at: int, *, late: bool
) -> bool:
    """Cancel it at this await; False: it has not so many.

    :param late: when what it waits for has come, not while it waits
    """

    async def drive() -> int:
        awaits: int = await _driven(coroutine, at, late=late)
        return awaits

    task = asyncio.create_task(drive())
    await asyncio.wait([task])
    return task.cancelled() or task.result() > at

"""Finding what a path names, and reading lists page by page."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import nsmallest
from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, Field

from dispatcher.api.front import FrontOf
from dispatcher.api.problem import RefusedError, refused
from dispatcher.core.alert import Alert, AlertId
from dispatcher.intake.problem import Problem
from dispatcher.store import alerts

KINDS = {
    "alert": "预警",
    "callout": "叫应单",
    "channel": "通道",
    "person": "责任人",
    "unit": "单元",
    "post": "职务",
    "import": "导入",
    "shift": "值班安排",
    "officer": "值班员",
    "key": "密钥",
    "policy": "叫应策略",
    "todo": "待办",
    "trial": "试发",
}
ALERT, CALLOUT, CHANNEL, PERSON, UNIT, POST, IMPORT, SHIFT, *_DESK = KINDS
OFFICER, API_KEY, POLICY, TODO, TRIAL = _DESK
PAGE_MOST = 1000
PAGE_USUAL = 100


class PageQuery(BaseModel):
    """Which part of a list is asked for."""

    limit: Annotated[int, Field(ge=1, le=PAGE_MOST)] = PAGE_USUAL
    cursor: str | None = None


def following(names: Iterable[str], query: PageQuery) -> list[str]:
    """The names after the cursor in their order, one more than are wanted."""
    after = (name for name in names if query.cursor is None or name > query.cursor)
    return nsmallest(query.limit + 1, after)


def unknown(kind: str, name: str) -> RefusedError:
    """The refusal of a path that names nothing; ``kind`` in English."""
    return refused(
        404,
        Problem(
            loc=("path",),
            code=f"unknown_{kind}",
            zh=f"没有{KINDS[kind]} {name}",
            en=f"there is no {kind} {name}",
        ),
    )


async def alert_named(
    front: FrontOf, name: Annotated[AlertId, Path(alias="id")]
) -> Alert:
    """A dependency: the alert that the path names.

    :raises RefusedError: with 404
    """
    found = await front.runtime.database.read(lambda c: alerts.find(c, name))
    if found is None:
        raise unknown(ALERT, name)
    return found

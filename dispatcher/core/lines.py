"""Voice lines are the scarce thing: who may ring now, and how often a number may.

Rules of calling, section 7. Nothing here knows a provider; what a number bears stands
in the policy, how many lines there are in the settings.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from config.policy import NumberLimits
from dispatcher.core.alert import Lane

KEPT_FOR_RED = 0.3  # of the lines
REST = timedelta(seconds=45)  # between two calls of one number, end to begin
HOUR = timedelta(hours=1)
DAY = timedelta(hours=24)


def line_free(lane: Lane, lines: int, busy: Sequence[Lane]) -> bool:
    """Whether a call of this lane may begin beside those that go on.

    A single line is kept for nobody, else only red would ever be called.
    """
    if lane is Lane.RED:
        return len(busy) < lines
    kept = min(math.ceil(KEPT_FOR_RED * lines), lines - 1)
    lower = sum(other is not Lane.RED for other in busy)
    return len(busy) < lines and lower < lines - kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """A call that a number has had; ``ended_at`` is None while it goes on."""

    at: datetime
    ended_at: datetime | None


class HoldReason(StrEnum):
    """Why a call has to wait although a line is free."""

    GAP = "gap"  # the number was rung just now
    HOUR = "budget_hour"
    DAY = "budget_day"


@dataclass(frozen=True, slots=True)
class Hold:
    """A call may not be placed before ``until``."""

    until: datetime
    reason: HoldReason


def hold(
    rung: Sequence[Rung], limits: NumberLimits, now: datetime, *, red: bool
) -> Hold | None:
    """What keeps a number from being rung now; the longest wait, None if nothing.

    :param rung: its calls of the last 24 hours
    :param red: issued as red, for which some calls are kept; a shifted level is not
    """
    hourly = limits.per_hour - (0 if red else limits.kept_per_hour)
    daily = limits.per_day - (0 if red else limits.kept_per_day)
    gap = timedelta(minutes=1) / limits.per_minute
    holds = [
        Hold(max(one.at + gap, (one.ended_at or one.at) + REST), HoldReason.GAP)
        for one in rung
    ]
    holds += _spent(rung, hourly, HOUR, HoldReason.HOUR)
    holds += _spent(rung, daily, DAY, HoldReason.DAY)
    waits = (one for one in holds if one.until > now)
    return max(waits, key=lambda one: one.until, default=None)


def _spent(
    rung: Sequence[Rung], most: int, window: timedelta, reason: HoldReason
) -> list[Hold]:
    """The wait until one more fits into the window, if it is full by then.

    Where all of it is kept for red, one call fits: else some would never be rung.
    """
    fits = max(most, 1)
    newest = sorted((one.at for one in rung), reverse=True)[:fits]
    return [Hold(newest[-1] + window, reason)] if len(newest) == fits else []

"""The night, in which some warnings may write but not ring."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """From one time of the day to another, over midnight or not.

    :ivar zone: name of the time zone
    """

    begins: time
    ends: time
    zone: str


def night_ends(night: Night, now: datetime) -> datetime | None:
    """When the night is over that it is now; None by day."""
    local = now.astimezone(ZoneInfo(night.zone))
    clock = local.time()
    over_midnight = night.begins > night.ends
    late, early = clock >= night.begins, clock < night.ends
    dark = (late or early) if over_midnight else (late and early)
    if not dark:
        return None
    day = local.date() + timedelta(days=int(over_midnight and late))
    end = datetime.combine(day, night.ends, tzinfo=local.tzinfo)
    return end.astimezone(now.tzinfo)

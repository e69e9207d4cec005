"""A moment as machines write it: RFC 3339, with a zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from dispatcher.intake.form import YEARS

TIME = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,9})?(Z|[+-]\d\d:?\d\d)", re.ASCII
)
ZULU = {"Z": "+00:00", "-00:00": "+00:00"}


def instant_of(text: str) -> datetime | None:
    """The moment a text tells, to the second, in UTC; None where it tells none."""
    found = TIME.fullmatch(text.strip())
    if found is None:
        return None
    try:
        moment = datetime.fromisoformat(found[1] + ZULU.get(found[2], found[2]))
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.year in YEARS else None

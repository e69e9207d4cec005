"""Kinds of event by code, as the national classification and the warning centres use.

The list is open: provinces add codes of their own, so an unknown code of the right form
is a code without a name, not an error.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

EVENT_CODE = r"^\d{2}[A-Z0-9]\d{2,3}$"


def event_name(code: str) -> str | None:
    """The Chinese name of a kind of event; None where the list has no such code."""
    return event_names().get(code)


@cache
def event_names() -> Mapping[str, str]:
    """The Chinese name of every kind of event in the list, by code."""
    table = files("config").joinpath("hazards", "event_types.csv")
    rows = csv.DictReader(table.read_text(encoding="utf-8").splitlines())
    return {row["code"]: row["name_zh"] for row in rows}

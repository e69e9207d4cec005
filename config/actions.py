"""What to do, by kind of hazard and level, where a warning does not say it.

The first clause is what a call says first: short, and an order. Our own wording; an
issuer's own instruction always comes before it. A row holds for all the prefixes that
it names.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

LONGEST_CODE = 6


def action_text(event_code: str, level: str) -> str:
    """The action of the longest prefix of a code that the table knows."""
    table = _table()
    prefixes = (event_code[:length] for length in range(LONGEST_CODE, -1, -1))
    row = next(table[prefix] for prefix in prefixes if prefix in table)
    return row.get(level) or row["yellow"]


@cache
def _table() -> Mapping[str, Mapping[str, str]]:
    """Rows by prefix; the empty prefix fits every code."""
    text = files("config").joinpath("hazards", "actions.csv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines())
    return {prefix: row for row in rows for prefix in row["prefixes"].split() or [""]}

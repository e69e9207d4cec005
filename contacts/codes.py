"""Area codes: six digits name a county, nine a township, twelve a village.

The steps are those of GB/T 2260 and of the statistical code that continues it. Some
lists fill a short code with zeros to twelve digits; both spellings are one place.
"""

from __future__ import annotations

from contacts.model import UnitKind

PADDED = frozenset({6, 9, 12})  # lengths at which lists fill up with zeros
STEPS = (12, 9, 6, 4, 2)  # lengths of a code that names a place, longest first
KINDS = {6: UnitKind.COUNTY, 9: UnitKind.TOWNSHIP, 12: UnitKind.VILLAGE}


def bare(code: str) -> str:
    """Give the shortest spelling of a code, so that spellings can be compared.

    Six digits that end in zeros may shrink to a prefecture's or a province's code.
    """
    if len(code) not in PADDED or not code.isdecimal():
        return code
    for step in STEPS:
        if step < len(code) and not code[step:].strip("0"):
            code = code[:step]
    return code


def county_or_smaller(code: str) -> str:
    """Drop filling zeros, but never below six digits: 441900 is itself a county."""
    for step in (9, 6):
        if len(code) == step + 3 and code.endswith("000"):
            code = code[:step]
    return code


def prefixes(code: str) -> tuple[str, ...]:
    """List the codes of the places round this one, nearest first."""
    return tuple(bare(code[:step]) for step in STEPS if step < len(code))

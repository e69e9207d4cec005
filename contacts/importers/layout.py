"""How the columns of a file were taken, for somebody to see and to say otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from contacts.importers.cells import clean
from contacts.importers.choosing import Chosen
from contacts.importers.columns import REQUIRED, Column
from contacts.importers.header import Header, likeliest
from contacts.importers.table import Table, letters
from contacts.numbers import without_numbers

SAMPLES = 3
SAMPLE_LINES = 200  # below the header, in which they are looked for
SAMPLE_MOST = 24  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A column of the file.

    :ivar samples: what stands below it, numbers hidden
    """

    letter: str
    text: str
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A column of ours; ``letter``: which of the file it was taken from."""

    name: Column
    needed: bool
    letter: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The table that was read, its headings, and what they were taken for.

    :ivar row: of the header
    """

    table: str
    row: int
    headings: tuple[Heading, ...]
    columns: tuple[Placed, ...]


def layout_of(chosen: Chosen) -> Layout | None:
    """Tell how a table is laid out; None where nothing stands in it."""
    table = chosen.table
    header = chosen.header if chosen.header.cells else likeliest(table)
    if header is None:
        return None
    return Layout(
        table=without_numbers(table.name),
        row=header.row,
        headings=tuple(_headings(table, header)),
        columns=tuple(
            Placed(name=one, needed=one in REQUIRED, letter=header.letters.get(one))
            for one in Column
        ),
    )


def _headings(table: Table, header: Header) -> Iterator[Heading]:
    for place, cell in enumerate(header.cells):
        yield Heading(
            letter=letters(place),
            text=_text(cell),
            samples=tuple(islice(_samples(table, header.row, place), SAMPLES)),
        )


def _samples(table: Table, row: int, place: int) -> Iterator[str]:
    below = (line for line in table.lines if line.number > row)
    cells = (line.cells[place : place + 1] for line in islice(below, SAMPLE_LINES))
    yield from dict.fromkeys(
        text for some in cells for text in map(_text, some) if text
    )


def _text(cell: object) -> str:
    text = clean(cell) if isinstance(cell, str) else ""
    return without_numbers(text)[:SAMPLE_MOST]

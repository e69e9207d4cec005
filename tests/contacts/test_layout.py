"""How the columns of a file are taken, and what somebody says against it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import pytest

from contacts.importers.choosing import Chosen, choose
from contacts.importers.columns import REQUIRED, Column
from contacts.importers.header import Columns
from contacts.importers.layout import Layout, layout_of
from contacts.importers.reading import read_chosen, read_correct
from contacts.importers.roster_file import tables_of
from contacts.importers.sheet import LeftOut, Sheet
from contacts.importers.table import letters, place_of
from tests.contacts.offices import (
    COLUMNS,
    HEADER,
    Row,
    Tab,
    Value,
    as_xlsx,
    row,
    second,
)

NAME, MOBILE, BACKUP = (
    letters(COLUMNS.index(column))
    for column in (Column.NAME, Column.MOBILE, Column.BACKUP)
)


def headed(words: Mapping[Column, str]) -> Row:
    """The header with other words over some columns."""
    return [words.get(column, column.value) for column in COLUMNS]


def read(*rows: Row, columns: Columns | None = None) -> Sheet:
    chosen = chosen_of(*rows, columns=columns)
    return read_chosen(chosen, code_system="DEMO", allow_test_numbers=True)


def chosen_of(*rows: Row, columns: Columns | None = None) -> Chosen:
    chosen = choose(tables_of(as_xlsx(Tab(rows=rows))), columns)
    assert isinstance(chosen, Chosen)
    return chosen


def laid(*rows: Row, columns: Columns | None = None) -> Layout:
    found = layout_of(chosen_of(*rows, columns=columns))
    assert found
    return found


def taken(layout: Layout) -> dict[str, str | None]:
    return {placed.name: placed.letter for placed in layout.columns}


@pytest.mark.parametrize("place", [0, 25, 26, 51, 52, 255])
def test_letters_name_places_and_places_letters(place: int) -> None:
    assert place_of(letters(place)) == place


def test_a_layout_tells_headings_samples_and_what_they_were_taken_for() -> None:
    layout = laid(["网格责任人名册"], headed({Column.NAME: "谁"}), row(), second())
    heading = next(one for one in layout.headings if one.letter == NAME)
    phone = next(one for one in layout.headings if one.letter == MOBILE)
    name = next(one for one in layout.columns if one.name is Column.NAME)

    assert layout.row == 2
    assert (heading.text, heading.samples) == ("谁", ("李秀英", "王建国"))
    assert phone.samples == ("138****8000", "139****9000")
    assert (name.needed, name.letter) == (True, None)
    assert {one.name for one in layout.columns if one.needed} == {*REQUIRED}
    assert taken(layout)[Column.MOBILE] == MOBILE


def test_who_says_where_a_column_is_is_believed() -> None:
    rows = (headed({Column.NAME: "谁"}), row())
    without, said = read(*rows), read(*rows, columns={Column.NAME: NAME})

    assert [one.column for one in without.problems] == [Column.NAME]
    assert [one.name for one in said.people] == ["李秀英"]
    assert taken(laid(*rows, columns={Column.NAME: NAME}))[Column.NAME] == NAME
    assert not [one for one in said.notes if "谁" in one.what]


def test_of_two_columns_with_one_meaning_somebody_chooses_one() -> None:
    rows = (headed({Column.BACKUP: "联系电话"}), row({Column.BACKUP: "13700137000"}))
    said = read(*rows, columns={Column.MOBILE: BACKUP})

    assert [one.column for one in read(*rows).problems] == [Column.MOBILE]
    assert [one.addresses[0].value for one in said.people] == ["+8613700137000"]


def test_a_recognised_column_may_be_taken_for_nothing() -> None:
    both = row({Column.BACKUP: "13700137000"})
    said = read(HEADER, both, columns={Column.BACKUP: None})

    assert len(read(HEADER, both).people[0].addresses) == 2
    assert len(said.people[0].addresses) == 1


def test_a_header_without_a_known_word_is_the_fullest_line() -> None:
    words = [f"字段{number}" for number in range(len(COLUMNS))]
    where = {column: letters(place) for place, column in enumerate(COLUMNS)}
    rows = (["说明"], words, row())
    layout = laid(*rows)

    assert read(*rows).problems
    assert (layout.row, {*taken(layout).values()}) == (2, {None})
    assert [one.text for one in layout.headings] == words
    assert [one.name for one in read(*rows, columns=where).people] == ["李秀英"]


def test_a_letter_beyond_the_table_is_told() -> None:
    told = read(HEADER, row(), columns={Column.NAME: "ZZ"})

    assert [(one.column, one.what) for one in told.problems] == [
        (Column.NAME, "表里没有 ZZ 列")
    ]


def test_the_header_again_on_each_page_is_known_by_its_own_words() -> None:
    head = headed({Column.NAME: "谁"})
    said = read(head, row(), head, second(), columns={Column.NAME: NAME})

    assert [one.name for one in said.people] == ["李秀英", "王建国"]


def test_an_empty_file_has_no_layout() -> None:
    chosen = choose(tables_of(b"\n"))

    assert isinstance(chosen, Chosen)
    assert layout_of(chosen) is None


correct = partial(read_correct, code_system="DEMO", allow_test_numbers=True)


def rest(*rows: Row, columns: Columns | None = None) -> Sheet | None:
    """What the correct rows say."""
    chosen = chosen_of(*rows, columns=columns)
    return correct(chosen, read(*rows, columns=columns).problems)


def test_correct_rows_are_read_and_the_others_told() -> None:
    found = rest(HEADER, row(), second({Column.MOBILE: "110"}))

    assert found
    assert [one.name for one in found.people] == ["李秀英"]
    assert found.left_out == LeftOut(
        rows=1, names=frozenset({"王建国"}), nameless=False
    )


@pytest.mark.parametrize("name", ["", "李四、王五"])
def test_of_a_row_without_a_readable_name_anybody_may_be_meant(name: str) -> None:
    found = rest(HEADER, row(), second({Column.NAME: name}))

    assert found
    assert found.left_out
    assert found.left_out.nameless


def test_a_row_that_leans_on_one_that_is_left_out_goes_with_it() -> None:
    named: dict[Column, Value] = {Column.MOBILE: "110"}
    leaning: dict[Column, Value] = {Column.VILLAGE: ""}
    found = rest(HEADER, row(named), second(leaning), elsewhere())

    assert found
    assert [one.name for one in found.people] == ["赵卫国"]
    assert found.left_out
    assert found.left_out.rows == 2


def elsewhere() -> Row:
    """A row of another village."""
    return row(
        {
            Column.CODE: "990421100201",
            Column.VILLAGE: "杨柳湾村",
            Column.GRID_CODE: "990421100201001",
            Column.NAME: "赵卫国",
            Column.MOBILE: "13600136000",
        }
    )


def test_nothing_is_left_of_a_file_without_a_header_or_a_correct_row() -> None:
    assert rest(headed({Column.NAME: "谁"}), row()) is None
    assert rest(HEADER, row({Column.MOBILE: "110"})) is None

"""From the rows of a table to a sheet.

One row names one place, and at most one person in one post of it. A row without a
person's name and numbers tells of a place, or of a post that is vacant.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from contacts.importers import cells
from contacts.importers.columns import (
    HEADERS,
    KIND_NAMES,
    REQUIRED,
    Column,
    plain,
)
from contacts.importers.places import Place, Places
from contacts.importers.row import Row
from contacts.importers.sheet import (
    ListedAddress,
    ListedHolding,
    ListedPerson,
    PersonKey,
    RowProblem,
    Sheet,
)
from contacts.model import AddressKind, Post, PostRef
from contacts.numbers import Number, NumberProblem, normalise

ADDRESSES = (Column.MOBILE, Column.BACKUP, Column.WECOM)


def read_rows(
    table: Iterable[Sequence[str]], *, code_system: str, allow_test_numbers: bool
) -> Sheet:
    """Read a table whose first row is the header, and report all its problems.

    :param code_system: the list its area codes come from, with version
    """
    problems: list[RowProblem] = []
    places, people = Places(), _People(allow_test_numbers=allow_test_numbers)
    for row in _rows(iter(table), problems):
        people.note(row, places.note(row))
    places.complain_of_nameless()
    if not problems and not people.holdings:
        problems.append(RowProblem(row=1, column=Column.NAME, what="表里没有责任人"))
    if problems:
        return Sheet(problems=tuple(sorted(problems, key=lambda found: found.row)))
    return Sheet(
        units=places.units(code_system),
        people=people.people(),
        holdings=tuple(people.holdings),
    )


def _rows(table: Iterator[Sequence[str]], problems: list[RowProblem]) -> Iterator[Row]:
    """Give the rows that say something; none under a header that can't be used."""
    columns = [HEADERS.get(plain(text)) for text in next(table, ())]
    problems.extend(_header_problems(columns))
    texts_below = [] if problems else list(table)
    for number, texts in enumerate(texts_below, start=2):
        pairs = zip(columns, texts, strict=False)  # trailing cells may be left out
        known = {column: cells.clean(text) for column, text in pairs if column}
        row = Row(number=number, cells=known, problems=problems)
        if any(text.strip() for text in texts[len(columns) :]):
            row.complain(f"第 {len(columns) + 1} 列", "这一行比表头多出内容")
        if any(known.values()):
            yield row


def _header_problems(columns: Sequence[Column | None]) -> Iterator[RowProblem]:
    for column in Column:
        if columns.count(column) > 1:
            what = "表头里有两列是同一个意思,请只留一列"
            yield RowProblem(row=1, column=column, what=what)
        if column in REQUIRED and column not in columns:
            yield RowProblem(row=1, column=column, what="表头里缺少这一列")


class _People:
    """Gathers people and the posts they hold; one person may stand in many rows.

    :ivar holdings: in the order of rows, each once
    """

    def __init__(self, *, allow_test_numbers: bool) -> None:
        self._allow_test_numbers = allow_test_numbers
        self._addresses: dict[PersonKey, dict[ListedAddress, None]] = {}
        self.holdings: dict[ListedHolding, None] = {}

    def note(self, row: Row, place: Place | None) -> None:
        """Take in a row's person and post; the place is None where unreadable."""
        post = row.value(Column.ROLE, cells.role)
        if post is not None and place is not None:
            _check_kind(row, post, place)
        person = self._person(row)
        if person is None:
            return
        self._addresses.setdefault(person.key, {}).update(
            dict.fromkeys(person.addresses)
        )
        if post is not None and place is not None:
            self.holdings[ListedHolding(PostRef(place.id, post), person.key)] = None

    def people(self) -> tuple[ListedPerson, ...]:
        """List everybody once, with all addresses that any row gives."""
        return tuple(
            ListedPerson(name=name, addresses=tuple(addresses))
            for (name, _), addresses in self._addresses.items()
        )

    def _person(self, row: Row) -> ListedPerson | None:
        """Read the row's person; None when it has none or not a whole one."""
        if not any(row[column] for column in (Column.NAME, *ADDRESSES)):
            return None
        _check_complete(row)
        name = cells.person_name(row[Column.NAME])
        addresses = tuple(self._read_addresses(row))
        if not (name and addresses):
            return None
        return ListedPerson(name=name, addresses=addresses)

    def _read_addresses(self, row: Row) -> Iterator[ListedAddress]:
        for column in (Column.MOBILE, Column.BACKUP):
            for text in cells.numbers(row[column]):
                match normalise(text, allow_test_numbers=self._allow_test_numbers):
                    case Number(kind=kind, value=value):
                        yield ListedAddress(kind=kind, value=value)
                    case NumberProblem(what=what):
                        row.complain(column, what)
        wecom = row.value(Column.WECOM, cells.wecom)
        if wecom is not None:
            yield ListedAddress(kind=AddressKind.WECOM, value=wecom)


def _check_complete(row: Row) -> None:
    """Complain of what a row with a person lacks."""
    for column in (Column.ROLE, Column.NAME):
        if not row[column]:
            row.complain(column, "不能为空")
    if not any(row[column] for column in ADDRESSES):
        row.complain(Column.MOBILE, "至少要有一个号码或企业微信账号")


def _check_kind(row: Row, post: Post, place: Place) -> None:
    if post.unit_kind is not place.kind:
        of_post, of_row = KIND_NAMES[post.unit_kind], KIND_NAMES[place.kind]
        what = f"“{row[Column.ROLE]}”是{of_post}的职务,这一行写的是{of_row}"
        row.complain(Column.ROLE, what)

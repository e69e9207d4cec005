"""The people that the rows of a table name, and the posts they hold."""

from __future__ import annotations

from collections.abc import Iterator

from contacts.importers import cells
from contacts.importers.columns import KIND_NAMES, Column
from contacts.importers.places import Place
from contacts.importers.row import Row
from contacts.importers.sheet import (
    ListedAddress,
    ListedHolding,
    ListedPerson,
    PersonKey,
)
from contacts.model import AddressKind, Post, PostRef
from contacts.numbers import Number, NumberProblem, normalise

ADDRESSES = (Column.MOBILE, Column.BACKUP, Column.WECOM)


class People:
    """Gathers people and the posts they hold; one person may stand in many rows.

    :ivar holdings: in the order of rows, each once, with its first row
    """

    def __init__(self, *, allow_test_numbers: bool) -> None:
        self._allow_test_numbers = allow_test_numbers
        self._addresses: dict[PersonKey, dict[ListedAddress, None]] = {}
        self._owners: dict[str, tuple[str, int]] = {}
        self.holdings: dict[ListedHolding, int] = {}

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
        self._note_owner(row, person)
        if post is not None and place is not None:
            held = ListedHolding(PostRef(place.id, post), person.key)
            self._note_holding(row, held)

    def people(self) -> tuple[ListedPerson, ...]:
        """List everybody once, with all addresses that any row gives."""
        return tuple(
            ListedPerson(name=name, addresses=tuple(addresses))
            for (name, _), addresses in self._addresses.items()
        )

    def _note_holding(self, row: Row, held: ListedHolding) -> None:
        first = self.holdings.setdefault(held, row.number)
        if first != row.number:
            row.remark(Column.NAME, f"与第 {first} 行是同一人同一职务,只算一次")

    def _note_owner(self, row: Row, person: ListedPerson) -> None:
        """Remark where one number is said to be two people's."""
        number = person.addresses[0].value
        name, first = self._owners.setdefault(number, (person.name, row.number))
        if name != person.name:
            row.remark(Column.MOBILE, f"与第 {first} 行“{name}”的号码相同,姓名不同")

    def _person(self, row: Row) -> ListedPerson | None:
        """Read the row's person; None when it has none or not a whole one."""
        if not any(row[column] for column in (Column.NAME, *ADDRESSES)):
            return None
        _check_complete(row)
        name = row.value(Column.NAME, cells.person_name)
        addresses = tuple(self._read_addresses(row))
        if not (name and addresses):
            return None
        return ListedPerson(name=name, addresses=addresses)

    def _read_addresses(self, row: Row) -> Iterator[ListedAddress]:
        for column in (Column.MOBILE, Column.BACKUP):
            for text in cells.numbers(row[column]):
                match self._number(text):
                    case Number(kind=kind, value=value):
                        yield ListedAddress(kind=kind, value=value)
                    case cells.Wrong(what=what) | NumberProblem(what=what):
                        row.complain(column, what)
        wecom = row.value(Column.WECOM, cells.wecom)
        if wecom is not None:
            yield ListedAddress(kind=AddressKind.WECOM, value=wecom)

    def _number(self, text: str) -> Number | NumberProblem | cells.Wrong:
        written = cells.whole(text)
        if isinstance(written, cells.Wrong):
            return written
        return normalise(written, allow_test_numbers=self._allow_test_numbers)


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

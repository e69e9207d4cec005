"""The history of the roster: every change has its lines, and its place in the chain."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Connection, text

from contacts.model import Holding, PersonId, Post, PostRef, UnitId
from dispatcher.core.journal import HOUSE, RosterChange, RosterChanged
from dispatcher.store import history, journal, people
from dispatcher.store.database import Database
from dispatcher.store.history import Change, Changed, Kind, Line, Told, Wanted
from tests.store.stock import COUNTY, after, person

DUTY = PostRef(COUNTY.id, Post.COUNTY_DUTY)
LI, LI_AGAIN = person("li"), replace(person("li2"), first=PersonId("li"))
CALLED = replace(COUNTY, name="新澄溪县")
BEIJING = timezone(timedelta(hours=8))
LINES = (
    Line.of_unit(COUNTY, CALLED),
    Line.of_person(LI, LI_AGAIN),
    Line.of_post(
        DUTY,
        [Holding(ref=DUTY, person=LI.id)],
        [
            Holding(ref=DUTY, person=LI_AGAIN.id),
            Holding(
                ref=DUTY,
                person=PersonId("wu"),
                valid_from=after(0).astimezone(BEIJING),
                valid_until=after(60),
            ),
        ],
    ),
)


def edit(*lines: Line, **changes: Any) -> Changed:
    plain = Changed(
        at=after(0),
        by="key:desk",
        how=RosterChange.EDIT,
        lines=lines,
        figures={"lines": len(lines)},
    )
    return replace(plain, **changes)


async def test_a_change_raises_the_edition_and_whatever_else_the_version_only(
    database: Database,
) -> None:
    def turns(connection: Connection) -> list[tuple[int, int]]:
        found = []
        for work in (
            lambda: None,
            lambda: history.record(connection, edit(*LINES)),
            lambda: people.flag_wrong(connection, ["li0"]),
            lambda: history.record(connection, edit()),
        ):
            work()
            edition = history.edition(connection)
            found.append((edition, people.roster_version(connection)))
        return found

    assert await database.write(turns) == [(0, 0), (1, 1), (1, 2), (2, 3)]


async def test_what_a_line_tells_can_be_read_again(database: Database) -> None:
    def kept(connection: Connection) -> list[Line]:
        history.record(connection, edit(*LINES))
        return history.lines_between(connection, 0, 1)

    unit, someone, post = await database.write(kept)

    assert (unit, someone, post) == LINES
    assert [line.subject for line in (unit, someone, post)] == [
        "990421",
        "li",
        "990421/county_duty",
    ]
    assert history.unit_of(unit.before) == COUNTY
    assert history.unit_of(unit.after) == CALLED
    assert (someone.before, someone.after) == ("li", "li2")
    assert history.holdings_of(post.subject, post.before) == (
        Holding(ref=DUTY, person=LI.id),
    )
    assert history.holdings_of(post.subject, post.after) == (
        Holding(ref=DUTY, person=LI_AGAIN.id),
        Holding(
            ref=DUTY,
            person=PersonId("wu"),
            valid_from=after(0),
            valid_until=after(60),
        ),
    )


def test_what_was_not_there_or_is_no_more_is_told_as_nothing() -> None:
    ref = PostRef(UnitId("丙/1"), Post.GRID_LEAD)
    came = Line.of_unit(None, COUNTY)
    went = Line.of_person(LI, None)
    empty = Line.of_post(ref, [], [])

    assert (came.before, history.unit_of(came.after)) == (None, COUNTY)
    assert (went.before, went.after, history.unit_of(went.after)) == ("li", None, None)
    assert (empty.before, empty.after) == (None, None)
    assert history.holdings_of(empty.subject, empty.after) == ()
    assert history.post_of(empty.subject) == ref


@pytest.mark.parametrize("line", [Line.of_unit, Line.of_person])
def test_a_line_about_nothing_is_none(line: Any) -> None:
    with pytest.raises(ValueError, match="before, after, or both"):
        line(None, None)


async def test_the_journal_of_the_house_vouches_for_the_lines(
    database: Database,
) -> None:
    def work(connection: Connection) -> tuple[Any, ...]:
        history.record(connection, edit(LINES[0]))
        history.record(connection, edit(*LINES, source="名册.xlsx"))
        entries = journal.entries_of(connection, HOUSE)
        kept = history.digest(history.lines_between(connection, 1, 2))
        connection.execute(text("UPDATE roster_line SET subject = 'x' WHERE id = 4"))
        altered = history.digest(history.lines_between(connection, 1, 2))
        return *entries, kept, altered

    _, second, kept, altered = await database.write(work)

    assert second == RosterChanged(
        at=after(0),
        by="key:desk",
        how=RosterChange.EDIT,
        version=2,
        figures={"lines": 3},
        digest=kept,
    )
    assert kept != altered


async def test_a_change_is_found_by_its_edition(database: Database) -> None:
    changed = edit(*LINES, how=RosterChange.IMPORT, source="名册.xlsx")
    await database.write(lambda c: history.record(c, changed))

    assert await database.read(lambda c: history.change(c, 1)) == Change(
        edition=1,
        version=1,
        at=after(0),
        by="key:desk",
        how=RosterChange.IMPORT,
        figures={"lines": 3},
        source="名册.xlsx",
    )
    assert await database.read(lambda c: history.change(c, 2)) is None


async def test_the_newest_line_comes_first_page_by_page(database: Database) -> None:
    def work(connection: Connection) -> None:
        history.record(connection, edit(*LINES))
        history.record(connection, edit(LINES[1], at=after(60), by="user:wang"))

    async def looked(**wanted: Any) -> list[tuple[int, Kind, int]]:
        found: list[Told] = await database.read(
            lambda c: history.page(c, Wanted(**{"limit": 9, **wanted}))
        )
        return [(one.id, one.line.kind, one.change.edition) for one in found]

    await database.write(work)
    unit, li, post, again = (1, Kind.UNIT, 1), (2, Kind.PERSON, 1), (3, Kind.POST, 1), 4

    assert await looked(limit=2) == [(again, Kind.PERSON, 2), post]
    assert await looked(limit=2, before=3) == [li, unit]
    assert await looked(kind=Kind.POST) == [post]
    assert await looked(kind=Kind.PERSON, limit=1) == [(again, Kind.PERSON, 2)]
    assert await looked(subject="li", before=4) == [li]
    assert await looked(subject="nobody") == []

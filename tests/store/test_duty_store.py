"""Rotations, overrides and leaves on disk, and what a new roster leaves of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from contacts.days import DayKind
from contacts.duty import Duties, Leave, Override, Rotation, Span, TimeBound
from contacts.model import HumanId, PersonId, Post, PostRef, UnitId
from contacts.roster import Roster
from dispatcher.core.journal import HOUSE, DutyChange, DutyChanged, DutyForm, Entry
from dispatcher.store import duty, duty_edits, journal, people, rotas
from dispatcher.store.database import Database
from dispatcher.store.duty import Lapsed
from dispatcher.store.roster_edits import Editing
from tests.store.stock import COUNTY, person, roster, settle

NOW = datetime(2026, 7, 12, 4, 1, tzinfo=UTC)
DAY = timedelta(days=1)
LI, WANG, GONE = HumanId("li"), HumanId("wang"), HumanId("gone")
PEOPLE = (person("li"), person("wang"))
POST = PostRef(COUNTY.id, Post.COUNTY_DUTY)


def day(number: int) -> Span:
    return Span(begins=NOW + number * DAY, ends=NOW + (number + 1) * DAY)


def override(number: int, human: HumanId = LI, ref: PostRef = POST) -> Override:
    return Override(ref=ref, humans=(human,), span=day(number))


ROTATION = Rotation(
    ref=POST,
    members=(LI, WANG, LI),
    starts_on=NOW.date(),
    ends_on=NOW.date() + DAY,
    hours=12,
    kind=DayKind.DAY_OFF,
    zone="Europe/Berlin",
)
LEAVE = Leave(ref=POST, human=LI, substitute=WANG, span=day(0))


async def test_all_comes_back_as_it_was_written_with_numbers_that_count_up(
    database: Database,
) -> None:
    bare = Rotation(ref=POST, members=(LI,), starts_on=NOW.date())
    without = replace(LEAVE, substitute=None, span=Span(begins=NOW))
    made = (ROTATION, bare, override(0), LEAVE, without)

    def written(connection: Connection) -> tuple[Duties, Duties, Duties]:
        settle(connection, *PEOPLE)
        given = duty.add(connection, made)
        return given, rotas.duties(connection), people.load_roster(connection).duties

    given, stored, known = await database.write(written)

    assert given == stored == known
    assert [replace(one, number=0) for one in given.every] == list(made)
    assert [one.number for one in given.every] == [1, 2, 3, 4, 5]


async def test_every_change_lets_the_roster_be_read_again(database: Database) -> None:
    def changed(connection: Connection) -> list[int]:
        versions = [people.roster_version(connection)]
        duty.add(connection, [LEAVE])
        versions.append(people.roster_version(connection))
        duty.add(connection, [])
        versions.append(people.roster_version(connection))
        duty.remove(connection, [1])
        versions.append(people.roster_version(connection))
        duty.remove(connection, [1])
        return [*versions, people.roster_version(connection)]

    assert await database.write(changed) == [0, 1, 1, 2, 2]


async def test_what_is_taken_back_is_gone_and_its_number_is_not_used_again(
    database: Database,
) -> None:
    def taken_back(connection: Connection) -> tuple[frozenset[int], list[int]]:
        duty.add(connection, [ROTATION, override(0), LEAVE])
        removed = duty.remove(connection, [1, 2, 3, 9])
        duty.add(connection, [override(1)])
        return removed, [one.number for one in rotas.duties(connection).every]

    assert await database.write(taken_back) == (frozenset({1, 2, 3}), [4])


async def test_a_plan_handed_in_again_takes_the_place_of_the_old_one_of_its_posts(
    database: Database,
) -> None:
    other = PostRef(UnitId("elsewhere"), Post.COUNTY_DUTY)
    endless = Override(ref=POST, humans=(LI,), span=Span(ends=NOW))

    def planned(connection: Connection) -> Duties:
        duty.plan(
            connection, [*map(override, range(4)), override(1, ref=other), endless]
        )
        duty.plan(connection, [override(1, WANG), override(2, WANG)])
        return rotas.duties(connection)

    found = await database.write(planned)

    assert [(one.ref, one.humans, one.span) for one in found.overrides] == [
        (POST, (LI,), day(0)),
        (POST, (LI,), day(3)),
        (other, (LI,), day(1)),
        (POST, (LI,), endless.span),
        (POST, (WANG,), day(1)),
        (POST, (WANG,), day(2)),
    ]


async def test_terms_of_holdings_are_kept(database: Database) -> None:
    old = roster(*PEOPLE)
    terms = [
        replace(one, valid_from=NOW, valid_until=NOW + DAY) for one in old.holdings
    ]
    saved = Roster.build(old.units.values(), old.people.values(), terms)
    await database.write(lambda c: people.save_roster(c, saved))

    found = await database.read(people.load_roster)

    assert found == saved
    assert found.holders(POST, NOW) != ()
    assert found.holders(POST, NOW + DAY) == ()


async def test_a_new_roster_keeps_them_and_what_fell_away_is_told(
    database: Database,
) -> None:
    nowhere = PostRef(UnitId("nowhere"), Post.COUNTY_DUTY)
    made: list[TimeBound] = [
        replace(ROTATION, members=(LI, GONE)),  # 1
        replace(LEAVE, human=GONE, substitute=None),  # 2
        override(0, LI),  # 3
        override(0, LI, nowhere),  # 4
        override(-2, GONE),  # 5, over
        replace(LEAVE, span=Span(begins=NOW)),  # 6
        replace(
            ROTATION,
            members=(GONE,),
            starts_on=NOW.date() - 9 * DAY,
            ends_on=NOW.date() - 9 * DAY,
        ),  # 7, over
    ]

    def replaced(connection: Connection) -> tuple[list[int], tuple[Lapsed, ...]]:
        duty.add(connection, made)
        settle(connection, *PEOPLE)
        now = people.load_roster(connection)
        kept = [one.number for one in now.duties.every]
        return kept, duty.lapsed(connection, now, NOW)

    kept, told = await database.write(replaced)

    assert kept == [1, 3, 6]
    assert told == (
        Lapsed(number=1, ref=POST, unit_gone=False, gone=(GONE,)),
        Lapsed(number=4, ref=nowhere, unit_gone=True, gone=()),
        Lapsed(number=2, ref=POST, unit_gone=False, gone=(GONE,)),
    )


async def test_a_new_version_of_somebody_takes_his_turns(database: Database) -> None:
    def corrected(connection: Connection) -> list[str]:
        settle(connection, *PEOPLE)
        duty.add(connection, [override(0, LI)])
        newer = replace(person("li2"), first=PersonId("li"))
        settle(connection, newer, person("wang"))
        return [one.id for one in people.load_roster(connection).holders(POST, NOW)]

    assert await database.write(corrected) == ["li2"]


async def test_the_house_notes_what_a_plan_takes_away_and_what_it_brings(
    database: Database,
) -> None:
    by_office = Editing(by="user:office", at=NOW)

    def planned(connection: Connection) -> list[Entry]:
        duty_edits.add(connection, [ROTATION], by_office)
        duty_edits.plan(connection, [override(0)], by_office)
        duty_edits.plan(connection, [override(0, WANG)], by_office)
        return journal.entries_of(connection, HOUSE)

    entries = [
        one for one in await database.write(planned) if isinstance(one, DutyChanged)
    ]

    assert [(one.how, one.form, one.number, one.people) for one in entries] == [
        (DutyChange.ADDED, DutyForm.ROTATION, 1, (LI, WANG, LI)),
        (DutyChange.ADDED, DutyForm.OVERRIDE, 2, (LI,)),
        (DutyChange.REMOVED, DutyForm.OVERRIDE, 2, (LI,)),
        (DutyChange.ADDED, DutyForm.OVERRIDE, 3, (WANG,)),
    ]
    assert (entries[0].begins, entries[0].ends) == (ROTATION.begins, ROTATION.ends)
    assert (entries[1].begins, entries[1].ends) == (day(0).begins, day(0).ends)

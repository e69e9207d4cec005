"""The land of units on disk: it outlives the roster, and has a number of its own."""

from __future__ import annotations

from shapely.geometry import MultiPolygon, box
from sqlalchemy import Connection

from contacts.model import UnitId
from dispatcher.store import people, places
from dispatcher.store.database import Database
from tests.store.stock import person, roster

TOWN, GRID = UnitId("990421100"), UnitId("990421100200001")
WHOLE = box(110.0, 30.0, 110.1, 30.1)
PARTS = MultiPolygon([box(110.0, 30.0, 110.1, 30.1), box(110.2, 30.0, 110.3, 30.1)])


async def test_outlines_come_back_as_they_were_saved(database: Database) -> None:
    saved = {TOWN: PARTS, GRID: WHOLE}
    await database.write(lambda c: places.save_outlines(c, saved))

    assert await database.read(places.outlines) == saved
    assert await database.read(places.outlined) == saved.keys()


async def test_those_of_other_units_stay(database: Database) -> None:
    await database.write(lambda c: places.save_outlines(c, {TOWN: WHOLE, GRID: WHOLE}))
    await database.write(lambda c: places.save_outlines(c, {TOWN: PARTS}))

    assert await database.read(places.outlines) == {TOWN: PARTS, GRID: WHOLE}


async def test_a_new_roster_leaves_them_alone(database: Database) -> None:
    await database.write(lambda c: places.save_outlines(c, {GRID: WHOLE}))
    await database.write(lambda c: people.save_roster(c, roster(person("li"))))

    assert await database.read(places.outlines) == {GRID: WHOLE}


async def test_their_number_rises_with_them_and_not_with_the_roster(
    database: Database,
) -> None:
    def changed(connection: Connection) -> list[tuple[int, int]]:
        seen = [versions(connection)]
        people.save_roster(connection, roster(person("li")))
        seen.append(versions(connection))
        places.save_outlines(connection, {GRID: WHOLE})
        return [*seen, versions(connection)]

    assert await database.write(changed) == [(0, 0), (1, 0), (2, 1)]


def versions(connection: Connection) -> tuple[int, int]:
    return people.roster_version(connection), places.outlines_version(connection)

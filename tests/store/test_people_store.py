"""The roster on disk: replaced whole, while versions of people stay for ever."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from contacts.model import Person, PersonId
from contacts.roster import Roster
from dispatcher.store import people
from dispatcher.store.database import Database
from tests.store.stock import person, roster, settle

LI, WANG = person("li", "+9991", "+9992"), person("wang")


async def test_a_roster_comes_back_as_it_was_saved(database: Database) -> None:
    saved = roster(WANG, LI)
    await database.write(lambda c: people.save_roster(c, saved))

    assert saved == await database.read(people.load_roster)


async def test_its_number_rises_with_every_change(database: Database) -> None:
    def changed(connection: Connection) -> list[int]:
        versions = [people.roster_version(connection)]
        settle(connection, LI)
        versions.append(people.roster_version(connection))
        settle(connection, LI)
        versions.append(people.roster_version(connection))
        people.flag_wrong(connection, ["li0"])
        return [*versions, people.roster_version(connection)]

    assert await database.write(changed) == [0, 1, 2, 3]


async def test_a_version_outlives_the_post_it_held(database: Database) -> None:
    newer = replace(LI, id=PersonId("li2"), name="李新")

    def replaced(connection: Connection) -> tuple[Roster, dict[str, Person]]:
        settle(connection, LI)
        settle(connection, newer)  # the same addresses, by the same ids
        return (
            people.load_roster(connection),
            people.find_people(connection, ["li", "li2", "nobody"]),
        )

    now, known = await database.write(replaced)

    assert {"li2": newer} == now.people
    assert {"li": LI, "li2": newer} == known


async def test_a_version_once_kept_is_never_changed(database: Database) -> None:
    def again(connection: Connection) -> dict[str, Person]:
        settle(connection, LI)
        settle(connection, replace(LI, name="another name"))
        return people.find_people(connection, ["li"])

    assert await database.write(again) == {"li": LI}


async def test_a_wrong_number_is_wrong_in_every_version(database: Database) -> None:
    def flagged(connection: Connection) -> list[list[bool]]:
        settle(connection, LI)
        settle(connection, replace(LI, id=PersonId("li2")))
        people.flag_wrong(connection, ["li1"])
        found = people.find_people(connection, ["li", "li2"])
        return [[a.wrong for a in found[name].addresses] for name in ("li", "li2")]

    assert await database.write(flagged) == [[False, True], [False, True]]


async def test_everybody_behind_a_shared_number_is_found(database: Database) -> None:
    shared = person("zhao", "+9991")

    def found(connection: Connection) -> list[tuple[str, str]]:
        settle(connection, LI, WANG, shared)
        return people.holders_of(connection, ["+9991"])["+9991"]

    assert await database.write(found) == [("li0", "li"), ("zhao0", "zhao")]
    assert await database.read(lambda c: people.holders_of(c, ["+1"])) == {"+1": []}

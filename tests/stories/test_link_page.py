"""The link on a card: whoever opens it sees the warning, only the person answers."""

from __future__ import annotations

import httpx
from sqlalchemy import Connection, select

from dispatcher.store import schema
from dispatcher.store.questions import Kind
from dispatcher.store.vault import fingerprint
from tests.stories.conftest import Build
from tests.stories.town import Town


async def link_of(town: Town, who: str, kind: Kind = Kind.OWN) -> str:
    """The address that a card to somebody carries."""
    question, address = schema.question, schema.address

    def found(connection: Connection) -> str:
        line = fingerprint(connection, town.numbers[who])
        wanted = (
            select(question.c.id)
            .join(address, address.c.person == question.c.person)
            .where(address.c.fingerprint == line, question.c.kind == kind)
        )
        return str(connection.execute(wanted).scalar_one())

    name = await town.runtime.database.read(found)
    return (await town.runtime.keeper.context()).link(name)


async def press(town: Town, address: str, button: str, **fields: str) -> str:
    """Open a link as a browser does, press a button; gives the page that follows."""
    async with httpx.AsyncClient(follow_redirects=True) as browser:
        shown = await browser.get(address)
        assert (shown.status_code, button in shown.text) == (200, True)
        answer = await browser.post(address, data={"answer": button, **fields})
    await town.settle()
    assert str(answer.url) == address
    return answer.text


async def test_a_press_on_the_page_ends_the_calling(build: Build) -> None:
    async with build(1) as town:
        alert = str((await town.warn())["id"])
        await town.until(60)
        page = await press(town, await link_of(town, "lead-1"), "mine", people="12")
        await town.until(3000)
        grid = await town.grid(alert, 1)

        assert "✓ 已记录 7月12日 04:02:已转移12人" in page
        assert (grid["state"], grid["answered"]["evidence"]) == ("reported", "link")
        assert town.texts("lead-1", "backup-1") == [(0, "lead-1", "own")]


async def test_a_forwarded_link_answers_for_nobody(build: Build) -> None:
    async with build(1) as town:
        alert = str((await town.warn())["id"])
        page = await press(town, await link_of(town, "lead-1"), "relay")
        await town.until(181)

        assert "转告不算应答" in page
        assert (await town.grid(alert, 1))["state"] == "calling"
        assert (180, "backup-1", "own") in town.texts("backup-1")


async def test_who_is_not_the_person_lets_the_next_be_called_at_once(
    build: Build,
) -> None:
    async with build(1) as town:
        await town.warn()
        await town.until(30)
        await press(town, await link_of(town, "lead-1"), "not_me")
        await town.until(31)

        assert town.texts("backup-1") == [(30, "backup-1", "own")]


async def test_a_superior_takes_over_by_link(build: Build) -> None:
    async with build(2) as town:
        alert = str((await town.warn())["id"])
        await town.replies("head", "1")
        await town.until(320)
        address = await link_of(town, "head", Kind.DIGEST)
        page = await press(town, address, "mine")

        assert "您负责2处" in page
        assert [(await town.grid(alert, n))["state"] for n in (1, 2)] == ["taken"] * 2

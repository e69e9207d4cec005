"""Feeds of CAP alerts, fetched from a real server, over the production composition."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from config.inlets import Feed
from config.settings import Intake
from dispatcher.core.alert import Alert, AlertState
from dispatcher.engine.clock import ManualClock
from dispatcher.engine.feeds import Feeds, Sources
from dispatcher.engine.runtime import Runtime, running
from dispatcher.store import alerts, feeds, people
from dispatcher.store.feeds import FeedState
from tests.api.hamlet import NOON, SETTINGS, VILLAGE, roster
from tests.engine.publisher import Publisher, publishing
from tests.intake.documents import CAP, swap, without
from tests.intake.signing import centre

NAME, TOKEN = "centre", "t0ken"


def cap(name: str = "W-1", **changes: str) -> str:
    """Give an alert for the village, sent at noon."""
    text = without("polygon", "circle")(
        swap(
            ("<valueName>NBS-2023</valueName>", "<valueName>DEMO</valueName>"),
            (">990421100<", f">{VILLAGE}<"),
            (">柳林镇<", "><"),
            (">W-1<", f">{name}<"),
            ("2026-07-12T09:12:00+08:00", "2026-07-12T12:00:00+08:00"),
            ("2026-07-12T12:12:00+08:00", "2026-07-12T15:00:00+08:00"),
        )(CAP)
    )
    for old, new in changes.items():
        text = text.replace(old, new)
    return text


def follows(kind: str, name: str, sent: str = "2026-07-12T12:01:00+08:00") -> str:
    """Give what updates or lifts the alert."""
    triple = "rain@chengxi,W-1,2026-07-12T12:00:00+08:00"
    return swap(
        (">Alert<", f">{kind}<"),
        ("<scope>", f"<references>{triple}</references><scope>"),
        ("<sent>2026-07-12T12:00:00+08:00<", f"<sent>{sent}<"),
    )(cap(name))


@dataclass
class Watch:
    """The dispatcher, and the centre it watches."""

    runtime: Runtime
    clock: ManualClock
    centre: Publisher

    async def poll(self, seconds: float = 60) -> int:
        """Let time pass, and the feed be fetched if it is due."""
        self.clock.move_to(self.clock.now() + timedelta(seconds=seconds))
        return await self.runtime.engine.feeds.turn(NAME)

    async def alerts(self) -> dict[str, Alert]:
        """Give every alert by its identifier."""
        found = await self.runtime.database.read(
            lambda c: alerts.page(c, None, None, 100)
        )
        return {alert.content.identifier: alert for alert in found}

    async def states(self) -> dict[str, AlertState]:
        """Tell where every alert stands."""
        return {name: alert.state for name, alert in (await self.alerts()).items()}

    async def state(self) -> FeedState:
        """Tell how fetching goes."""
        return (await self.runtime.database.read(feeds.states))[NAME]

    async def refused(self) -> list[str]:
        """Tell why entries were refused."""
        found = await self.runtime.database.read(lambda c: feeds.refused(c, 100))
        return [one.problem for one in found]


@contextlib.asynccontextmanager
async def watching(
    certificates: dict[str, list[Path]] | None = None, **own: Any
) -> AsyncIterator[Watch]:
    async with publishing() as centre:
        feed = Feed.model_validate(
            {"url": centre.url, "senders": ["rain@chengxi"], **own}
        )
        intake = Intake(code_system="DEMO", certificates=certificates or {})
        settings = SETTINGS.model_copy(update={"feeds": {NAME: feed}, "intake": intake})
        clock = ManualClock(NOON)
        async with running(settings, clock) as runtime:
            await runtime.database.write(lambda c: people.save_roster(c, roster()))
            yield Watch(runtime, clock, centre)


async def test_an_alert_that_is_published_calls() -> None:
    async with watching() as watch:
        watch.centre.alerts["W-1"] = cap()
        new = await watch.poll(0)
        await watch.runtime.engine.turn()
        [alert] = (await watch.alerts()).values()

    assert new == 1
    assert (alert.state, alert.received_by) == (AlertState.ACTIVE, "feed:centre")
    assert alert.launched_at
    assert alert.people == 8


async def test_it_is_fetched_once_and_the_list_is_asked_for_by_its_mark() -> None:
    async with watching() as watch:
        watch.centre.alerts["W-1"] = cap()
        news = [await watch.poll(seconds) for seconds in (0, 59, 1, 60)]
        watch.centre.alerts["W-2"] = cap("W-2")
        news.append(await watch.poll())

    assert news == [1, 0, 0, 0, 1]
    assert watch.centre.asked == [
        ("/atom.xml", 200),
        ("/cap/W-1", 200),
        ("/atom.xml", 304),
        ("/atom.xml", 304),
        ("/atom.xml", 200),
        ("/cap/W-2", 200),
    ]


async def test_after_a_restart_it_goes_on_where_it_was() -> None:
    async with watching() as watch:
        watch.centre.alerts["W-1"] = cap()
        await watch.poll(0)
        other = Feeds(
            watch.runtime.database,
            watch.runtime.keeper,
            watch.clock,
            Sources(feeds=watch.runtime.settings.feeds),
        )
        again = await other.turn(NAME)
        await other.aclose()

    assert again == 0
    assert watch.centre.asked[-1] == ("/atom.xml", 304)


async def test_what_is_lifted_already_calls_nobody() -> None:
    async with watching() as watch:
        watch.centre.alerts = {"W-1": cap(), "C-1": follows("Cancel", "C-1")}
        await watch.poll(0)
        await watch.runtime.engine.turn()
        states, found = await watch.states(), await watch.alerts()

    assert states == {"W-1": AlertState.CANCELLED, "C-1": AlertState.CLOSED}
    assert found["W-1"].launched_at is None


async def test_of_an_alert_and_its_update_only_the_update_calls() -> None:
    async with watching() as watch:
        watch.centre.alerts = {"W-1": cap(), "U-1": follows("Update", "U-1")}
        await watch.poll(0)
        states = await watch.states()

    assert states == {"W-1": AlertState.SUPERSEDED, "U-1": AlertState.ACTIVE}


async def test_an_old_list_calls_nobody_with_or_without_an_end() -> None:
    old = {"2026-07-12T1": "2026-06-12T1"}
    endless = without("expires")(cap("W-2", **old))
    fresh = without("expires")(cap("W-3"))
    async with watching() as watch:
        watch.centre.alerts = {"W-1": cap(**old), "W-2": endless, "W-3": fresh}
        await watch.poll(0)
        states = await watch.states()

    assert states == {
        "W-1": AlertState.EXPIRED,
        "W-2": AlertState.EXPIRED,
        "W-3": AlertState.ACTIVE,
    }


async def test_an_alert_that_can_not_be_had_yet_is_asked_for_again() -> None:
    async with watching() as watch:
        watch.centre.alerts = {"W-1": cap(), "W-2": cap("W-2")}
        watch.centre.missing = {"W-2"}
        first = await watch.poll(0)
        watch.centre.missing = set()
        second = await watch.poll()

    assert (first, second) == (1, 1)
    assert watch.centre.count("/cap/W-1", 200) == 1


async def test_a_long_list_is_taken_in_piece_by_piece() -> None:
    async with watching() as watch:
        watch.centre.alerts = {
            f"W-{n}": cap(f"W-{n}", **{"2026-07-12T1": "2026-06-12T1"})
            for n in range(130)
        }
        news = [await watch.poll(0), await watch.poll(), await watch.poll()]

    assert news == [100, 30, 0]


async def test_what_can_never_be_had_keeps_nothing_else_waiting() -> None:
    lost = {f"L-{n}" for n in range(120)}
    async with watching() as watch:
        watch.centre.alerts = {"W-1": cap(), **dict.fromkeys(lost, "")}
        watch.centre.missing = lost
        news = [await watch.poll(0), await watch.poll(), await watch.poll()]

    assert news == [0, 1, 0]


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (cap(rain="flood"), "sender: may not send for flood@chengxi"),
        ("<html/>", "is neither CAP 1.2 nor a 12379 message"),
        ("nothing", "is not well-formed XML"),
        (cap(**{"T15:00": "T11:00"}), "alert.info.0.expires: must be later than"),
        ("<!DOCTYPE a><a/>", "DOCTYPE and entities are not read"),
        (cap() + " " * (1 << 20), "at most 1 MiB"),
    ],
)
async def test_what_is_refused_is_told_and_not_fetched_again(
    document: str, problem: str
) -> None:
    async with watching() as watch:
        watch.centre.alerts["W-1"] = document
        news = [await watch.poll(0), await watch.poll()]
        told, found = await watch.refused(), await watch.alerts()

    assert (news, found) == ([0, 0], {})
    assert [one.startswith(problem) for one in told] == [True]
    assert watch.centre.count("/cap/W-1", 200) == 1


async def test_who_signs_has_to_sign_in_a_feed_too(tmp_path: Path) -> None:
    file = tmp_path / "ours.pem"
    file.write_bytes(centre().pem)
    async with watching({"rain@*": [file]}) as watch:
        signed = centre().sign(cap("W-2").partition("?>\n")[2])
        watch.centre.alerts = {"W-1": cap(), "W-2": signed}
        await watch.poll(0)
        told, found = await watch.refused(), await watch.alerts()

    assert list(found) == ["W-2"]
    assert len(told) == 1
    assert told[0].startswith("alert.Signature: alerts of rain@chengxi must be signed")


async def test_other_words_under_the_same_identifier_are_refused() -> None:
    async with watching() as watch:
        watch.centre.alerts = {
            "W-1": cap(),
            "W-2": cap(**{"3小时超100毫米": "已下100毫米"}),
        }
        await watch.poll(0)
        told, found = await watch.refused(), await watch.alerts()

    assert len(found) == 1
    assert "came with other content" in told[0]


async def test_a_centre_that_fails_is_asked_less_and_less_often() -> None:
    async with watching() as watch:
        watch.centre.down = 503
        for _ in range(60):
            await watch.poll(60)
        failing = await watch.state()
        tries = len(watch.centre.asked)
        watch.centre.down = 0
        watch.centre.alerts["W-1"] = cap(**{"T15:00": "T23:00"})
        await watch.poll(900)
        well = await watch.state()

    assert (failing.problem, failing.ok_at) == ("HTTP 503", None)
    assert failing.failures == tries == 7  # in minute 1, 3, 7, 15, 30, 45, 60
    assert (well.failures, well.problem, well.ok_at) == (0, "", watch.clock.now())


async def test_a_centre_may_say_how_long_to_wait() -> None:
    async with watching() as watch:
        watch.centre.down, watch.centre.wait = 429, "1800"
        for _ in range(30):
            await watch.poll(60)
        tries = len(watch.centre.asked)
        await watch.poll(60)

    assert (tries, len(watch.centre.asked)) == (1, 2)


async def test_a_centre_that_nobody_answers_for_is_told() -> None:
    async with watching(url="http://127.0.0.1:9/atom.xml") as watch:
        await watch.poll(0)
        state = await watch.state()

    assert (state.failures, state.problem) == (1, "ConnectError")


async def test_a_list_that_is_none_is_a_failure() -> None:
    async with watching() as watch:
        watch.centre.alerts["W-1"] = cap()
        address = watch.centre.url.replace("atom.xml", "cap/W-1")
        feed = watch.runtime.settings.feeds[NAME].model_copy(update={"url": address})
        watch.runtime.settings.feeds[NAME] = feed
        await watch.poll(0)
        state = await watch.state()

    assert state.problem == "is no Atom or RSS feed"


async def test_an_empty_answer_is_a_failure() -> None:
    async with watching() as watch:
        watch.centre.alerts["empty"] = ""
        address = watch.centre.url.replace("atom.xml", "cap/empty")
        feed = watch.runtime.settings.feeds[NAME].model_copy(update={"url": address})
        watch.runtime.settings.feeds[NAME] = feed
        await watch.poll(0)
        state = await watch.state()

    assert state.problem == "is not well-formed XML"


async def test_a_list_may_have_moved() -> None:
    async with watching() as watch:
        watch.centre.moved = True
        watch.centre.alerts["W-1"] = cap()
        new = await watch.poll(0)

    assert new == 1


@pytest.mark.parametrize("link", ["http://localhost:9/a.xml", "file:///etc/hosts"])
async def test_a_list_has_nothing_fetched_elsewhere(link: str) -> None:
    async with watching() as watch:
        watch.centre.alerts["W-1"] = cap()
        watch.centre.links["W-1"] = link
        new = await watch.poll(0)
        state = await watch.state()

    assert new == 0
    assert state.etag == ""


async def test_alerts_may_be_on_a_host_that_is_listed_without_the_token() -> None:
    async with watching(hosts=["localhost"], token=TOKEN) as watch:
        watch.centre.alerts = {"W-1": cap(), "W-2": cap("W-2")}
        watch.centre.links["W-2"] = f"http://localhost:{watch.centre.port}/cap/W-2"
        new = await watch.poll(0)

    assert new == 2
    assert sorted(watch.centre.tokens) == ["", f"Bearer {TOKEN}", f"Bearer {TOKEN}"]

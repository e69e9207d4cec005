"""A night in real processes; then all that was said and kept is searched for people."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from config.sources import PREFIX
from dispatcher.engine.clock import SystemClock
from dispatcher.store.keys import ApiKey, add
from tests.chaos.house import House, Plan, housed, pause
from tests.chaos.survive import phones

KEY = "key-of-the-inspector"
SCOPES = ("alerts:read", "alerts:write", "records:read", "people:read")
COUNTRY = "+999"
NIGHT_SECONDS = 90.0
FORMS = ("json", "csv", "html")


async def inspected(house: House) -> None:
    """Cut a key that may read everything that is masked."""
    key = ApiKey(name="inspector", scopes=SCOPES, senders=("*",))
    now = SystemClock().now()
    await house.database.write(lambda c: add(c, key, KEY, now))


async def answers(house: House, alert: str, number: str) -> dict[str, str]:
    """Everything that the API says, to questions with numbers in them too."""
    listed = (await get(house, f"alerts/{alert}/callouts?limit=1000")).json()["items"]
    callouts = [one["id"] for one in listed][:20]
    people = (await get(house, "people?limit=1000")).json()["items"]
    paths = [
        *("alerts", f"alerts/{alert}", f"alerts/{alert}/summary?by=township"),
        *(f"alerts/{alert}/record?format={form}" for form in FORMS),
        *(f"callouts/{name}" for name in callouts),
        *("people?limit=1000", f"people/{people[0]['id']}", "feeds"),
        *(f"people/{number}", f"alerts/{number}", f"callouts?state={number}"),
        f"people/{people[0]['id']}?reveal=true",
    ]
    said = {path: (await get(house, path)).text for path in paths}
    wrong = {"sender": number, "level": number, number: number, "sent": number}
    for path in ("alerts", "alerts/plan", "monitors/grafana"):
        told = await house.api.post(f"/api/v1/{path}", json=wrong, headers=BEARER)
        said[f"POST {path}"] = told.text
    said["hook"] = (
        await house.api.post("/hooks/sms/sms/reply", data={"From": number})
    ).text
    for path in ("healthz", "readyz", "metrics", f"a/{number}"):
        said[path] = (await house.api.get(f"/{path}")).text
    return said


BEARER = {"Authorization": f"Bearer {KEY}"}


async def get(house: House, path: str) -> Any:
    return await house.api.get(f"/api/v1/{path}", headers=BEARER)


def found(told: Mapping[str, str | bytes], private: frozenset[str]) -> dict[str, str]:
    """Where something private is told, with the first of it."""
    spelled = {one: one.encode() for one in private}
    seen = {
        place: next((one for one, raw in spelled.items() if raw in as_bytes(text)), "")
        for place, text in told.items()
    }
    return {place: one for place, one in seen.items() if one}


def as_bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


def command(folder: Path, *arguments: str) -> str:
    """What a command says, on both channels."""
    done = subprocess.run(
        [sys.executable, "-m", "dispatcher.cli", *arguments],
        cwd=folder,
        env={k: v for k, v in os.environ.items() if not k.startswith(PREFIX)}
        | {"JIAOYING_CONFIG": str(folder / "jiaoying.toml")},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def on_disk(folder: Path) -> dict[str, bytes]:
    """Everything in the house's folder but its keys."""
    files = (file for file in folder.rglob("*") if file.is_file())
    return {file.name: file.read_bytes() for file in files if "keys" not in file.parts}


@pytest.mark.chaos
@pytest.mark.timeout(240)
async def test_no_number_and_no_name_is_anywhere_after_a_whole_night(
    tmp_path: Path,
) -> None:
    async with housed(Plan(folder=tmp_path, grids=40, lines=10, speed=30.0)) as house:
        people = house.roster.people.values()
        every = {a.value for person in people for a in person.addresses}
        names = frozenset(person.name for person in people)
        numbers = frozenset(number.removeprefix(COUNTRY) for number in every)
        await inspected(house)
        await house.exchange.phones(phones(house.roster))
        await house.server.start()
        alert = await house.warn()
        await until_quiet(house, alert)
        said = await answers(house, alert, min(every))
        rotated = await asyncio.to_thread(command, tmp_path, "key", "rotate", "data")
        said["key rotate"] = rotated
        later = await answers(house, alert, min(every))
        said |= {f"later {path}": text for path, text in later.items()}
        summary = (await get(house, f"alerts/{alert}/summary")).json()
        running = await asyncio.to_thread(on_disk, tmp_path)
        await house.server.stop()
    ended = await asyncio.to_thread(on_disk, tmp_path)

    assert summary["answered"] > 0
    assert "已更换" in rotated
    assert found(said, numbers) == {}
    assert {"house.db", "house.db-wal", "server.log"} <= running.keys()
    assert found(running, numbers | names) == {}
    assert found(ended, numbers | names) == {}
    served = b'"http.request.served"'
    assert served in ended["server.log"]
    assert b"reveal" not in ended["server.log"]
    # The search finds what is there: names are in the record.
    assert len(found(said, names)) > len(FORMS)


async def until_quiet(house: House, alert: str) -> None:
    """Let the night go on until some have answered and some have not for long."""
    async with asyncio.timeout(NIGHT_SECONDS):
        while True:
            summary = (await get(house, f"alerts/{alert}/summary")).json()
            if summary["callouts"] and summary["answered"] * 2 > summary["callouts"]:
                return
            await pause(0.5)

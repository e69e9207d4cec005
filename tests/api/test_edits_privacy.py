"""After edits no number and no name stands in the file, in a log, or in clear."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import structlog
from sqlalchemy import Connection, text

from config.settings import Security, Settings, Store
from dispatcher.cli.logging import masked
from tests.api.conftest import opened
from tests.api.hamlet import GRIDS, SETTINGS, Hamlet, bearer

NUMBERS = ("13987654321", "13876543210", "02487654321")
NAMES = ("欧阳卫民", "欧阳建军")


def lasting(folder: Path) -> Settings:
    """The hamlet's settings, with a store on disk."""
    url = f"sqlite+aiosqlite:///{folder / 'store.db'}"
    security = Security(allow_test_numbers=True, keys_dir=folder / "keys")
    return SETTINGS.model_copy(update={"store": Store(url=url), "security": security})


async def edits(hamlet: Hamlet) -> list[httpx.Response]:
    """Everything that can be done to a person, and much that can't."""
    headers = bearer("editor") | {"If-Match": "*"}
    http, people = hamlet.http, "/api/v1/people"
    told = [
        await hamlet.post(people, described(NAMES[0], NUMBERS[0]), "editor"),
        await hamlet.post(people, described(NAMES[0], NUMBERS[0] + "9"), "editor"),
        await hamlet.post(people, {NUMBERS[0]: 1, "numbers": NUMBERS[1]}, "editor"),
        await hamlet.post(people, described(f"{NAMES[0]}{NUMBERS[1]}"), "editor"),
    ]
    path = f"{people}/{told[0].json()['id']}"
    bodies = [
        described(NAMES[1], NUMBERS[1], NUMBERS[2]),
        described(NAMES[1], f"{NUMBERS[1]},{NUMBERS[2]}"),
    ]
    told += [await http.put(path, json=body, headers=headers) for body in bodies]
    new = told[-2].json()["id"]
    post = f"/api/v1/posts/{GRIDS[0]}/grid_lead"
    holders = {"holders": [{"person": new}]}
    wrong = {"holders": [{"person": NUMBERS[1]}]}
    told += [
        await http.put(path, json=bodies[0], headers=headers),
        await http.put(f"{people}/{NUMBERS[1]}", json=bodies[0], headers=headers),
        await http.put(post, json=holders, headers=headers),
        await http.put(post, json=wrong, headers=headers),
        await hamlet.post(people, described(NAMES[1], NUMBERS[1]), "editor"),
        await http.delete(f"{people}/{new}", headers=headers),
    ]
    asked = (f"{people}?q={NUMBERS[1]}", f"{people}/{new}", people, post)
    more = ("/api/v1/roster/history", f"/api/v1/roster/history?subject={NUMBERS[1]}")
    return told + [await hamlet.get(one, "editor") for one in (*asked, *more)]


def described(name: str, *numbers: str) -> dict[str, Any]:
    return {"name": name, "numbers": [{"value": number} for number in numbers]}


def spelled(texts: tuple[str, ...]) -> list[str]:
    """Every way in which one may stand in a text."""
    return [way for one in texts for way in (one, one[3:], json.dumps(one)[1:-1])]


def on_disk(folder: Path) -> bytes:
    """Everything the store has on disk, its log too."""
    return b"".join(file.read_bytes() for file in folder.glob("store.db*"))


def tables(connection: Connection) -> str:
    """What the tables say that may not name anybody."""
    names = ("roster_line", "roster_change", "journal")
    queries = (text(f"SELECT * FROM {name}") for name in names)  # noqa: S608 - ours
    return "".join(str(connection.execute(query).all()) for query in queries)


async def test_no_number_is_told_or_kept_in_clear(tmp_path: Path) -> None:
    with structlog.testing.capture_logs() as logs:
        async with opened(lasting(tmp_path)) as hamlet:
            told = await edits(hamlet)
            noted = await hamlet.runtime.database.read(tables)
            kept = on_disk(tmp_path)
    log = "".join(str(masked(None, "", line)) for line in logs)

    assert [one.status_code for one in told[:6]] == [201, 422, 422, 422, 200, 422]
    assert [one.status_code for one in told[6:12]] == [409, 404, 200, 422, 409, 204]
    assert [one.status_code for one in told[12:]] == [200] * 6
    answers = "".join(one.text for one in told)
    assert NAMES[1] in answers, "the search finds what is there"
    assert "http.request.served" in log
    assert "posts_changed" in noted
    for number in spelled(NUMBERS):
        assert [number in one for one in (answers, noted, log)] == [False] * 3
        assert number.encode() not in kept
    for name in NAMES:
        assert [name in one for one in (noted, log)] == [False] * 2
        assert name.encode() not in kept

"""People live, timing frozen: a post is given to somebody else while a warning runs."""

from __future__ import annotations

from typing import Any

import httpx

from dispatcher.store import keys
from dispatcher.store.keys import ApiKey
from tests.stories.conftest import Build
from tests.stories.test_duty import timing
from tests.stories.town import VILLAGE, Town

EDITOR = {"Authorization": "Bearer editor-key"}
POST = f"/api/v1/posts/{VILLAGE}001/grid_lead"


async def admit_editor(town: Town) -> None:
    """Give an officer a key for edits; he may see no number."""
    key = ApiKey(name="editor", scopes=("people:read", "people:write"), senders=())
    await town.runtime.database.write(
        lambda c: keys.add(c, key, "editor-key", town.now)
    )


async def read(town: Town, path: str) -> tuple[dict[str, Any], str]:
    answer = await town.api.get(path, headers=EDITOR)
    assert answer.status_code == 200, answer.text
    return answer.json(), answer.headers["etag"]


async def put(town: Town, path: str, body: object, etag: str) -> httpx.Response:
    headers = EDITOR | {"If-Match": etag}
    return await town.api.put(path, json=body, headers=headers)


async def test_who_gets_a_post_while_a_warning_runs_is_called_at_the_next_try(
    ringing: Build,
) -> None:
    async with ringing(2, lines=30) as town:
        await admit_editor(town)
        alert = await town.warn()
        await town.until(45)
        number = f"+{int(town.numbers['lead-1']) + 500}"
        described = {"name": "新网格长", "numbers": [{"value": number}]}
        came = await town.api.post("/api/v1/people", json=described, headers=EDITOR)
        _, etag = await read(town, POST)
        body = {"holders": [{"person": came.json()["id"]}]}
        done = await put(town, POST, body, etag)
        late = await put(town, POST, {"holders": []}, etag)
        town.numbers["new"] = number
        await town.until(1000)
        first = await town.grid(alert["id"], 1)
        second = await town.grid(alert["id"], 2)

        assert (done.status_code, late.status_code) == (200, 412)
        assert [at for at, _, _ in await town.calls("lead-1")] == [0]
        assert [at for at, _, _ in await town.calls("new")][:2] == [90, 200]
        assert (900, "new", "own") in town.texts("new")
        assert [text for text in town.texts("lead-1") if text[0] > 45] == []
        assert await timing(town, first) == await timing(town, second) != []
        assert await town.lost() == 0


async def test_a_number_corrected_by_who_can_not_see_it_is_called_at_the_next_try(
    ringing: Build,
) -> None:
    async with ringing(1, lines=30, spare=("lead-1",)) as town:
        await admit_editor(town)
        await town.warn()
        await town.until(45)
        post, _ = await read(town, POST)
        path = f"/api/v1/people/{post['holders'][0]['person']}"
        lead, etag = await read(town, path)
        spare = lead["numbers"][1]["id"]
        fresh = f"+{int(town.numbers['lead-1']) + 500}"
        body = {"name": lead["name"], "numbers": [{"value": fresh}, {"id": spare}]}
        done = await put(town, path, body, etag)
        town.numbers["lead-1 now"] = fresh
        await town.until(250)

        assert done.status_code == 200, done.text
        assert [at for at, _, _ in await town.calls("lead-1")] == [0]
        assert next(at for at, _, _ in await town.calls("lead-1 now")) == 90
        assert await town.lost() == 0

from __future__ import annotations

import gzip
import json
from typing import Any

from shapely.geometry import box
from sqlalchemy import Connection

from contacts.model import UnitId
from dispatcher.store import people, places
from tests.api.hamlet import COUNTY, GRIDS, TOWN, VILLAGE, Hamlet, bearer
from tests.api.visitor import renamed

MAP = "/api/v1/map"


async def drawn(hamlet: Hamlet) -> None:
    """Let the outline of a grid be known."""
    land = {UnitId(GRIDS[0]): box(110, 30, 110.2, 30.1)}
    await hamlet.runtime.database.write(lambda c: places.save_outlines(c, land))


async def seen(hamlet: Hamlet, **headers: str) -> tuple[int, str, Any]:
    """The status, the tag and the map."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await hamlet.http.get(MAP, headers=bearer("reader") | named)
    body = answer.json() if answer.content else None
    return answer.status_code, answer.headers["etag"], body


async def test_a_map_has_every_unit_and_the_land_that_is_known(hamlet: Hamlet) -> None:
    await drawn(hamlet)
    _, _, found = await seen(hamlet)
    units = found["units"]
    grid = units["id"].index(GRIDS[0])

    assert set(units["id"]) == {COUNTY, TOWN, VILLAGE, *GRIDS}
    assert {len(column) for column in units.values()} == {len(units["id"])}
    assert (found["origin"], found["scale"]) == ([30.0, 110.0], 100_000)
    assert units["rings"][grid] == [[0, 20_000, 10_000, 0, 0, -20_000, -10_000, 0]]
    assert [units[name][grid] for name in ("name", "kind", "parent", "township")] == [
        "1网格",
        "grid",
        VILLAGE,
        TOWN,
    ]
    assert units["rings"][units["id"].index(TOWN)] is None
    assert units["township"][units["id"].index(COUNTY)] is None
    assert units["lat"][units["id"].index(COUNTY)] is None


async def test_a_map_is_sent_again_only_when_it_has_changed(hamlet: Hamlet) -> None:
    _, first, _ = await seen(hamlet)
    again, tag, body = await seen(hamlet, If_None_Match=f'W/"other", {first}')
    await drawn(hamlet)
    status, second, _ = await seen(hamlet, If_None_Match=first)

    assert (again, tag, body) == (304, first, None)
    assert (status, second != first) == (200, True)


async def test_a_new_number_moves_no_border(hamlet: Hamlet) -> None:
    _, first, _ = await seen(hamlet)

    def corrected(connection: Connection) -> None:
        people.save_roster(connection, renamed("p1", "王建国1"))

    await hamlet.runtime.database.write(corrected)

    assert (await seen(hamlet, If_None_Match=first))[0] == 304


async def test_a_map_is_packed_under_a_tag_of_its_own(hamlet: Hamlet) -> None:
    headers = bearer("reader") | {"Accept-Encoding": "gzip"}
    plain = await hamlet.http.get(
        MAP, headers=bearer("reader") | {"Accept-Encoding": "identity"}
    )
    async with hamlet.http.stream("GET", MAP, headers=headers) as answer:
        raw = b"".join([part async for part in answer.aiter_raw()])

    assert json.loads(gzip.decompress(raw)) == plain.json()
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["etag"] == plain.headers["etag"][:-1] + '-gzip"'
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["cache-control"] == "private, max-age=0, must-revalidate"
    assert f'"{plain.json()["version"]}"' == plain.headers["etag"]

"""A small county behind a real API, for the tests of the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
from sqlalchemy import Connection, Table, func, select

from config.settings import Settings
from contacts.model import (
    Address,
    AddressId,
    AddressKind,
    Holding,
    Person,
    PersonId,
    Post,
    PostRef,
    Unit,
    UnitId,
    UnitKind,
)
from contacts.roster import Roster
from dispatcher.engine.clock import ManualClock
from dispatcher.engine.launching import Launches
from dispatcher.engine.runtime import Runtime
from dispatcher.store import schema

NOON = datetime(2026, 7, 12, 4, 0, tzinfo=UTC)
PUBLIC = "https://jiaoying.example.org"
TOKEN = "token-of-the-account"  # noqa: S105 - signs callbacks that a test writes

COUNTY, TOWN, VILLAGE = "990421", "990421100", "990421100200"
GRIDS = tuple(f"{VILLAGE}{number:03d}" for number in range(1, 4))
LEAD_NUMBER = "+99913800000001"

SETTINGS = Settings.model_validate(
    {
        "server": {"public_base_url": PUBLIC},
        "store": {"url": "sqlite+aiosqlite://"},
        "security": {"allow_test_numbers": True},
        "intake": {"code_system": "DEMO"},
        "channels": {
            "sms": {
                "provider": "twilio_sms",
                "account_sid": "AC00000000000000000000000000000001",
                "auth_token": TOKEN,
                "from": "+9990000",
                "base_url": "http://127.0.0.1:9",
            }
        },
        "routes": {"sms": ["sms"]},
    }
)

# name -> scopes and the senders it may speak for
KEYS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "gauge": (("alerts:write",), ("rain-*@chengxi",)),
    "drill": (("alerts:drill",), ("*",)),
    "idle": ((), ()),
    "reader": (("alerts:read",), ()),
    "records": (("records:read",), ()),
    "clerk": (("people:read",), ()),
    "approver": (("alerts:approve", "alerts:read"), ()),
    "caller": (("people:reveal",), ()),
    "editor": (("people:read", "people:write"), ()),
    "other": (("people:read", "people:write"), ()),
    "admin": (("admin",), ()),
    "officer": (
        *(("alerts:write", "alerts:cancel", "alerts:read", "callouts:write"),),
        ("*",),
    ),
}


def alert(**changed: object) -> dict[str, object]:
    """Give the JSON of an alert for the village; None leaves a field out."""
    body: dict[str, object] = {
        "sender": "rain-gauge-7@chengxi",
        "identifier": "RG7-20260712-0912",
        "sent": "2026-07-12T12:00:00+08:00",
        "status": "Actual",
        "msg_type": "Alert",
        "event_code": "11B03",
        "event": "暴雨",
        "level": "red",
        "headline": "暴雨红色预警",
        "description": "未来三小时降雨量将达100毫米以上",
        "instruction": "立即转移低洼地带群众",
        "issuer": "澄溪县气象台",
        "effective": "2026-07-12T12:00:00+08:00",
        "expires": "2026-07-12T15:00:00+08:00",
        "areas": [{"units": [VILLAGE]}],
        **changed,
    }
    return {name: value for name, value in body.items() if value is not None}


def cancelling(**changed: object) -> dict[str, object]:
    """Give the JSON of a Cancel of :func:`alert`."""
    first = alert()
    body = {
        "identifier": "RG7-20260712-1000",
        "msg_type": "Cancel",
        "references": [{name: first[name] for name in TRIPLE}],
        **dict.fromkeys(("level", "effective", "expires", "areas", "headline")),
        "description": "降雨已结束",
        **changed,
    }
    return alert(**body)


TRIPLE = ("sender", "identifier", "sent")


def roster() -> Roster:
    """Give the county: one township, one village of three grids, nobody at B角."""
    units = [
        _unit(COUNTY, UnitKind.COUNTY, None, "澄溪县"),
        _unit(TOWN, UnitKind.TOWNSHIP, COUNTY, "白鹭洲镇"),
        _unit(VILLAGE, UnitKind.VILLAGE, TOWN, "石门坪村"),
        *(_unit(grid, UnitKind.GRID, VILLAGE, f"{grid[-1]}网格") for grid in GRIDS),
    ]
    posts = [
        *(PostRef(UnitId(grid), Post.GRID_LEAD) for grid in GRIDS),
        PostRef(UnitId(VILLAGE), Post.VILLAGE_HEAD),
        PostRef(UnitId(TOWN), Post.TOWNSHIP_DUTY),
        PostRef(UnitId(TOWN), Post.TOWNSHIP_LEADER),
        PostRef(UnitId(COUNTY), Post.COUNTY_DUTY),
        PostRef(UnitId(COUNTY), Post.COUNTY_LEADER),
    ]
    people = [_person(number) for number in range(1, len(posts) + 1)]
    return Roster.build(
        units,
        people,
        (Holding(ref=r, person=p.id) for r, p in zip(posts, people, strict=True)),
    )


def _unit(code: str, kind: UnitKind, parent: str | None, name: str) -> Unit:
    above = UnitId(parent) if parent else None
    return Unit(id=UnitId(code), kind=kind, name=name, parent=above, code_system="DEMO")


def _person(number: int) -> Person:
    address = Address(
        id=AddressId(f"a{number}"),
        kind=AddressKind.MOBILE,
        value=f"+9991380000000{number}",
    )
    return Person(
        id=PersonId(f"p{number}"), name=f"王建国{number}", addresses=(address,)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Hamlet:
    """The API over the small county.

    :ivar wakes: one entry for each commit that the worker was told of
    """

    runtime: Runtime
    clock: ManualClock
    http: httpx.AsyncClient
    wakes: list[None] = field(default_factory=list)

    async def post(
        self, path: str, body: object, key: str = "officer", **headers: str
    ) -> httpx.Response:
        """Post JSON; underscores in names of headers stand for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.post(path, json=body, headers=bearer(key) | named)

    async def send(
        self, body: object, key: str = "gauge", **headers: str
    ) -> httpx.Response:
        """Post an alert."""
        return await self.post("/api/v1/alerts", body, key, **headers)

    async def get(self, path: str, key: str = "officer") -> httpx.Response:
        """Get a path."""
        return await self.http.get(path, headers=bearer(key))

    async def launched(self, **changed: object) -> str:
        """Send an alert and open its callouts; give its id."""
        sent = await self.send(alert(**changed), key="officer")
        await self.launch()
        return str(sent.json()["id"])

    async def launch(self) -> None:
        """Open the callouts of what was sent."""
        context = await self.runtime.keeper.refresh()
        now = self.clock.now()
        await self.runtime.database.write(lambda c: Launches().due(c, context, now))

    async def callout(self, unit: str) -> str:
        """Give the id of the callout of a unit."""
        found = await self.get(f"/api/v1/callouts?unit={unit}")
        return str(found.json()["items"][0]["id"])

    async def count(self, table: Table) -> int:
        """Count the rows of a table."""

        def counted(connection: Connection) -> int:
            query = select(func.count()).select_from(table)
            return connection.execute(query).scalar_one()

        return await self.runtime.database.read(counted)

    async def kept(self) -> tuple[int, int, int]:
        """Count what an alert may have left: itself, keys it came under, callouts."""
        tables = (schema.alert, schema.idempotency, schema.callout)
        alerts, keys, callouts = [await self.count(table) for table in tables]
        return alerts, keys, callouts


def bearer(key: str) -> dict[str, str]:
    """Give the header that carries a key; it is spelled like its name."""
    return {"Authorization": f"Bearer key-of-{key}"}


def codes(answer: httpx.Response) -> list[str]:
    """Give the codes of a problem."""
    return [error["code"] for error in answer.json()["errors"]]

"""The lines won't do: the desk is warned, and prints whom it has to ring by hand."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from html.parser import HTMLParser

import httpx
import pytest
from typing_extensions import override

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
    UnitId,
)
from contacts.roster import Roster
from dispatcher.api.app import create_app
from dispatcher.api.sheet import COLUMNS
from dispatcher.core.journal import HOUSE, Revealed
from dispatcher.engine.clock import ManualClock
from dispatcher.engine.runtime import running
from dispatcher.store import journal, keys, people
from dispatcher.store.keys import ApiKey
from tests.api.hamlet import (
    COUNTY,
    GRIDS,
    NOON,
    SETTINGS,
    TOWN,
    VILLAGE,
    Hamlet,
    alert,
    codes,
    roster,
)

SCOPES = (
    *("alerts:write", "alerts:drill", "alerts:read", "alerts:cancel"),
    *("callouts:write", "people:reveal"),
)
VOICE = {"account_sid": "AC00000000000000000000000000000001", "auth_token": "t"}
FORBIDDEN = {"script", "link", "img", "iframe", "object", "embed", "form"}


def with_lines(count: int) -> Settings:
    """The hamlet's settings, with a telephone of so many lines."""
    voice = {"provider": "twilio_voice", "from": "+9990000", "lines": count, **VOICE}
    channels = {**SETTINGS.channels, "voice": voice}
    routes = {**SETTINGS.routes, "voice": ["voice"]}
    return SETTINGS.model_copy(update={"channels": channels, "routes": routes})


@contextlib.asynccontextmanager
async def hamlet_of(lines: int, held: Roster | None = None) -> AsyncIterator[Hamlet]:
    """The hamlet with a telephone, and an officer who may print sheets."""
    clock = ManualClock(NOON)
    officer = ApiKey(name="officer", scopes=SCOPES, senders=("*",))
    async with running(with_lines(lines), clock) as runtime:
        await runtime.database.write(lambda c: people.save_roster(c, held or roster()))
        await runtime.database.write(
            lambda c: keys.add(c, officer, "key-of-officer", NOON)
        )
        app = create_app(runtime, lambda: None)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://api"
        ) as http:
            yield Hamlet(runtime=runtime, clock=clock, http=http)


@pytest.fixture
async def slow() -> AsyncIterator[Hamlet]:
    """A hamlet of eight people and one line."""
    async with hamlet_of(1) as hamlet:
        yield hamlet


class Page(HTMLParser):
    """What stands on a page: its tags, and the cells of its table by row."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.rows: list[list[str]] = []
        self.feed(text)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"}:
            self.rows[-1].append("")

    @override
    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1] and data.strip():
            self.rows[-1][-1] += data

    def column(self, name: str) -> list[str]:
        """The cells below a heading."""
        head, *rows = self.rows
        return [row[head.index(name)] for row in rows]


async def sent(hamlet: Hamlet, **changed: object) -> httpx.Response:
    return await hamlet.send(alert(**changed), key="officer")


async def named(hamlet: Hamlet, **changed: object) -> str:
    """Send an alert and give its id; no callout is open yet."""
    return str((await sent(hamlet, **changed)).json()["id"])


async def printed(hamlet: Hamlet, name: str, unit: str = TOWN) -> Page:
    found = await hamlet.get(f"/api/v1/alerts/{name}/sheets/{unit}")
    assert found.status_code == 200
    return Page(found.text)


async def test_who_can_not_be_rung_in_time_is_told_before_anybody_is_called(
    slow: Hamlet,
) -> None:
    body = (await sent(slow)).json()

    assert body["capacity"]["voice"] == {
        "people": 8,
        "seconds": 360,
        "never_rung": 1,
        "first_seconds": 360,
    }
    assert body["warnings"] == [
        "1条线打完第一轮约需6分钟,1人5分钟内响不了铃,请打印电话单分派人工"
    ]
    assert body["call_sheets"] == [
        {
            "unit": TOWN,
            "name": "白鹭洲镇",
            "url": f"/api/v1/alerts/{body['id']}/sheets/{TOWN}",
        }
    ]


async def test_the_warning_stays_while_the_alert_goes_on(slow: Hamlet) -> None:
    first = (await sent(slow)).json()
    path = f"/api/v1/alerts/{first['id']}"
    shown = (await slow.get(path)).json()
    [listed] = (await slow.get("/api/v1/alerts")).json()["items"]
    await slow.post(f"{path}/cancel", {"reason": "雨停了"})
    ended = (await slow.get(path)).json()

    assert (shown, listed) == (first, first)
    assert (ended["warnings"], ended["call_sheets"]) == ([], [])


async def test_the_warning_is_told_in_the_language_of_who_asks(slow: Hamlet) -> None:
    answer = await slow.send(alert(), key="officer", Accept_Language="en")

    [said] = answer.json()["warnings"]
    assert said.startswith("1 lines need about 6 minutes for the first round, 1 people")


async def test_a_round_that_leaves_no_time_for_another_is_told_too(
    slow: Hamlet,
) -> None:
    body = (await sent(slow, level="orange")).json()

    assert body["capacity"]["voice"]["never_rung"] == 0
    assert body["warnings"] == [
        "1条线打完第一轮约需9分钟,10分钟内来不及再打第二遍,请打印电话单备用"
    ]


async def test_whose_numbers_a_sheet_shows_is_noted(slow: Hamlet) -> None:
    [link] = (await sent(slow)).json()["call_sheets"]
    page = (await slow.get(link["url"])).text
    noted = await slow.runtime.database.read(lambda c: journal.entries_of(c, HOUSE))
    shown = [one for one in noted if isinstance(one, Revealed)]

    assert {(one.by, one.what) for one in shown} == {("key:officer", "sheet")}
    assert len({one.person for one in shown}) == len(shown) == page.count("王建国")


async def test_enough_lines_warn_of_nothing() -> None:
    async with hamlet_of(2) as hamlet:
        body = (await sent(hamlet)).json()

    assert body["capacity"]["voice"]["first_seconds"] == 180
    assert (body["warnings"], body["call_sheets"]) == ([], [])


async def test_without_a_telephone_nothing_is_reckoned_for_it(hamlet: Hamlet) -> None:
    body = (await hamlet.send(alert())).json()

    assert list(body["capacity"]) == ["sms"]


async def test_who_is_only_told_needs_no_sheet(slow: Hamlet) -> None:
    body = (await sent(slow, event_code="11B09", event="高温")).json()
    answer = await slow.get(f"/api/v1/alerts/{body['id']}/sheets/{TOWN}")

    assert (body["warnings"], answer.status_code) == ([], 404)


async def test_the_sheet_names_everybody_below_a_township_with_his_number(
    slow: Hamlet,
) -> None:
    page = await printed(slow, await named(slow))

    assert page.rows[0] == list(COLUMNS)
    assert page.rows[1][:7] == [
        "1",
        "石门坪村",
        "1网格",
        "网格长, A角",
        "王建国1",
        "+99913800000001",
        "",
    ]
    assert page.column("姓名") == [f"王建国{number}" for number in range(1, 7)]


async def test_who_has_answered_leaves_the_sheet(slow: Hamlet) -> None:
    name = await slow.launched()
    callout = await slow.callout(GRIDS[1])
    said = {
        "person": "p2",
        "meaning": "received",
        "how": "phone",
        "at": "2026-07-12T12:00:00+08:00",
    }
    await slow.post(f"/api/v1/callouts/{callout}/answers", said)
    page = await printed(slow, name)

    assert page.column("姓名") == [f"王建国{number}" for number in (1, 3, 4, 5, 6)]


async def test_after_the_end_nobody_is_left_to_call(slow: Hamlet) -> None:
    name = await named(slow)
    await slow.post(f"/api/v1/alerts/{name}/cancel", {"reason": "雨停了"})
    page = await printed(slow, name)

    assert page.rows == []


@pytest.mark.parametrize(("unit", "people"), [(COUNTY, 8), (VILLAGE, 4), (GRIDS[0], 1)])
async def test_any_unit_has_a_sheet(slow: Hamlet, unit: str, people: int) -> None:
    page = await printed(slow, await named(slow), unit)

    assert len(page.rows) == 1 + people


@pytest.mark.parametrize("unit", ["nowhere", GRIDS[1]])
async def test_where_the_alert_calls_nobody_there_is_no_sheet(
    slow: Hamlet, unit: str
) -> None:
    name = await named(slow, areas=[{"units": [GRIDS[0]]}])
    answer = await slow.get(f"/api/v1/alerts/{name}/sheets/{unit}")

    assert (answer.status_code, codes(answer)) == (404, ["nobody_to_call"])


async def test_a_sheet_is_kept_by_nobody_and_fetches_nothing(slow: Hamlet) -> None:
    name = await named(slow)
    answer = await slow.get(f"/api/v1/alerts/{name}/sheets/{TOWN}")
    page = Page(answer.text)

    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert page.tags & FORBIDDEN == set()
    assert page.attributes == {"charset", "class", "lang"}
    assert "url(" not in answer.text


async def test_what_is_written_in_a_warning_never_becomes_a_tag(slow: Hamlet) -> None:
    trick = "</p><script>alert(1)</script>"
    name = await named(slow, headline=trick, description=trick, issuer=f"{trick}台")
    answer = await slow.get(f"/api/v1/alerts/{name}/sheets/{TOWN}")

    assert "script" not in Page(answer.text).tags
    assert "&lt;/p&gt;&lt;script&gt;" in answer.text


@pytest.mark.parametrize(("status", "marked"), [("Actual", False), ("Exercise", True)])
async def test_the_sheet_of_a_drill_says_so_first(
    slow: Hamlet, status: str, *, marked: bool
) -> None:
    name = await named(slow, status=status)
    answer = await slow.get(f"/api/v1/alerts/{name}/sheets/{TOWN}")

    assert ("<h1>演练 电话叫应单" in answer.text) == marked
    assert ("照读:这是演练。您好" in answer.text) == marked


def number(name: str, kind: AddressKind, value: str, *, wrong: bool = False) -> Address:
    return Address(id=AddressId(name), kind=kind, value=value, wrong=wrong)


MOBILE, LANDLINE, WECOM = AddressKind.MOBILE, AddressKind.LANDLINE, AddressKind.WECOM
LEAD = Person(
    id=PersonId("lead"),
    name="<b>刘桂兰</b>",
    addresses=(
        number("l1", MOBILE, "+8613800000000", wrong=True),
        number("l2", MOBILE, "+8613800000001"),
        number("l3", LANDLINE, "+864376212345"),
        number("l4", WECOM, "liugl"),
        number("l5", LANDLINE, "+99951234567"),
    ),
)
BACKUP = Person(id=PersonId("backup"), name="王二", addresses=())


def scattered() -> Roster:
    """One person leads two grids, who stands in has no number, a third grid is bare."""
    held = (
        (GRIDS[0], Post.GRID_LEAD, LEAD),
        (GRIDS[1], Post.GRID_LEAD, LEAD),
        (GRIDS[1], Post.GRID_BACKUP, BACKUP),
    )
    return Roster.build(
        roster().units.values(),
        (LEAD, BACKUP),
        [
            Holding(ref=PostRef(UnitId(unit), post), person=person.id)
            for unit, post, person in held
        ],
    )


async def test_a_person_has_one_line_and_a_vacant_post_has_its_own() -> None:
    async with hamlet_of(1, scattered()) as hamlet:
        page = await printed(hamlet, await named(hamlet), VILLAGE)

    assert [row[1:7] for row in page.rows[1:]] == [
        [
            "石门坪村",
            "1网格、2网格",
            "网格长, A角",
            "<b>刘桂兰</b>",
            "13800000001",
            "04376212345 +99951234567",
        ],
        ["石门坪村", "2网格", "副网格长, B角", "王二", "无号码", ""],
        ["石门坪村", "3网格", "网格长, A角", "(空岗)", "", ""],
        ["石门坪村", "", "村(社区)负责人", "(空岗)", "", ""],
    ]
    assert "b" not in page.tags


async def test_who_has_no_number_or_only_a_wrong_one_is_not_reckoned() -> None:
    async with hamlet_of(1, scattered()) as hamlet:
        body = (await sent(hamlet)).json()

    assert body["capacity"]["voice"]["people"] == 1

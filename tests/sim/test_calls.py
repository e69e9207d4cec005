"""The account's side of calls over the real exchange process."""

from __future__ import annotations

import re
from datetime import timedelta
from email.utils import parsedate_to_datetime
from itertools import pairwise
from typing import Any

import httpx
import pytest

from dispatcher.sim.callee import Ring
from dispatcher.sim.switchboard import NetworkMode
from dispatcher.sim.world import Habit
from tests.sim.callplay import (
    CALLS,
    EVENTS,
    TEXT,
    TEXT_SECONDS,
    CallPlay,
    one,
)
from tests.sim.play import ACCOUNT, SENDER, Play

PUBLISHED = {
    *("sid", "date_created", "date_updated", "parent_call_sid", "account_sid"),
    *("to", "to_formatted", "from", "from_formatted", "phone_number_sid", "status"),
    *("start_time", "end_time", "duration", "price", "price_unit", "direction"),
    *("answered_by", "api_version", "forwarded_from", "group_sid", "caller_name"),
    *("queue_time", "trunk_sid", "uri", "subresource_uris"),
}
SID = re.compile(r"CA[0-9a-f]{32}")
EDGES = ("start", "end")


async def test_a_new_call_is_answered_with_every_published_field(
    calls: CallPlay, to: str
) -> None:
    answer = await calls.call(to)
    body = answer.json()
    created = parsedate_to_datetime(body["date_created"])

    assert answer.status_code == 201
    assert set(body) == PUBLISHED
    assert SID.fullmatch(body["sid"])
    assert created.utcoffset() == timedelta(0)
    assert {
        "status": "queued",
        "to": to,
        "from": SENDER,
        "direction": "outbound-api",
        "start_time": None,
        "end_time": None,
        "duration": None,
    }.items() <= body.items()


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"To": ""}, 21201),
        ({"To": "13800000000"}, 21211),
        ({"From": ""}, 21213),
        ({"From": "MG12"}, 21212),
        ({"Url": ""}, 21205),
        ({"Url": "http://my_host/answer"}, 21205),
        ({"Url": "", "Twiml": "x" * 4001}, 20001),
        ({"StatusCallback": "http://my_host/status"}, 21609),
        ({"StatusCallbackEvent": ["ringing", "busy"]}, 21626),
        ({"StatusCallbackMethod": "PUT"}, 20001),
        ({"Method": "PUT"}, 20001),
        ({"Timeout": "0"}, 20001),
        ({"Timeout": "601"}, 20001),
        ({"TimeLimit": "soon"}, 20001),
        ({"TimeLimit": "86401"}, 20001),
    ],
)
async def test_a_bad_form_is_refused_with_its_code(
    calls: CallPlay, to: str, form: dict[str, Any], code: int
) -> None:
    answer = await calls.call(to, **form)

    assert (400, code) == (answer.status_code, answer.json()["code"])


@pytest.mark.parametrize(
    "form",
    [
        {"Timeout": "600", "TimeLimit": "86400"},
        {"Timeout": "1", "TimeLimit": "1"},
        {"Timeout": "", "StatusCallback": "", "StatusCallbackEvent": ""},
        {"Url": "", "Twiml": f"<Response>{' ' * 3_979}</Response>"},
    ],
)
async def test_a_form_at_its_limit_is_taken(
    calls: CallPlay, to: str, form: dict[str, Any]
) -> None:
    answer = await calls.call(to, **form)

    assert answer.status_code == 201


async def test_a_number_that_cannot_be_is_refused(calls: CallPlay, to: str) -> None:
    await calls.person(to, Ring.ANSWER, habit=Habit.INVALID)
    answer = await calls.call(to)

    assert (answer.status_code, answer.json()["code"]) == (400, 21211)
    assert await calls.entries(to) == []


async def test_a_stranger_is_turned_away(calls: CallPlay) -> None:
    answers = [
        await calls.account.request(method, path, auth=(ACCOUNT, "wrong"))
        for method in ("POST", "GET")
        for path in (CALLS, one("CA1"))
    ]

    assert [(a.status_code, a.json()["code"]) for a in answers] == [(401, 20003)] * 4


@pytest.mark.parametrize(
    ("mode", "status"),
    [
        (NetworkMode.THROTTLE, 429),
        (NetworkMode.AUTH, 401),
        (NetworkMode.ERROR500, 500),
    ],
)
async def test_the_exchange_misbehaves_for_calls_too(
    calls: CallPlay, to: str, mode: NetworkMode, status: int
) -> None:
    await calls.exchange.network(mode, for_next=1)
    answers = [await calls.call(to) for _ in range(2)]

    assert [status, 201] == [answer.status_code for answer in answers]


async def test_a_hanging_exchange_has_placed_the_call(calls: CallPlay, to: str) -> None:
    await calls.exchange.network(NetworkMode.HANG, for_next=1)
    calls.account.timeout = httpx.Timeout(5, read=1)
    with pytest.raises(httpx.ReadTimeout):
        await calls.call(to)
    entry = await calls.entry(to)

    assert (entry.reference, entry.status) == ("ABCDEFGH23", "ringing")


async def test_a_call_can_be_asked_for_by_its_sid(calls: CallPlay, to: str) -> None:
    calls.says("/answer", f"<Say>{TEXT}</Say>")
    await calls.person(to, Ring.ANSWER)
    sid = (await calls.call(to)).json()["sid"]
    ringing = (await calls.account.get(one(sid))).json()
    await calls.until(30)
    over = (await calls.account.get(one(sid))).json()

    started, ended = (parsedate_to_datetime(over[f"{edge}_time"]) for edge in EDGES)
    assert (ringing["status"], ringing["end_time"]) == ("ringing", None)
    assert (over["status"], over["duration"]) == ("completed", f"{TEXT_SECONDS}")
    assert ended - started == timedelta(seconds=4 + TEXT_SECONDS)


async def test_an_unknown_sid_is_not_found(calls: CallPlay) -> None:
    end = {"Status": "completed"}
    answers = [
        await calls.account.get(one("CA0")),
        await calls.account.post(one("CA0"), data=end),
    ]

    assert [(a.status_code, a.json()["code"]) for a in answers] == [(404, 20404)] * 2


async def test_calls_are_listed_newest_first_page_by_page(
    calls: CallPlay, to: str
) -> None:
    sids = [(await calls.call(to)).json()["sid"] for _ in range(3)]
    first = await calls.account.get(CALLS, params={"To": to, "PageSize": "2"})
    second = await calls.account.get(first.json()["next_page_uri"])

    pages = [[c["sid"] for c in page.json()["calls"]] for page in (first, second)]
    assert pages == [[sids[2], sids[1]], [sids[0]]]
    assert second.json()["next_page_uri"] is None


@pytest.mark.parametrize(("days", "found"), [(-1, 1), (1, 0)])
async def test_calls_are_listed_from_a_time_on(
    calls: CallPlay, to: str, days: int, found: int
) -> None:
    placed = parsedate_to_datetime((await calls.call(to)).json()["date_created"])
    asked = (placed + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    answer = await calls.account.get(CALLS, params={"To": to, "StartTime>": asked})

    assert found == len(answer.json()["calls"])


@pytest.mark.parametrize("query", [{"PageSize": "0"}, {"StartTime>": "today"}])
async def test_a_bad_question_is_refused(
    calls: CallPlay, query: dict[str, str]
) -> None:
    answer = await calls.account.get(CALLS, params=query)

    assert (answer.status_code, answer.json()["code"]) == (400, 20001)


@pytest.mark.parametrize("status", ["canceled", "completed"])
async def test_the_account_ends_a_call_that_rings(
    calls: CallPlay, to: str, status: str
) -> None:
    await calls.person(to, Ring.ANSWER)
    sid = (await calls.call(to)).json()["sid"]
    await calls.until(3)
    answer = await calls.account.post(one(sid), data={"Status": status})
    await calls.until(60)

    assert (answer.status_code, answer.json()["status"]) == (200, "canceled")
    assert calls.told() == ["initiated", "ringing", "canceled"]
    assert (await calls.entry(to)).said == ()


@pytest.mark.parametrize(
    ("status", "ended", "heard"),
    [("canceled", 4 + TEXT_SECONDS, TEXT), ("completed", 5, f"…{TEXT}")],
)
async def test_a_call_picked_up_is_ended_but_not_canceled(
    calls: CallPlay, to: str, status: str, ended: int, heard: str
) -> None:
    calls.says("/answer", f"<Say>{TEXT}</Say>")
    await calls.person(to, Ring.ANSWER)
    sid = (await calls.call(to)).json()["sid"]
    await calls.until(5)
    await calls.account.post(one(sid), data={"Status": status})
    await calls.until(60)
    entry = await calls.entry(to)

    assert (calls.since(entry.ended_at), entry.said) == (ended, (heard,))


async def test_a_call_that_is_over_stays_as_it_is(calls: CallPlay, to: str) -> None:
    await calls.person(to, Ring.BUSY)
    sid = (await calls.call(to)).json()["sid"]
    answer = await calls.account.post(one(sid), data={"Status": "completed"})

    assert (answer.status_code, answer.json()["status"]) == (200, "busy")


async def test_a_call_is_not_redirected(calls: CallPlay, to: str) -> None:
    sid = (await calls.call(to)).json()["sid"]
    answer = await calls.account.post(one(sid), data={"Url": "http://h/other"})

    assert (answer.status_code, answer.json()["code"]) == (400, 20001)


# Time


async def test_calls_tell_how_many_were_up_at_once(calls: CallPlay, to: str) -> None:
    for begin in (0, 10, 20):
        await calls.until(begin)
        await calls.call(to, Timeout="15")
    await calls.until(60)
    entries = await calls.entries(to)

    spans = [(calls.since(e.placed_at), calls.since(e.ended_at)) for e in entries]
    overlaps = [later[0] < earlier[1] for earlier, later in pairwise(spans)]
    assert spans == [(0, 15), (10, 25), (20, 35)]
    assert overlaps == [True, True]


async def test_time_tells_what_falls_due_next(calls: CallPlay, to: str) -> None:
    calls.says("/answer", f"<Say>{TEXT}</Say>")
    await calls.person(to, Ring.ANSWER, delay_seconds=6)
    await calls.call(to)
    due = []
    while (next_due := (await calls.exchange.time()).next_due) is not None:
        due.append(calls.since(next_due))
        await calls.exchange.move_time(next_due)

    assert due == [6, 6 + TEXT_SECONDS]


@pytest.mark.realtime
async def test_a_call_in_running_time_takes_its_share_of_it(
    play: Play, to: str
) -> None:
    form = {
        "To": to,
        "From": SENDER,
        "Twiml": f"<Response><Say>{TEXT}</Say></Response>",
        "StatusCallback": f"{play.inbox.url}/status",
        "StatusCallbackEvent": EVENTS,
    }
    await CallPlay(
        inbox=play.inbox, exchange=play.exchange, account=play.account, began=0
    ).person(to, Ring.ANSWER)
    await play.account.post(CALLS, data=form)
    await play.inbox.wait(4)
    [entry] = [entry for entry in await play.exchange.calls() if entry.to == to]

    assert entry.picked_up_at is not None
    assert entry.ended_at is not None
    assert entry.picked_up_at - entry.placed_at == pytest.approx(4, abs=3)
    assert entry.ended_at - entry.picked_up_at == pytest.approx(TEXT_SECONDS, abs=5)

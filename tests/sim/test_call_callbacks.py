"""What the account is told of a call, checked by Twilio's own validator."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

import pytest
from twilio.request_validator import RequestValidator

from dispatcher.sim.callee import Ring
from dispatcher.sim.switchboard import NetworkMode
from tests.sim.callplay import (
    FLOW,
    PLACES,
    TEXT,
    CallPlay,
    flow,
)
from tests.sim.play import ACCOUNT, SENDER, TOKEN


async def test_every_event_is_told_with_the_published_fields(
    calls: CallPlay, to: str
) -> None:
    calls.says("/answer", f"<Say>{TEXT}</Say>")
    await calls.person(to, Ring.ANSWER)
    created = (await calls.call(to)).json()
    await calls.until(60)

    common = PLACES | {
        "CallSid": created["sid"],
        "AccountSid": ACCOUNT,
        "To": to,
        "Called": to,
        "From": SENDER,
        "Caller": SENDER,
        "Direction": "outbound-api",
        "ApiVersion": "2010-04-01",
        "CallbackSource": "call-progress-events",
    }
    end = {"SipResponseCode": "200", "CallDuration": "20", "Duration": "1"}
    forms = [dict(posted.form) for posted in calls.at("/status")]
    placed = parsedate_to_datetime(created["date_created"])
    times = [parsedate_to_datetime(form.pop("Timestamp")) for form in forms]
    assert [(time - placed).total_seconds() for time in times] == [0, 0, 4, 24]
    assert [
        common | {"CallStatus": "initiated", "SequenceNumber": "0"},
        common | {"CallStatus": "ringing", "SequenceNumber": "1"},
        common | {"CallStatus": "in-progress", "SequenceNumber": "2"},
        common | {"CallStatus": "completed", "SequenceNumber": "3"} | end,
    ] == forms


async def test_everything_posted_carries_a_true_signature(
    calls: CallPlay, to: str
) -> None:
    calls.says("/answer", FLOW)
    calls.says("/keys", flow)
    await calls.person(to, Ring.ANSWER)
    await calls.call(to)
    await calls.until(60)

    pages = {posted.path for posted in calls.inbox.posted}
    assert pages == {"/answer?a=ABCDEFGH23", "/status?a=ABCDEFGH23&k=x", "/keys?p=text"}
    assert all(
        RequestValidator(TOKEN).validate(
            calls.inbox.url + posted.path, posted.form, posted.signature
        )
        for posted in calls.inbox.posted
    )


async def test_what_is_asked_by_get_is_signed_in_its_url(
    calls: CallPlay, to: str
) -> None:
    await calls.person(to, Ring.ANSWER)
    await calls.call(to, Method="GET")
    await calls.until(4)

    [posted] = calls.at("/answer")
    signed = RequestValidator(TOKEN).validate(
        calls.inbox.url + posted.path, {}, posted.signature
    )
    assert posted.path.startswith("/answer?a=ABCDEFGH23&FromCountry=&")
    assert (posted.method, signed) == ("GET", True)


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ("", ["completed"]),
        (["answered"], ["in-progress"]),
        (["initiated", "completed"], ["initiated", "completed"]),
    ],
)
async def test_only_what_was_asked_for_is_told(
    calls: CallPlay, to: str, wanted: str | list[str], told: list[str]
) -> None:
    calls.says("/answer", "<Hangup/>")
    await calls.person(to, Ring.ANSWER)
    await calls.call(to, StatusCallbackEvent=wanted)
    await calls.until(60)

    sequence = [posted.form["SequenceNumber"] for posted in calls.at("/status")]
    assert calls.told() == told
    assert [f"{n}" for n in range(len(told))] == sequence


async def test_no_callback_comes_where_none_was_asked_for(
    calls: CallPlay, to: str
) -> None:
    await calls.person(to, Ring.BUSY)
    await calls.call(to, StatusCallback="")
    await calls.until(60)

    assert calls.inbox.posted == []


@pytest.mark.parametrize(
    ("ring", "told", "end"),
    [
        (Ring.BUSY, ["initiated", "busy"], (0, "486")),
        (Ring.DEAD, ["initiated", "failed"], (0, "404")),
        (Ring.RING_OUT, ["initiated", "ringing", "no-answer"], (30, "487")),
        (Ring.MANUAL, ["initiated", "ringing", "no-answer"], (30, "487")),
    ],
)
async def test_a_call_nobody_picks_up_tells_why(
    calls: CallPlay, to: str, ring: Ring, told: list[str], end: tuple[float, str]
) -> None:
    await calls.person(to, ring)
    await calls.call(to)
    await calls.until(60)

    last = calls.at("/status")[-1].form
    entry = await calls.entry(to)
    assert told == calls.told()
    assert end == (calls.since(entry.ended_at), last["SipResponseCode"])
    assert (entry.picked_up_at, last["CallDuration"]) == (None, "0")


async def test_a_slow_hand_is_too_late(calls: CallPlay, to: str) -> None:
    await calls.person(to, Ring.ANSWER, delay_seconds=30)
    await calls.call(to, Timeout="30")
    await calls.until(60)

    assert (await calls.entry(to)).status == "no-answer"


async def test_a_callback_can_be_overtaken_by_the_next(
    calls: CallPlay, to: str
) -> None:
    calls.says("/answer", f"<Say>{TEXT}</Say>")
    await calls.person(to, Ring.ANSWER)
    await calls.exchange.network(NetworkMode.OUT_OF_ORDER, for_next=1)
    await calls.call(to)
    await calls.until(60)

    sequence = [posted.form["SequenceNumber"] for posted in calls.at("/status")]
    assert calls.told() == ["ringing", "initiated", "completed", "in-progress"]
    assert sequence == ["1", "0", "3", "2"]


async def test_a_callback_with_no_successor_is_told_all_the_same(
    calls: CallPlay, to: str
) -> None:
    await calls.person(to, Ring.RING_OUT)
    await calls.exchange.network(NetworkMode.OUT_OF_ORDER, for_next=1)
    await calls.call(to)
    await calls.until(60)

    assert calls.told() == ["ringing", "initiated", "no-answer"]


async def test_a_duplicate_has_the_token_of_the_first(calls: CallPlay, to: str) -> None:
    await calls.person(to, Ring.BUSY)
    await calls.exchange.network(NetworkMode.DUPLICATE, for_next=1)
    await calls.call(to)
    await calls.exchange.settle()

    first, again, second, second_again = (p.token for p in calls.inbox.posted)
    assert calls.told() == ["initiated", "initiated", "busy", "busy"]
    assert (first, second) == (again, second_again)
    assert first != second


async def test_a_refused_callback_comes_again_before_the_next(
    calls: CallPlay, to: str
) -> None:
    calls.inbox.refuse_next = 2
    await calls.person(to, Ring.BUSY)
    await calls.call(to)
    await calls.exchange.settle()

    assert calls.told() == ["initiated", "busy"]


async def test_callbacks_are_held_and_conversations_are_not(
    calls: CallPlay, to: str
) -> None:
    calls.says("/answer", "<Hangup/>")
    await calls.person(to, Ring.ANSWER)
    await calls.exchange.hold()
    await calls.call(to)
    await calls.until(60)
    held = [posted.page for posted in calls.inbox.posted]
    await calls.exchange.release()
    await calls.exchange.settle()

    assert held == ["/answer"]
    assert calls.told() == ["initiated", "ringing", "in-progress", "completed"]

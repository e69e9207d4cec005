"""What is said and heeded in a call."""

from __future__ import annotations

import pytest

from dispatcher.sim.callee import Ring
from dispatcher.sim.switchboard import NetworkMode
from tests.sim.callplay import (
    APOLOGY,
    FLOW,
    OPENING,
    OPENING_SECONDS,
    PLACES,
    TEXT,
    TEXT_SECONDS,
    THANKS,
    CallPlay,
    gather,
)
from tests.sim.play import ACCOUNT, SENDER, Answered, twiml


async def test_what_to_say_is_asked_when_somebody_has_picked_up(
    calls: CallPlay, to: str
) -> None:
    await calls.answered(to, "<Hangup/>")

    assert [
        PLACES
        | {
            "CallSid": (await calls.entry(to)).sid,
            "AccountSid": ACCOUNT,
            "To": to,
            "Called": to,
            "From": SENDER,
            "Caller": SENDER,
            "CallStatus": "in-progress",
            "Direction": "outbound-api",
            "ApiVersion": "2010-04-01",
        }
    ] == [posted.form for posted in calls.at("/answer")]


@pytest.mark.parametrize(
    ("verbs", "said", "seconds"),
    [
        (f"<Say>{TEXT}</Say><Say>{OPENING}</Say>", (TEXT, OPENING), 30),
        ('<Say>123456789</Say><Pause length="7"/>', ("123456789",), 9),
        (f"<Hangup/><Say>{TEXT}</Say>", (), 0),
        (f"<Gather timeout='9'><Say>{TEXT}</Say></Gather>", (TEXT,), 29),
        ("<Redirect>/more</Redirect>", (OPENING,), OPENING_SECONDS),
    ],
)
async def test_a_document_is_played_in_the_time_it_takes(
    calls: CallPlay, to: str, verbs: str, said: tuple[str, ...], seconds: int
) -> None:
    calls.says("/more", f"<Say>{OPENING}</Say>")
    await calls.answered(to, verbs)
    await calls.until(60)
    entry = await calls.entry(to)

    assert (said, seconds) == (entry.said, calls.since(entry.ended_at))
    assert (entry.status, entry.fault) == ("completed", "")


async def test_a_document_can_come_with_the_call(calls: CallPlay, to: str) -> None:
    await calls.person(to, Ring.ANSWER)
    await calls.call(to, Url="", Twiml=f"<Response><Say>{OPENING}</Say></Response>")
    await calls.until(60)

    assert (await calls.entry(to)).said == (OPENING,)
    assert {posted.page for posted in calls.inbox.posted} == {"/status"}


async def test_a_key_cuts_the_text_and_is_told(calls: CallPlay, to: str) -> None:
    calls.says("/keys", f"<Say>{THANKS}</Say>")
    await calls.answered(to, gather("a&amp;q=2", TEXT) + "<Say>never</Say>")
    await calls.until(5)
    await calls.exchange.press(to, "1")
    await calls.until(60)
    entry = await calls.entry(to)

    assert calls.digits() == [("/keys?p=a&q=2", "1")]
    assert entry.said == (f"…{TEXT}", THANKS)
    assert entry.keys == ("1",)


async def test_a_key_in_the_silence_after_a_text_counts(
    calls: CallPlay, to: str
) -> None:
    await calls.answered(to, gather("a", TEXT))
    await calls.until(TEXT_SECONDS + 0.9)
    await calls.exchange.press(to, "1")
    await calls.exchange.settle()

    assert calls.digits() == [("/keys?p=a", "1")]


@pytest.mark.parametrize(
    ("attributes", "keys", "told"),
    [
        ('numDigits="2"', ["3", "5"], ("35", 2)),
        ('numDigits="2"', ["351"], ("35", 1)),
        ('numDigits="5"', ["35#"], ("35", 1)),
        ('numDigits="5"', ["3", "5"], ("35", 2 + 4)),
        ("", ["12*"], ("12*", 1 + 4)),
        ('finishOnKey="*"', ["1#2*"], ("1#2", 1)),
        ('finishOnKey=""', ["1#"], ("1#", 1 + 4)),
        ('actionOnEmptyResult="true"', [], ("", TEXT_SECONDS + 4)),
        ('actionOnEmptyResult="true"', ["#"], ("", 1)),
    ],
)
async def test_keys_make_an_answer(
    calls: CallPlay, to: str, attributes: str, keys: list[str], told: tuple[str, int]
) -> None:
    await calls.answered(
        to,
        f'<Gather action="/keys" timeout="4" {attributes}><Say>{TEXT}</Say></Gather>',
    )
    for second, pressed in enumerate(keys, 1):
        await calls.until(second)
        await calls.exchange.press(to, pressed)
        await calls.exchange.settle()
    while not calls.digits():
        await calls.exchange.move_time((await calls.exchange.time()).next_due or 0)

    [(place, digits)] = calls.digits()
    seconds = calls.since((await calls.exchange.time()).now)
    assert (place, told) == ("/keys", (digits, seconds))


@pytest.mark.parametrize(
    ("verbs", "keys"),
    [
        (f"<Say>{TEXT}</Say>" + gather("a", TEXT), "1"),
        (gather("a", TEXT, 'numDigits="5"'), "#"),
    ],
)
async def test_a_key_that_is_no_answer_leads_to_the_next_verb(
    calls: CallPlay, to: str, verbs: str, keys: str
) -> None:
    await calls.answered(to, verbs + f"<Say>{OPENING}</Say>")
    await calls.until(1)
    await calls.exchange.press(to, keys)
    await calls.until(60)
    entry = await calls.entry(to)

    assert (calls.digits(), entry.keys) == ([], (keys,))
    assert entry.said[-1] == OPENING


async def test_keys_without_an_address_go_to_the_document_itself(
    calls: CallPlay, to: str
) -> None:
    await calls.answered(to, '<Gather numDigits="1"/>')
    await calls.exchange.press(to, "1")
    await calls.exchange.settle()

    assert calls.digits() == [("/answer?a=ABCDEFGH23", "1")]


FAULTS = {
    "an unknown verb": twiml("<Dial>+999</Dial>"),
    "no XML": lambda _: Answered(status=200, body="Response"),
    "an empty answer": lambda _: Answered(status=200),
    "a refusal": lambda _: Answered(status=500, body="<Response/>"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_document_that_cannot_be_played_ends_in_an_apology(
    calls: CallPlay, to: str, fault: str
) -> None:
    await calls.answered(to, FAULTS[fault])
    await calls.until(60)
    entry = await calls.entry(to)

    assert (entry.said, entry.status) == ((APOLOGY,), "completed")
    assert entry.fault.startswith("TwiML: ")


async def test_a_server_that_is_away_ends_in_an_apology(
    calls: CallPlay, to: str
) -> None:
    await calls.person(to, Ring.ANSWER)
    await calls.call(to, Url="http://127.0.0.1:1/answer")
    await calls.until(60)
    entry = await calls.entry(to)

    assert (entry.said, entry.fault) == ((APOLOGY,), "TwiML: no answer, or none of 2xx")


async def test_a_line_that_fails_ends_in_an_apology(calls: CallPlay, to: str) -> None:
    calls.says("/answer", FLOW)
    await calls.person(to, Ring.ANSWER)
    await calls.call(to, StatusCallback="")
    await calls.exchange.network(NetworkMode.REFUSE_CALLBACKS, for_next=1)
    await calls.until(60)

    assert (await calls.entry(to)).said == (APOLOGY,)


async def test_documents_that_lead_to_each_other_for_ever_are_stopped(
    calls: CallPlay, to: str
) -> None:
    await calls.answered(to, "<Redirect>/answer</Redirect>")

    assert (await calls.entry(to)).fault == "more than 100 documents in one call"
    assert len(calls.at("/answer")) == 101


async def test_a_call_has_its_limit(calls: CallPlay, to: str) -> None:
    calls.says("/answer", f"<Say>{TEXT}</Say>")
    await calls.person(to, Ring.ANSWER)
    await calls.call(to, TimeLimit="15")
    await calls.until(60)
    entry = await calls.entry(to)

    assert (calls.since(entry.ended_at), entry.said) == (19, (f"…{TEXT}",))

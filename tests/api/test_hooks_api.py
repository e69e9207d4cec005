from __future__ import annotations

from urllib.parse import urlencode

import httpx
import pytest

from dispatcher.sim.twilio_wire import Inbound, inbound_fields, sign
from dispatcher.store import callbacks, schema
from tests.api.hamlet import LEAD_NUMBER, PUBLIC, TOKEN, Hamlet, codes

REPLY = "/hooks/sms/sms/reply"
STATUS = "/hooks/sms/sms/status"
FORM = "application/x-www-form-urlencoded"


def reply(text: str = "1", sid: str = "SM1") -> dict[str, str]:
    inbound = Inbound(sid=sid, sender=LEAD_NUMBER, to="+9990000", body=text)
    return inbound_fields(inbound, "AC00000000000000000000000000000001")


def status(sid: str = "SM2", word: str = "delivered") -> dict[str, str]:
    return {"MessageSid": sid, "MessageStatus": word, "ErrorCode": ""}


async def call(
    hamlet: Hamlet, path: str, fields: dict[str, str], signed: str | None = None
) -> httpx.Response:
    """Post a callback, signed over the public URL or over what a test says."""
    url = PUBLIC + path if signed is None else signed
    headers = {
        "Content-Type": FORM,
        "X-Twilio-Signature": sign(TOKEN, url, fields),
        "Host": "somewhere.else",
    }
    return await hamlet.http.post(path, content=urlencode(fields), headers=headers)


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        (REPLY, reply()),
        (REPLY, reply("收到 & 转移=35 + 1%")),
        (STATUS, status()),
        (f"{STATUS}?a=abc&k=def", status()),
        (f"{STATUS}?k=%E6%94%B6&a=", status()),
        (STATUS, {"Unheard": "of"}),
    ],
)
async def test_a_signed_callback_is_on_disk_before_it_is_answered(
    hamlet: Hamlet, path: str, fields: dict[str, str]
) -> None:
    answer = await call(hamlet, path, fields)
    now = hamlet.runtime.clock.now()
    [kept] = await hamlet.runtime.database.read(lambda c: callbacks.unread(c, now, 10))

    assert (answer.status_code, answer.content) == (204, b"")
    assert (kept.channel, kept.request.url) == ("sms", PUBLIC + path)
    assert [tuple(pair) for pair in kept.request.form] == list(fields.items())
    assert len(hamlet.wakes) == 1


async def test_a_callback_told_again_is_kept_once(hamlet: Hamlet) -> None:
    first = await call(hamlet, REPLY, reply())
    again = await call(hamlet, REPLY, reply())
    await call(hamlet, REPLY, reply(sid="SM9"))

    assert (first.status_code, again.status_code) == (204, 204)
    assert await hamlet.count(schema.callback) == 2


async def test_a_receipt_and_its_successor_are_two_events(hamlet: Hamlet) -> None:
    await call(hamlet, STATUS, status(word="sent"))
    await call(hamlet, STATUS, status(word="delivered"))

    assert await hamlet.count(schema.callback) == 2


@pytest.mark.parametrize(
    "signed", [f"http://somewhere.else{REPLY}", PUBLIC + STATUS, f"{PUBLIC}{REPLY}?a=1"]
)
async def test_a_callback_signed_for_another_address_is_turned_away(
    hamlet: Hamlet, signed: str
) -> None:
    answer = await call(hamlet, REPLY, reply(), signed)
    ready = await hamlet.http.get("/readyz")

    assert (answer.status_code, codes(answer)) == (403, ["unverified"])
    assert await hamlet.count(schema.callback) == 0
    assert ready.json()["unverified_callbacks"] == 1
    assert hamlet.wakes == []


@pytest.mark.parametrize(
    "body", [b"", b"Body=1", b"\xff=\xfe", b"a=1&" * 1001, b'{"Body": "1"}']
)
async def test_what_is_not_signed_is_turned_away(hamlet: Hamlet, body: bytes) -> None:
    answer = await hamlet.http.post(REPLY, content=body, headers={"Content-Type": FORM})

    assert (answer.status_code, codes(answer)) == (403, ["unverified"])
    assert await hamlet.count(schema.callback) == 0


async def test_a_channel_nobody_configured_is_not_found(hamlet: Hamlet) -> None:
    answer = await call(hamlet, "/hooks/other/sms/reply", reply())

    assert (answer.status_code, codes(answer)) == (404, ["unknown_channel"])


async def test_readiness_counts_what_waits(hamlet: Hamlet) -> None:
    await call(hamlet, REPLY, reply())
    ready = await hamlet.http.get("/readyz")
    alive = await hamlet.http.get("/healthz")

    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    assert ready.status_code == 200
    assert ready.json() == {
        "status": "ready",
        "unread_callbacks": 1,
        "lost": 0,
        "durability": "local",
        "unverified_callbacks": 0,
        "failing_feeds": [],
    }


async def test_a_store_that_cannot_be_read_is_not_ready(hamlet: Hamlet) -> None:
    await hamlet.runtime.database.write(
        lambda c: c.exec_driver_sql("DROP TABLE callback")
    )
    ready = await hamlet.http.get("/readyz")
    alive = await hamlet.http.get("/healthz")

    assert (ready.status_code, codes(ready)) == (503, ["store_unreadable"])
    assert alive.status_code == 200

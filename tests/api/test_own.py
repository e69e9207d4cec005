"""What an officer does to his own account, and the watch he takes."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pyotp
import pytest

from dispatcher.core.journal import HOUSE, WatchBegun, WatchEnded
from dispatcher.engine.rotation import rotate
from dispatcher.store import journal, officers
from dispatcher.store.vault import KeyName
from tests.api.desk import PASSWORD, SESSION, Browser, at_desk, hire
from tests.api.hamlet import NOON, Hamlet, codes

NEW = "another-long-password"
CHANGE, TOTP, WATCH = f"{SESSION}/password", f"{SESSION}/totp", f"{SESSION}/watch"


def code(secret: str, at: datetime) -> str:
    return pyotp.TOTP(secret).at(at)


async def enrolled(hamlet: Hamlet, name: str) -> tuple[Browser, str]:
    """Let an officer use codes; gives the secret."""
    browser = await at_desk(hamlet, name)
    secret = (await browser.ask("POST", TOTP)).json()["secret"]
    confirmed = await browser.ask("PUT", TOTP, {"code": code(secret, NOON)})
    assert confirmed.status_code == 204, confirmed.text
    return browser, secret


async def test_a_new_password_ends_every_other_session(hamlet: Hamlet) -> None:
    here = await at_desk(hamlet, "limin")
    there = Browser(hamlet)
    await there.sign_in("limin")
    answer = await here.ask("POST", CHANGE, {"old": PASSWORD, "new": NEW})

    assert answer.status_code == 204
    assert (await here.ask("GET", SESSION)).status_code == 200
    assert (await there.ask("GET", SESSION)).status_code == 401
    assert (await Browser(hamlet).sign_in("limin")).status_code == 401
    assert (await Browser(hamlet).sign_in("limin", NEW)).status_code == 200


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("not-the-old-one", NEW, "password_wrong"),
        (PASSWORD, "123456789", "password_short"),
        (PASSWORD, "Li.Min.The.First", "password_is_name"),
        (PASSWORD, PASSWORD, "password_is_name"),
    ],
)
async def test_a_password_that_will_not_do_is_refused(
    hamlet: Hamlet, old: str, new: str, found: str
) -> None:
    browser = await at_desk(hamlet, "li.min.the.first")
    answer = await browser.ask("POST", CHANGE, {"old": old, "new": new})

    assert (answer.status_code, codes(answer)) == (422, [found])
    assert (await Browser(hamlet).sign_in("li.min.the.first")).status_code == 200


async def test_with_a_one_time_password_only_changing_it_is_allowed(
    hamlet: Hamlet,
) -> None:
    await hire(hamlet, "limin", must_change=True)
    browser = Browser(hamlet)
    told = (await browser.sign_in("limin")).json()
    before = await browser.ask("GET", "/api/v1/alerts")
    watch = await browser.ask("PUT", WATCH, {})
    await browser.ask("POST", CHANGE, {"old": PASSWORD, "new": NEW})
    after = await browser.ask("GET", "/api/v1/alerts")

    assert (told["must_change"], told["scopes"]) == (True, [])
    assert (before.status_code, codes(before)) == (403, ["password_change_needed"])
    assert codes(watch) == ["password_change_needed"]
    assert after.status_code == 200


async def test_a_code_is_asked_for_after_the_right_password_only(
    hamlet: Hamlet,
) -> None:
    _, secret = await enrolled(hamlet, "limin")
    hamlet.clock.move_to(NOON + timedelta(seconds=30))
    fresh = code(secret, hamlet.clock.now())
    wrong = await Browser(hamlet).sign_in("limin", "wrong-password", totp=fresh)
    none = await Browser(hamlet).sign_in("limin")
    bad = await Browser(hamlet).sign_in("limin", totp="000000x")
    good = await Browser(hamlet).sign_in("limin", totp=fresh)

    assert codes(wrong) == ["sign_in_failed"]
    assert (none.status_code, codes(none)) == (401, ["totp_required"])
    assert (bad.status_code, codes(bad)) == (401, ["totp_wrong"])
    assert (good.status_code, good.json()["totp"]) == (200, True)


async def test_a_code_is_good_once_also_for_two_at_the_same_time(
    hamlet: Hamlet,
) -> None:
    _, secret = await enrolled(hamlet, "limin")
    replayed = await Browser(hamlet).sign_in("limin", totp=code(secret, NOON))
    hamlet.clock.move_to(NOON + timedelta(seconds=30))
    fresh = code(secret, hamlet.clock.now())
    both = await asyncio.gather(
        *(Browser(hamlet).sign_in("limin", totp=fresh) for _ in range(2))
    )

    assert codes(replayed) == ["totp_wrong"]
    assert sorted(one.status_code for one in both) == [200, 401]


@pytest.mark.parametrize(
    ("seconds", "status"), [(-60, 401), (-30, 200), (0, 200), (30, 200), (60, 401)]
)
async def test_a_telephone_may_be_half_a_minute_off(
    hamlet: Hamlet, seconds: int, status: int
) -> None:
    _, secret = await enrolled(hamlet, "limin")
    now = NOON + timedelta(minutes=5)
    hamlet.clock.move_to(now)
    shown = code(secret, now + timedelta(seconds=seconds))

    assert (await Browser(hamlet).sign_in("limin", totp=shown)).status_code == status


async def test_codes_are_begun_confirmed_and_ended_in_turn(hamlet: Hamlet) -> None:
    browser = await at_desk(hamlet, "limin")
    early = await browser.ask("PUT", TOTP, {"code": "123456"})
    begun = await browser.ask("POST", TOTP)
    secret = begun.json()["secret"]
    wrong = await browser.ask("PUT", TOTP, {"code": "12345x"})
    unasked = await Browser(hamlet).sign_in("limin")
    await browser.ask("PUT", TOTP, {"code": code(secret, NOON)})
    again = await browser.ask("POST", TOTP)
    hamlet.clock.move_to(NOON + timedelta(seconds=30))
    last = {"code": code(secret, hamlet.clock.now())}
    ended = await browser.ask("DELETE", TOTP, last)

    assert begun.json()["uri"].startswith("otpauth://totp/jiaoying:limin?secret=")
    assert [codes(one) for one in (early, wrong, again)] == [
        ["totp_not_begun"],
        ["totp_wrong"],
        ["totp_on"],
    ]
    assert unasked.status_code == 200
    assert ended.status_code == 204
    assert (await Browser(hamlet).sign_in("limin")).status_code == 200


async def test_codes_outlive_a_new_key_of_the_store(hamlet: Hamlet) -> None:
    _, secret = await enrolled(hamlet, "limin")
    database = hamlet.runtime.database
    await rotate(database, KeyName.DATA, NOON, "user:root", lambda _: None)
    kept = await database.read(lambda c: officers.find(c, "limin"))

    assert kept
    assert (kept.totp, kept.display) == (secret, "limin的称呼")


async def test_what_is_private_of_an_officer_lies_sealed(hamlet: Hamlet) -> None:
    _, secret = await enrolled(hamlet, "limin")

    def raw(connection: Any) -> str:
        return str(connection.exec_driver_sql("SELECT * FROM officer").all())

    kept = await hamlet.runtime.database.read(raw)

    assert not [word for word in (secret, "的称呼", PASSWORD) if word in kept]


async def test_a_watch_begins_once_and_outlives_the_session(hamlet: Hamlet) -> None:
    browser = await at_desk(hamlet, "limin")
    begun = await browser.ask("PUT", WATCH, {"note": "夜班"})
    hamlet.clock.move_to(NOON + timedelta(hours=1))
    again = await browser.ask("PUT", WATCH, {})
    seen = await browser.ask("GET", "/api/v1/watch")
    await browser.ask("DELETE", SESSION)
    left = await (await at_desk(hamlet, "wangwei")).ask("GET", "/api/v1/watch")
    await browser.sign_in("limin")
    ended = await browser.ask("DELETE", WATCH)
    await browser.ask("DELETE", WATCH)
    entries = await hamlet.runtime.database.read(lambda c: journal.entries_of(c, HOUSE))

    assert begun.json()["watch"] == {"since": "2026-07-12T04:00:00Z"}
    assert again.json()["watch"] == begun.json()["watch"]
    one = {"name": "limin", "display": "limin的称呼", "since": "2026-07-12T04:00:00Z"}
    assert seen.json() == {"officers": [{**one, "signed_in": True}]}
    assert left.json() == {"officers": [{**one, "signed_in": False}]}
    assert ended.json()["watch"] is None
    assert entries == [
        WatchBegun(at=NOON, by="user:limin", note="夜班"),
        WatchEnded(at=hamlet.clock.now(), by="user:limin", officer="limin"),
    ]

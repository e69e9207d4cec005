"""Signing in and out: what a session opens, and everything that does not open one."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
import structlog
from argon2 import PasswordHasher

from config.settings import Settings
from dispatcher.api.attempts import NAME_MOST, PAIR_MOST, Attempts, subscriber
from dispatcher.store import officers, schema
from tests.api.conftest import opened
from tests.api.desk import COOKIE, PASSWORD, SESSION, Browser, at_desk, hire
from tests.api.hamlet import NOON, SETTINGS, Hamlet, bearer, codes

ALERTS = "/api/v1/alerts"


async def test_signing_in_gives_a_session_and_a_cookie_no_script_can_read(
    hamlet: Hamlet,
) -> None:
    await hire(hamlet, "limin", "leader", display="李敏")
    answer = await Browser(hamlet).sign_in("limin")

    assert answer.status_code == 200
    body = answer.json()
    assert body["officer"] == {"name": "limin", "display": "李敏", "role": "leader"}
    assert body["expires_at"] == "2026-07-12T16:00:00Z"
    assert (body["watch"], body["must_change"], body["totp"]) == (None, False, False)
    assert {"alerts:approve", "people:write"} < set(body["scopes"])
    assert "admin" not in body["scopes"]
    [cookie] = answer.headers.get_list("set-cookie")
    assert set(cookie.split("; ")[1:]) == {
        "HttpOnly",
        "Path=/",
        "SameSite=strict",
        "Secure",
    }
    assert answer.headers["cache-control"] == "no-store"


async def test_without_https_the_cookie_is_sent_over_http() -> None:
    given = SETTINGS.model_dump(mode="json")
    given["server"]["public_base_url"] = "http://10.0.0.5:8000"
    async with opened(Settings.model_validate(given)) as hamlet:
        await hire(hamlet, "limin")
        answer = await Browser(hamlet).sign_in("limin")

    assert "secure" not in answer.headers["set-cookie"].lower()


async def test_a_name_may_be_typed_in_any_way(hamlet: Hamlet) -> None:
    await hire(hamlet, "limin1")

    assert (await Browser(hamlet).sign_in("LiMin１")).status_code == 200


async def test_the_session_is_told_again_and_ends_on_the_server(hamlet: Hamlet) -> None:
    browser = await at_desk(hamlet, "limin")
    told = await browser.ask("GET", SESSION)
    over = await browser.ask("DELETE", SESSION)
    stolen = await browser.ask("GET", SESSION)

    assert (told.status_code, told.json()["csrf"]) == (200, browser.token)
    assert (over.status_code, over.content) == (204, b"")
    assert over.headers["set-cookie"].startswith(f'{COOKIE}=""; ')
    assert (stolen.status_code, codes(stolen)) == (401, ["session_over"])
    assert await hamlet.count(schema.session) == 0


async def test_a_session_that_was_planted_is_not_taken_over(hamlet: Hamlet) -> None:
    await hire(hamlet, "limin")
    planted = Browser(hamlet, cookie="planted-by-somebody")
    first = await planted.sign_in("limin")
    mine = planted.cookie
    again = await planted.sign_in("limin")
    old = await Browser(hamlet, cookie=mine).ask("GET", SESSION)

    assert (first.status_code, again.status_code) == (200, 200)
    assert len({"planted-by-somebody", mine, planted.cookie}) == 3
    assert old.status_code == 401


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("nobody", PASSWORD),
        ("limin", "wrong-password"),
        ("gone", PASSWORD),
        ("p1", "x"),
    ],
)
async def test_every_failure_sounds_the_same(
    hamlet: Hamlet, name: str, password: str
) -> None:
    await hire(hamlet, "limin")
    await hire(hamlet, "gone", disabled=True)
    answer = await Browser(hamlet).sign_in(name, password)
    wrong = await Browser(hamlet).sign_in("limin", "other-wrong-one")

    assert (answer.status_code, codes(answer)) == (401, ["sign_in_failed"])
    assert answer.json() == wrong.json()
    assert "set-cookie" not in answer.headers


async def test_a_name_nobody_has_costs_one_hash_like_any_other(
    hamlet: Hamlet, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hire(hamlet, "limin")
    done: list[str] = []
    verify = PasswordHasher.verify

    def counted(own: PasswordHasher, kept: str, password: str) -> bool:
        done.append(kept[: kept.index("$", 20)])
        return verify(own, kept, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    await Browser(hamlet).sign_in("nobody", "wrong-password")
    await Browser(hamlet).sign_in("limin", "wrong-password")

    assert done == ["$argon2id$v=19$m=19456,t=2,p=1"] * 2


async def test_a_hash_of_other_days_is_made_anew(hamlet: Hamlet) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
    await hire(hamlet, "limin", password=old)
    assert (await Browser(hamlet).sign_in("limin")).status_code == 200
    kept = await hamlet.runtime.database.read(lambda c: officers.find(c, "limin"))

    assert kept
    assert "m=19456,t=2" in kept.password
    assert (await Browser(hamlet).sign_in("limin")).status_code == 200


@pytest.mark.parametrize(
    "spoilt",
    [
        {"X_CSRF_Token": ""},
        {"X_CSRF_Token": "0" * 64},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
async def test_what_another_page_sends_is_refused(
    hamlet: Hamlet, spoilt: dict[str, str]
) -> None:
    browser = await at_desk(hamlet, "limin")
    answer = await browser.ask("DELETE", SESSION, **spoilt)

    assert (answer.status_code, codes(answer)) == (403, ["csrf"])
    assert (await browser.ask("GET", SESSION)).status_code == 200


@pytest.mark.parametrize("origin", ["https://jiaoying.example.org", "http://api"])
async def test_our_own_page_is_known_by_its_address(
    hamlet: Hamlet, origin: str
) -> None:
    browser = await at_desk(hamlet, "limin")
    answer = await browser.ask(
        "DELETE", SESSION, Origin=origin, Sec_Fetch_Site="same-origin"
    )

    assert answer.status_code == 204


async def test_another_page_can_sign_nobody_in(hamlet: Hamlet) -> None:
    await hire(hamlet, "limin")
    answer = await Browser(hamlet, headers={"Origin": "https://evil.example"}).sign_in(
        "limin"
    )

    assert (answer.status_code, codes(answer)) == (403, ["csrf"])


async def test_a_token_is_good_for_its_own_session_only(hamlet: Hamlet) -> None:
    mine, his = await at_desk(hamlet, "limin"), await at_desk(hamlet, "wangwei")
    answer = await mine.ask("DELETE", SESSION, X_CSRF_Token=his.token)

    assert (answer.status_code, codes(answer)) == (403, ["csrf"])


async def test_a_key_wins_over_a_cookie_and_is_no_officer(hamlet: Hamlet) -> None:
    browser = await at_desk(hamlet, "limin")
    answer = await browser.ask("GET", SESSION, **bearer("officer"))
    bad = await browser.ask("GET", ALERTS, **bearer("nobody"))

    assert (answer.status_code, codes(answer)) == (403, ["officer_expected"])
    assert (bad.status_code, codes(bad)) == (401, ["no_valid_key"])


async def test_a_session_ends_after_twelve_idle_hours_and_after_a_day(
    hamlet: Hamlet,
) -> None:
    idle, busy = await at_desk(hamlet, "limin"), await at_desk(hamlet, "wangwei")
    seen = []
    for hours in (11, 22, 23, 24):
        hamlet.clock.move_to(NOON + timedelta(hours=hours))
        seen.append((await busy.ask("GET", SESSION)).status_code)

    assert seen == [200, 200, 200, 401]
    assert (await idle.ask("GET", SESSION)).status_code == 401


async def test_a_session_is_touched_at_most_once_a_minute(hamlet: Hamlet) -> None:
    browser = await at_desk(hamlet, "limin")
    before = hamlet.runtime.database.committed
    for seconds in (1, 59, 60, 61, 119):
        hamlet.clock.move_to(NOON + timedelta(seconds=seconds))
        await browser.ask("GET", SESSION)

    assert hamlet.runtime.database.committed - before == 1


async def test_sessions_that_are_over_are_deleted(hamlet: Hamlet) -> None:
    await at_desk(hamlet, "limin")
    hamlet.clock.move_to(NOON + timedelta(hours=13))
    await hamlet.runtime.engine.turn()

    assert await hamlet.count(schema.session) == 0


async def test_who_tries_too_often_waits_a_minute(hamlet: Hamlet) -> None:
    await hire(hamlet, "limin")
    tries = [await Browser(hamlet).sign_in("limin", "wrong") for _ in range(PAIR_MOST)]
    refused = await Browser(hamlet).sign_in("limin")
    hamlet.clock.move_to(NOON + timedelta(seconds=60))
    after = await Browser(hamlet).sign_in("limin")

    assert {one.status_code for one in tries} == {401}
    assert (refused.status_code, codes(refused)) == (429, ["too_often"])
    assert refused.headers["retry-after"] == "60"
    assert after.status_code == 200


def test_who_signs_in_again_and_again_is_no_guesser() -> None:
    attempts = Attempts()
    for _ in range(3 * PAIR_MOST):
        assert attempts.take("limin", "10.0.0.5", NOON) == 0
        attempts.welcome("limin", "10.0.0.5")
    waits = [attempts.take("limin", "10.0.0.5", NOON) for _ in range(PAIR_MOST + 1)]

    assert (waits[-2], waits[-1] > 0) == (0, True)


def test_nobody_elsewhere_keeps_an_officer_from_his_own_desk() -> None:
    attempts = Attempts()
    attempts.welcome("limin", "10.0.0.5")
    guessed = [attempts.take("limin", f"9.9.9.{n}", NOON) for n in range(NAME_MOST + 1)]

    assert guessed == [0] * NAME_MOST + [60]
    assert attempts.take("limin", "10.0.0.5", NOON) == 0
    assert attempts.take("limin", "10.0.0.6", NOON) == 60


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("10.0.0.5", "10.0.0.5"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:10.0.0.5", "10.0.0.5"),
        ("", ""),
    ],
)
def test_a_subscriber_has_one_address(host: str, known: str) -> None:
    assert subscriber(host) == known


async def test_a_flood_is_turned_away_before_it_costs_anything(hamlet: Hamlet) -> None:
    names = [f"guest{n}" for n in range(50)]
    answers = await asyncio.gather(*(Browser(hamlet).sign_in(n, "x") for n in names))
    statuses = Counter(one.status_code for one in answers)

    assert set(statuses) == {401, 429}
    assert statuses[429] >= 50 - 2 * 16
    assert {one.headers.get("retry-after") for one in answers} == {None, "1"}


async def test_the_log_holds_no_secret_and_no_name_of_a_stranger(
    hamlet: Hamlet,
) -> None:
    await hire(hamlet, "limin")
    with structlog.testing.capture_logs() as logs:
        browser = Browser(hamlet)
        answers = [
            await browser.sign_in("limin"),
            await Browser(hamlet).sign_in("a-stranger", "secret-of-a-stranger"),
            await Browser(hamlet).sign_in("limin", "nearly-my-password"),
            await browser.ask("POST", SESSION, {"name": 1, "password": ["my-own-one"]}),
        ]
    said = str(logs) + "".join(one.text for one in answers[1:])

    assert [one.status_code for one in answers] == [200, 401, 401, 422]
    assert [one["officer"] for one in logs if "officer" in one] == [
        "limin",
        None,
        "limin",
    ]
    for secret in (
        PASSWORD,
        browser.cookie,
        browser.token,
        *("a-stranger", "secret-of", "nearly-my", "my-own-one"),
    ):
        assert secret not in said

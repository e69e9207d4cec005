from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from config.settings import LastFour, load
from config.sources import ConfigError
from dispatcher.api import throttle
from dispatcher.api.throttle import (
    GUESSES_MOST,
    GUESSES_SECONDS,
    KEYS_MOST,
    PRESSES_MOST,
    REQUESTS_MOST,
    VISITS_MOST,
    Throttle,
)
from dispatcher.core.callout import State
from tests.api.hamlet import GRIDS, NOON, Hamlet
from tests.api.visitor import (
    callout,
    everything,
    link,
    look,
    opened,
    post,
    press,
    settings_with,
    warned,
    words,
)

GRID = GRIDS[0]
RED_ASKS = settings_with("security", link_last4=LastFour.RED)
DIGITS = "0001"  # of the lead's number
NOBODYS = ("王建国", "石门坪", "暴雨", "网格")


def later(hamlet: Hamlet, seconds: float) -> None:
    hamlet.clock.move_to(hamlet.clock.now() + timedelta(seconds=seconds))


SPOILT: dict[str, Callable[[str], str]] = {
    "another end": lambda token: token[:-1] + ("a" if token[-1] != "a" else "b"),
    "another question": lambda token: ("a" if token[0] != "a" else "b") + token[1:],
    "in capitals": str.upper,
    "cut off": lambda token: token[:-1],
    "too long": lambda token: f"{token}a",
    "with a full stop": lambda token: f"{token}。",
}


@pytest.mark.parametrize("how", SPOILT)
async def test_a_link_that_is_not_ours_names_nobody(hamlet: Hamlet, how: str) -> None:
    await warned(hamlet)
    wrong = f"/a/{SPOILT[how]((await link(hamlet)).removeprefix('/a/'))}"
    before = await everything(hamlet)
    answers = [await hamlet.http.get(wrong), await post(hamlet, wrong, "mine")]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert [name for name in NOBODYS if name in answers[0].text] == []
    assert await everything(hamlet) == before


async def test_a_link_to_a_question_that_is_not_there_names_nobody(
    hamlet: Hamlet,
) -> None:
    gone = hamlet.runtime.links.address("a" * 10).rpartition("/")[2]
    answer = await hamlet.http.get(f"/a/{gone}")
    forged = await hamlet.http.get(f"/a/{'a' * 26}")

    assert (answer.status_code, answer.text) == (404, forged.text)


async def test_a_link_is_looked_at_so_often_and_no_more(hamlet: Hamlet) -> None:
    await warned(hamlet)
    path = await link(hamlet)
    seen = [(await hamlet.http.head(path)).status_code for _ in range(REQUESTS_MOST)]
    refused = await hamlet.http.get(path)
    other = await hamlet.http.get(await link(hamlet, "p2"))
    said = await post(hamlet, path, "mine")
    later(hamlet, 60)
    again = await look(hamlet, path)

    assert set(seen) == {200}
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    assert [name for name in NOBODYS if name in refused.text] == []
    # nobody else is held up, and no answer is
    assert (other.status_code, said.status_code) == (200, 303)
    assert "已记录" in again


async def test_a_link_is_pressed_so_often_and_no_more(hamlet: Hamlet) -> None:
    await warned(hamlet)
    path = await link(hamlet)
    taken = [
        (await post(hamlet, path, "relay")).status_code for _ in range(PRESSES_MOST)
    ]
    later(hamlet, 20)
    refused = await post(hamlet, path, "mine")

    assert set(taken) == {303}
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "40")
    assert (await callout(hamlet, GRID)).state is State.CALLING


async def test_who_tries_many_links_is_stopped(hamlet: Hamlet) -> None:
    tried = [
        (await hamlet.http.get(f"/a/{number:026}")).status_code
        for number in range(VISITS_MOST)
    ]
    refused = await hamlet.http.get("/a/one-more")

    assert set(tried) == {404}
    assert refused.status_code == 429


def test_a_throttle_keeps_no_more_than_its_table() -> None:
    limit = Throttle(most=1, seconds=60)
    waits = [limit.take(str(number), NOON) for number in range(KEYS_MOST + 1)]

    assert set(waits) == {0}
    assert len(limit) == KEYS_MOST
    assert limit.wait("0", NOON) == 0  # the oldest was forgotten
    assert limit.wait(str(KEYS_MOST), NOON) == 60


def test_a_window_begins_with_its_first_act() -> None:
    limit = Throttle(most=2, seconds=60)
    waits = [
        limit.take("a", NOON + timedelta(seconds=at)) for at in (0, 59, 59.5, 60, 61)
    ]

    assert waits == [0, 0, 1, 0, 0]
    assert throttle.MINUTE == 60


async def test_red_asks_for_the_end_of_his_number_where_it_is_set() -> None:
    async with opened(RED_ASKS) as hamlet:
        await warned(hamlet)
        path = await link(hamlet)
        page = await look(hamlet, path)
        missing = await post(hamlet, path, "mine")
        wrong = await post(hamlet, path, "mine", last4="9999")
        before = (await callout(hamlet, GRID)).state
        said = await press(hamlet, path, "mine", last4="０００1 ")

    assert "您手机号的后四位" in page
    assert (missing.status_code, wrong.status_code) == (422, 422)
    assert "请填您手机号的后四位,还不算应答。" in words(missing.text)
    assert "手机号后四位不对,还不算应答。" in words(wrong.text)
    assert before is State.CALLING
    assert "✓ 已记录 7月12日 12:00:收到" in said


async def test_who_says_that_it_is_not_him_needs_no_digits() -> None:
    async with opened(RED_ASKS) as hamlet:
        await warned(hamlet)
        said = await press(hamlet, await link(hamlet), "relay")

    assert "转告不算应答" in said


async def test_nobody_guesses_the_digits() -> None:
    async with opened(RED_ASKS) as hamlet:
        await warned(hamlet)
        path = await link(hamlet)
        tries = [
            (await post(hamlet, path, "mine", last4=f"900{n}")).status_code
            for n in range(GUESSES_MOST)
        ]
        later(hamlet, 60)
        locked = await post(hamlet, path, "mine", last4=DIGITS)
        relayed = await post(hamlet, path, "relay")
        later(hamlet, GUESSES_SECONDS - 60)
        said = await press(hamlet, path, "mine", last4=DIGITS)

    assert tries == [422] * GUESSES_MOST
    assert (locked.status_code, locked.headers["retry-after"]) == (429, "540")
    assert relayed.status_code == 303
    assert "✓ 已记录 7月12日 12:10:收到" in said


@pytest.mark.parametrize(
    ("setting", "level"), [("never", "red"), ("red", "orange"), ("red", "yellow")]
)
async def test_otherwise_no_digits_are_asked(setting: str, level: str) -> None:
    chosen = settings_with("security", link_last4=LastFour(setting))
    async with opened(chosen) as hamlet:
        await warned(hamlet, level=level)
        page = await look(hamlet, await link(hamlet))
        said = await press(hamlet, await link(hamlet), "mine")

    assert "后四位" not in page
    assert "已记录" in said


def test_the_setting_is_never_or_red(tmp_path: Path) -> None:
    file = tmp_path / "jiaoying.toml"
    file.write_text('[security]\nlink_last4 = "red"\n', encoding="utf-8")
    chosen = load(file, {})
    file.write_text('[security]\nlink_last4 = "always"\n', encoding="utf-8")

    assert chosen.security.link_last4 is LastFour.RED
    with pytest.raises(ConfigError, match=r"security\.link_last4: 不认识这个值"):
        load(file, {})


@pytest.mark.parametrize(
    "body", [b"", b"answer=yes", b"answer=", b"\xff=1", b"&".join([b"a=1"] * 30)]
)
async def test_what_is_no_press_is_no_answer(hamlet: Hamlet, body: bytes) -> None:
    await warned(hamlet)
    before = await everything(hamlet)
    answer = await hamlet.http.post(await link(hamlet), content=body)

    assert answer.status_code == 400
    assert "还不算应答" in answer.text
    assert await everything(hamlet) == before


@pytest.mark.parametrize(
    ("method", "table"), [("GET", "question"), ("POST", "question"), ("POST", "awake")]
)
async def test_when_the_store_fails_the_page_says_that_nothing_is_taken(
    hamlet: Hamlet, method: str, table: str
) -> None:
    await warned(hamlet)
    path = await link(hamlet)
    hide = text(f"ALTER TABLE {table} RENAME TO gone")
    await hamlet.runtime.database.write(lambda c: c.execute(hide))
    answer = await hamlet.http.request(method, path, data={"answer": "mine"})

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "还不算应答" in answer.text
    assert [name for name in NOBODYS if name in answer.text] == []

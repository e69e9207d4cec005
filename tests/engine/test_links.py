from __future__ import annotations

import re
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import Security, Settings, Store
from dispatcher.engine.keyring import KeyFileError, load_or_make, new_key
from dispatcher.engine.links import Links
from dispatcher.engine.runtime import running
from dispatcher.store.vault import KEY_BYTES

KEY = bytes(range(KEY_BYTES))
BASE = "https://example.org/jiaoying"
QUESTION = "abcdefg234567hij"
LINKS = Links(KEY, BASE)


def token_of(links: Links = LINKS, question: str = QUESTION) -> str:
    return links.address(question).rpartition("/")[2]


def test_an_address_is_short_and_under_our_own() -> None:
    address = LINKS.address(QUESTION)

    assert re.fullmatch(rf"{BASE}/a/{QUESTION}[a-z2-7]{{16}}", address)


LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


@given(
    st.sampled_from([10, 16]).flatmap(
        lambda n: st.text(LETTERS, min_size=n, max_size=n)
    )
)
def test_a_token_says_which_question_it_is_for(question: str) -> None:
    assert LINKS.read(token_of(question=question)) == question


def test_the_same_question_has_the_same_link_in_every_process() -> None:
    assert Links(KEY, BASE).address(QUESTION) == LINKS.address(QUESTION)


@given(st.integers(0, 31), st.sampled_from(LETTERS))
def test_a_token_with_another_character_is_not_ours(place: int, other: str) -> None:
    token = token_of()
    changed = token[:place] + other + token[place + 1 :]

    assert (LINKS.read(changed) is None) is (changed != token)


CHANGED: dict[str, Callable[[str], str]] = {
    "nothing": lambda _: "",
    "a question alone": lambda _: QUESTION,
    "in capitals": str.upper,
    "with a line end": lambda token: f"{token}\n",
    "with a space": lambda token: f" {token}",
    "cut off": lambda token: token[:-1],
    "twice": lambda token: token * 2,
    "with an accent": lambda token: token[:-1] + "é",
    "with a wide digit": lambda token: token[:-1] + "\uff12",
}


@pytest.mark.parametrize("how", CHANGED)
def test_what_is_no_token_is_not_ours(how: str) -> None:
    assert LINKS.read(CHANGED[how](token_of())) is None


def test_a_token_made_with_another_key_is_not_ours() -> None:
    assert LINKS.read(token_of(Links(new_key(), BASE))) is None


def test_a_key_is_made_once_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "var" / "keys"
    key = load_or_make(folder, "link")
    again = load_or_make(folder, "link")

    assert (len(key), again) == (KEY_BYTES, key)
    assert stat.S_IMODE((folder / "link").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [file.name for file in folder.iterdir()] == ["link"]


def test_who_starts_at_the_same_time_gets_the_same_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(lambda _: load_or_make(tmp_path, "link"), range(64)))

    assert len(keys) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["link"]


@pytest.mark.parametrize("length", [0, KEY_BYTES - 1, KEY_BYTES + 1])
def test_a_file_that_is_no_key_is_told_and_kept(tmp_path: Path, length: int) -> None:
    file = tmp_path / "link"
    file.write_bytes(bytes(length))
    with pytest.raises(KeyFileError, match=f"{file} holds {length} bytes, not 32: put"):
        load_or_make(tmp_path, "link")

    assert file.read_bytes() == bytes(length)


async def address_in(settings: Settings) -> str:
    async with running(settings) as runtime:
        return (await runtime.keeper.context()).link(QUESTION)


async def test_a_link_outlives_the_process_that_made_it(tmp_path: Path) -> None:
    settings = Settings(
        store=Store(url=f"sqlite+aiosqlite:///{tmp_path / 'store.db'}"),
        security=Security(keys_dir=tmp_path / "keys"),
    )
    before, after = await address_in(settings), await address_in(settings)

    assert before == after
    assert (tmp_path / "keys" / "link").is_file()


async def test_a_store_in_memory_leaves_no_key_behind(tmp_path: Path) -> None:
    settings = Settings(
        store=Store(url="sqlite+aiosqlite://"),
        security=Security(keys_dir=tmp_path / "keys"),
    )
    before, after = await address_in(settings), await address_in(settings)

    assert before != after
    assert not (tmp_path / "keys").exists()

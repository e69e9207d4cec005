"""The whole tree of keys: what is said first, and what after each key at each place."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.contract import Prompt
from config.texts import TextName, Texts
from dispatcher.engine.conversation import (
    ANSWER_SECONDS,
    OPENING_SECONDS,
    Conversation,
    Part,
    Phase,
    Place,
)
from dispatcher.intake.keys import KEYS, PEOPLE_DIGITS

TEXTS = Texts.load()
RAIN, FLOOD, HELP = "aaaaaaaaaa", "bbbbbbbbbb", "cccccccccc"
GOODBYE = TEXTS.say(TextName.CALL_GOODBYE)
SETTLED = TEXTS.say(TextName.CALL_SETTLED)
UNCLEAR = TEXTS.say(TextName.KEY_UNCLEAR)
HOW_MANY = TEXTS.say(TextName.KEY_EVACUATING)


def part(message: str, *, asks: bool = True, wanted: bool = True) -> Part:
    """A message whose two sentences are named after it."""
    name = message[0]
    return Part.of(message, f"{name} opening\n{name} text", asks=asks, wanted=wanted)


def talk(*parts: Part) -> Conversation:
    return Conversation(texts=TEXTS, parts=parts or (part(RAIN),))


def said(speech: Sequence[Prompt]) -> list[str]:
    return [prompt.text for prompt in speech]


def at(phase: Phase, message: str = RAIN) -> Place:
    return Place(phase, message)


def read(message: str) -> list[str]:
    """What is said of a message from its first sentence on."""
    return [f"{message[0]} opening", *texts(message)]


def texts(message: str) -> list[str]:
    return [f"{message[0]} text"] * 2


@given(
    st.sampled_from(Phase), st.text("abcdefghijklmnop234567", min_size=10, max_size=10)
)
def test_a_place_is_read_as_it_was_written(phase: Phase, message: str) -> None:
    place = Place(phase, message)

    assert Place.parse(str(place)) == place


@pytest.mark.parametrize("words", ["", "o", RAIN, f"x{RAIN}", f"o{RAIN}a", "o12345"])
def test_what_is_no_place_is_none(words: str) -> None:
    assert Place.parse(words) is None


def test_who_calls_and_what_to_do_is_said_once_and_the_text_twice() -> None:
    assert said(talk().begin()) == [*read(RAIN), GOODBYE]


def test_a_text_of_one_line_is_its_own_opening() -> None:
    only = Part.of(RAIN, "all of it", asks=True, wanted=True)

    assert (only.opening, only.body) == ("all of it", "all of it")


def test_keys_are_waited_for_after_the_text_and_not_after_the_opening() -> None:
    opening, text, again, goodbye = talk().begin()

    assert (opening.place, opening.seconds) == (f"o{RAIN}", OPENING_SECONDS)
    assert (text.place, text.seconds, text.digits) == (f"t{RAIN}", ANSWER_SECONDS, 1)
    assert again == text
    assert goodbye.place == ""


def test_two_warnings_are_read_one_after_the_other() -> None:
    speech = talk(part(RAIN), part(FLOOD)).begin()

    assert said(speech) == [*read(RAIN), *read(FLOOD), GOODBYE]


def test_what_was_settled_while_it_rang_is_left_out() -> None:
    speech = talk(part(RAIN, wanted=False), part(FLOOD)).begin()

    assert said(speech) == [*read(FLOOD), GOODBYE]


@pytest.mark.parametrize("parts", [[], [part(RAIN, wanted=False)]])
def test_who_has_nothing_to_answer_any_more_hears_so(parts: list[Part]) -> None:
    assert said(Conversation(texts=TEXTS, parts=parts).begin()) == [SETTLED]


def test_what_only_tells_listens_for_no_key_and_does_not_complain() -> None:
    speech = talk(part(HELP, asks=False)).begin()

    assert said(speech) == read(HELP)
    assert {prompt.place for prompt in speech} == {""}


def test_the_goodbye_speaks_of_a_key_only_where_one_was_asked_for() -> None:
    settled, tells = part(RAIN, wanted=False), part(HELP, asks=False)

    assert said(talk(settled, tells).begin()) == read(HELP)
    assert said(talk(part(RAIN), tells).begin())[-1] == GOODBYE


@pytest.mark.parametrize("key", [*KEYS, "0", "#"])
def test_a_key_before_the_first_sentence_is_over_answers_nothing(key: str) -> None:
    speech = talk(part(RAIN), part(FLOOD)).after(at(Phase.OPENING), key)

    assert said(speech) == [*read(RAIN), *read(FLOOD), GOODBYE]


AFTER = {
    "1": [TEXTS.say(TextName.KEY_RECEIVED)],
    "2": [HOW_MANY],
    "3": [TEXTS.say(TextName.KEY_NEED_HELP)],
    "4": [TEXTS.say(TextName.KEY_NOTED)],
    "5": [TEXTS.say(TextName.KEY_NOTED)],
    "9": texts(RAIN),
    "0": [UNCLEAR, *texts(RAIN)],
    "*": [UNCLEAR, *texts(RAIN)],
}
ASKED_AGAIN = {key for key, words in AFTER.items() if texts(RAIN)[0] in words}


def ended(key: str) -> list[str]:
    """Who was asked once more and says nothing has not answered."""
    return [GOODBYE] if key in ASKED_AGAIN else []


@pytest.mark.parametrize("key", AFTER)
def test_each_key_is_answered_in_its_words(key: str) -> None:
    assert said(talk().after(at(Phase.TEXT), key)) == [*AFTER[key], *ended(key)]


@pytest.mark.parametrize("key", AFTER)
def test_after_a_key_the_rest_is_read(key: str) -> None:
    whole = talk(part(RAIN), part(FLOOD, wanted=False), part(HELP, asks=False))

    assert said(whole.after(at(Phase.TEXT), key)) == [
        *AFTER[key],
        *read(HELP),
        *ended(key),
    ]


def test_each_warning_has_its_own_key() -> None:
    whole = talk(part(RAIN), part(FLOOD))
    first = whole.after(at(Phase.TEXT), "1")
    places = [prompt.place for prompt in first]

    assert places == ["", f"o{FLOOD}", f"t{FLOOD}", f"t{FLOOD}", ""]
    assert said(first) == [*AFTER["1"], *read(FLOOD), GOODBYE]
    assert said(whole.after(at(Phase.TEXT, FLOOD), "1")) == AFTER["1"]


@pytest.mark.parametrize("keys", ["0", "35", "99999"])
def test_a_number_is_said_back(keys: str) -> None:
    speech = talk().after(at(Phase.NUMBER), keys)

    assert said(speech) == [TEXTS.say(TextName.KEY_COUNTED, count=int(keys))]


@pytest.mark.parametrize("keys", ["*", "", "123456"])
def test_what_is_no_number_is_asked_once_more(keys: str) -> None:
    unclear, again = talk().after(at(Phase.NUMBER), keys)

    assert (unclear.text, again.text) == (UNCLEAR, HOW_MANY)
    assert (again.place, again.digits) == (f"n{RAIN}", PEOPLE_DIGITS)


def test_who_was_asked_for_a_number_has_answered_already() -> None:
    whole = talk(part(RAIN), part(FLOOD))

    assert said(talk().after(at(Phase.TEXT), "2")) == [HOW_MANY]
    assert said(whole.after(at(Phase.NUMBER), "*")) == [
        UNCLEAR,
        HOW_MANY,
        *read(FLOOD),
        GOODBYE,
    ]


def test_a_key_pressed_in_what_was_settled_meanwhile_is_answered_still() -> None:
    whole = talk(part(RAIN, wanted=False), part(FLOOD))

    assert said(whole.after(at(Phase.TEXT), "1")) == [
        *AFTER["1"],
        *read(FLOOD),
        GOODBYE,
    ]


@pytest.mark.parametrize("phase", Phase)
def test_a_key_pressed_in_what_is_not_read_here_answers_nothing(phase: Phase) -> None:
    assert said(talk().after(at(phase, FLOOD), "1")) == [SETTLED]


@given(
    st.lists(st.sampled_from([RAIN, FLOOD, HELP]), unique=True),
    st.lists(st.tuples(st.booleans(), st.booleans()), min_size=3, max_size=3),
    st.sampled_from(Phase),
    st.text("0123456789*#", max_size=6),
)
def test_whatever_is_pressed_the_call_comes_to_an_end(
    names: list[str], kinds: list[tuple[bool, bool]], phase: Phase, keys: str
) -> None:
    parts = [
        part(name, asks=asks, wanted=wanted)
        for name, (asks, wanted) in zip(names, kinds, strict=False)
    ]
    speech = talk(*parts).after(at(phase), keys)

    assert speech
    assert len(speech) <= 3 * (len(parts) + 1) + 2
    assert all(prompt.text for prompt in speech)

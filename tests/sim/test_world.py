from __future__ import annotations

from collections import Counter

import pytest

from dispatcher.sim.callee import Ring
from dispatcher.sim.world import (
    Habit,
    Phone,
    Reaction,
    asked_code,
    populate,
    react,
)

QUESTION = "【东丰应急】暴雨红色预警,收到请回1,转移回2加人数。"
CODED = "【东丰应急】暴雨红色预警,收到回67。"
NOTICE = "已记录,解除通知无需回复。"
NUMBERS = tuple(f"+9991000{n:05}" for n in range(2_000))


def test_the_same_seed_makes_the_same_people() -> None:
    mix = {Habit.ANSWER: 1.0, Habit.IGNORE: 1.0}

    assert populate(NUMBERS, 7, mix) == populate(NUMBERS, 7, mix)


def test_another_seed_makes_other_people() -> None:
    mix = {Habit.ANSWER: 1.0, Habit.IGNORE: 1.0}

    assert populate(NUMBERS, 7, mix) != populate(NUMBERS, 8, mix)


def test_people_keep_their_character_when_the_play_grows() -> None:
    mix = {Habit.ANSWER: 3.0, Habit.LATE: 1.0}
    everybody = populate(NUMBERS, 7, mix)

    assert everybody[1_000:] == populate(NUMBERS[1_000:], 7, mix)


def test_habits_come_in_the_proportions_of_the_mix() -> None:
    people = populate(NUMBERS, 1, {Habit.ANSWER: 6, Habit.IGNORE: 3, Habit.DEAD: 1})
    shares = Counter(person.habit for person in people)

    assert {
        Habit.ANSWER: pytest.approx(1_200, abs=100),
        Habit.IGNORE: pytest.approx(600, abs=100),
        Habit.DEAD: pytest.approx(200, abs=60),
    } == shares


def test_a_habit_without_weight_never_comes() -> None:
    mix = {Habit.NONSENSE: 0.0, Habit.ANSWER: 1.0, Habit.HELP: 0.0}

    assert {Habit.ANSWER} == {person.habit for person in populate(NUMBERS, 1, mix)}


def test_people_take_between_5_and_45_seconds() -> None:
    delays = [p.delay_seconds for p in populate(NUMBERS, 1, {Habit.ANSWER: 1})]

    assert pytest.approx((min(delays), max(delays)), abs=0.2) == (5.0, 45.0)


def test_who_is_given_no_ring_rings_out() -> None:
    people = populate(NUMBERS, 1, {Habit.ANSWER: 1})

    assert {(Ring.RING_OUT, 4.0)} == {(p.ring, p.ring_delay_seconds) for p in people}


def test_a_mix_of_rings_leaves_the_habits_alone() -> None:
    mix = {Habit.ANSWER: 3.0, Habit.LATE: 1.0}
    ringing = populate(NUMBERS, 7, mix, {Ring.ANSWER: 1.0, Ring.BUSY: 1.0})

    def texts(people: tuple[Phone, ...]) -> list[tuple[Habit, float]]:
        return [(person.habit, person.delay_seconds) for person in people]

    assert texts(populate(NUMBERS, 7, mix)) == texts(ringing)


def test_rings_come_in_the_proportions_of_their_mix() -> None:
    rings = {Ring.ANSWER: 6.0, Ring.RING_OUT: 3.0, Ring.BUSY: 1.0}
    people = populate(NUMBERS, 1, {Habit.ANSWER: 1}, rings)
    shares = Counter(person.ring for person in people)

    assert {
        Ring.ANSWER: pytest.approx(1_200, abs=100),
        Ring.RING_OUT: pytest.approx(600, abs=100),
        Ring.BUSY: pytest.approx(200, abs=60),
    } == shares


def test_telephones_are_picked_up_after_2_to_18_seconds() -> None:
    people = populate(NUMBERS, 1, {Habit.ANSWER: 1}, {Ring.ANSWER: 1})
    delays = [person.ring_delay_seconds for person in people]

    assert pytest.approx((min(delays), max(delays)), abs=0.2) == (2.0, 18.0)


def test_a_mix_of_rings_without_weight_is_refused() -> None:
    with pytest.raises(ValueError, match="rings: no habit has a positive weight"):
        populate(NUMBERS, 1, {Habit.ANSWER: 1}, {})


@pytest.mark.parametrize("mix", [{}, {Habit.ANSWER: 0.0}])
def test_a_mix_without_weight_is_refused(mix: dict[Habit, float]) -> None:
    with pytest.raises(ValueError, match="no habit has a positive weight"):
        populate(NUMBERS, 1, mix)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (CODED, "67"),
        ("收到回复67", "67"),
        ("收到请回复:600", "600"),
        ("您有2条:暴雨回67,山洪回72", "67"),
        (QUESTION, None),
        ("收到请回123", None),
        ("收到回6712", None),
        (NOTICE, None),
    ],
)
def test_the_code_asked_for_is_found(text: str, code: str | None) -> None:
    assert code == asked_code(text)


@pytest.mark.parametrize(
    ("habit", "bare", "coded"),
    [
        (Habit.ANSWER, "1", "67"),
        (Habit.HELP, "3", "67 3"),
        (Habit.DECLINE, "4", "67 4"),
        (Habit.WRONG_PERSON, "5", "67 5"),
        (Habit.EVACUATE, "2 35", "67 2 35"),
        (Habit.NONSENSE, "嗯嗯", "嗯嗯"),
        (Habit.QUESTION, "你是谁?", "你是谁?"),
        (
            Habit.AUTO_REPLY,
            "【自动回复】您好,我正在开会",
            "【自动回复】您好,我正在开会",
        ),
    ],
)
def test_who_speaks_answers_by_his_habit(habit: Habit, bare: str, coded: str) -> None:
    phone = Phone(number="+99910000001", habit=habit, delay_seconds=8)

    assert (
        Reaction(text=bare, delay_seconds=8),
        Reaction(text=coded, delay_seconds=8),
    ) == (react(phone, QUESTION, 1), react(phone, CODED, 1))


@pytest.mark.parametrize(
    "habit",
    [
        Habit.IGNORE,
        Habit.MANUAL,
        Habit.DEAD,
        Habit.INVALID,
        Habit.LANDLINE,
        Habit.OPTED_OUT,
    ],
)
def test_who_is_silent_stays_silent(habit: Habit) -> None:
    assert react(Phone(number="+99910000001", habit=habit), QUESTION, 1) is None


def test_the_late_one_lets_the_first_text_pass() -> None:
    phone = Phone(number="+99910000001", habit=Habit.LATE)
    later = Reaction(text="67", delay_seconds=0)

    assert [None, later, later] == [react(phone, CODED, nth) for nth in (1, 2, 3)]


def test_his_own_words_replace_those_of_the_habit() -> None:
    phone = Phone(number="+99910000001", habit=Habit.EVACUATE, reply="2户12人35")
    reaction = react(phone, CODED, 1)

    assert Reaction(text="67 2户12人35", delay_seconds=0) == reaction


@pytest.mark.parametrize(
    ("habit", "answers"),
    [(Habit.ANSWER, False), (Habit.NONSENSE, False), (Habit.AUTO_REPLY, True)],
)
def test_only_a_machine_answers_a_notice(habit: Habit, answers: bool) -> None:  # noqa: FBT001  a table's column
    phone = Phone(number="+99910000001", habit=habit)

    assert answers == (react(phone, NOTICE, 1) is not None)

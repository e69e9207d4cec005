from __future__ import annotations

import pytest

from channels.text import fits, is_gsm_7, segments

PLAIN, ESCAPED, CHINESE, ASTRAL = "a", "€", "险", "𡒄"  # 1, 2 septets; 1, 2 units


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 1),
        (PLAIN * 160, 1),
        (PLAIN * 161, 2),
        (PLAIN * 306, 2),
        (PLAIN * 307, 3),
        (ESCAPED * 80, 1),
        (PLAIN * 159 + ESCAPED, 2),
        (CHINESE * 70, 1),
        (CHINESE * 71, 2),
        (CHINESE * 134, 2),
        (CHINESE * 135, 3),
        (PLAIN * 70 + CHINESE, 2),
        (ASTRAL * 35, 1),
        (ASTRAL * 36, 2),
        ("`" * 71, 2),
    ],
)
def test_a_text_takes_this_many_segments(text: str, expected: int) -> None:
    assert expected == segments(text)


@pytest.mark.parametrize(
    "text",
    [
        PLAIN * 152 + ESCAPED + PLAIN * 152,
        CHINESE * 66 + ASTRAL + CHINESE * 66,
    ],
)
def test_a_pair_is_never_cut_by_the_end_of_a_segment(text: str) -> None:
    whole_pair = text.replace(ESCAPED, PLAIN * 2).replace(ASTRAL, CHINESE * 2)

    assert segments(whole_pair) == 2
    assert segments(text) == 3


def test_the_signature_counts_like_the_rest_of_the_text() -> None:
    text = "暴雨红色预警" * 11

    assert segments(text) == 1
    assert segments("【东丰应急】" + text) == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Reply 1 @ £5 {ok}\n", True),
        ("Ñandú", False),
        ("ça va", False),
        ("Δ Réponse: Ça, Ñ è é ù ì ò", True),
        ("回1", False),
        ("\t", False),
    ],
)
def test_the_small_alphabet_is_known_by_each_letter(
    text: str, *, expected: bool
) -> None:
    assert expected is is_gsm_7(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CHINESE * 1600, True),
        (CHINESE * 1601, False),
        (ASTRAL * 800, True),
        (ASTRAL * 801, False),
        (PLAIN * 1600, True),
        (ESCAPED * 801, False),
    ],
)
def test_a_text_fits_by_what_the_network_counts(text: str, *, expected: bool) -> None:
    assert expected is fits(text, 1600)

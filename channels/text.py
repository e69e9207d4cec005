"""How long a text is on the air, in the units networks count and charge.

Alphabet and segment sizes: 3GPP TS 23.038 and TS 23.040. The leading 【signature】 of
a domestic message is part of the text and counts like the rest of it.
"""

from __future__ import annotations

GSM_7_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_7_ESCAPED = frozenset("\f^{}\\[~]|€")  # each goes with an escape: 2 septets

GSM_7_SEGMENT = (160, 153)  # septets of a lone segment, of one among several
UCS_2_SEGMENT = (70, 67)  # UTF-16 units, likewise
LAST_SINGLE_UNIT = "\uffff"  # beyond it a character takes a surrogate pair


def segments(text: str) -> int:
    """Count the segments a text is sent and charged as; at least one.

    A character is never cut: an escape or a surrogate pair that does not fit into
    what is left of a segment goes whole into the next.
    """
    sizes = _sizes(text)
    alone, joined = GSM_7_SEGMENT if is_gsm_7(text) else UCS_2_SEGMENT
    if sum(sizes) <= alone:
        return 1
    count, room = 1, joined
    for size in sizes:
        if size > room:
            count, room = count + 1, joined
        room -= size
    return count


def fits(text: str, limit: int) -> bool:
    """Tell whether a text keeps within a route's ``max_chars``.

    :param limit: septets for a text of GSM-7 letters, else UTF-16 units
    """
    return sum(_sizes(text)) <= limit


def is_gsm_7(text: str) -> bool:
    """Tell whether every character is in the GSM-7 alphabet; no Chinese one is."""
    return GSM_7_BASIC.union(GSM_7_ESCAPED).issuperset(text)


def _sizes(text: str) -> list[int]:
    """Units each character takes: septets or UTF-16 units."""
    if is_gsm_7(text):
        return [1 + (char in GSM_7_ESCAPED) for char in text]
    return [1 + (char > LAST_SINGLE_UNIT) for char in text]

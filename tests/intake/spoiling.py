"""Documents that are nearly sound: what a sender, or an attacker, makes of them."""

from __future__ import annotations

import re

from hypothesis import strategies as st

ELEMENT = re.compile(rb"<(\w+)>([^<]*)</\1>")
VALUES = st.sampled_from(
    [
        *(b"", b" ", b"a,b,c", b"&#0;", b"&amp;", b"]]>", "红色".encode(), b"\xff"),
        *(b"2026-07-12T09:12:00+08:00", b"0000-00-00", b"9" * 400, b"1,1 1,2 2,2 1,1"),
        *(b"91,181 5", b"1e999,1 1", b"Cancel", b"Update", b"Exercise", b"<x>y</x>"),
    ]
)


@st.composite
def spoilt(draw: st.DrawFn, sound: list[bytes]) -> bytes:
    """One of these documents with some bytes put in place of others."""
    body = bytearray(draw(st.sampled_from(sound)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(body)))
        body[at : at + draw(st.integers(0, 30))] = draw(st.binary(max_size=12))
    return bytes(body)


@st.composite
def altered(draw: st.DrawFn, sound: list[bytes]) -> bytes:
    """One of these documents where some elements say something else, or are gone."""
    body = draw(st.sampled_from(sound))
    for _ in range(draw(st.integers(1, 3))):
        found = [*ELEMENT.finditer(body)]
        if found:
            one = draw(st.sampled_from(found))
            whole = draw(st.booleans())
            begin, end = one.span() if whole else one.span(2)
            body = body[:begin] + draw(VALUES) + body[end:]
    return body

"""Whatever comes, reading gives an alert or says what is wrong; it never breaks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from xml.sax.saxutils import escape

from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.core.alert import Content, Level
from dispatcher.intake.dialect import Unreadable, Warned, read_document, read_json
from dispatcher.intake.signature import Signers
from tests.intake.documents import CAP, CN, NOW, SYSTEM, read
from tests.intake.spoiling import altered, spoilt

BYTES = settings(max_examples=300)
NAMES = st.sampled_from(
    [
        *("alert", "info", "area", "identifier", "sender", "sent", "sendTime"),
        *("status", "msgType", "references", "severity", "headline", "polygon"),
        *("circle", "geocode", "value", "valueName", "eventType", "expires", "x:y"),
    ]
)
TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            *("Actual", "Alert", "Update", "红色", "1,1 1,2 2,2 1,1", "1,1 5", "a,b,c"),
            *("2026-07-12T09:12:00+08:00", "2026-07-12 09:12:00", "11B03", "Cancle"),
        ]
    ),
)


def declared(read: object) -> bool:
    if isinstance(read, tuple):
        return bool(read)
    return isinstance(read, Warned | Unreadable)


SOUND = [CAP.encode(), CN.encode()]


@BYTES
@given(spoilt(SOUND) | altered(SOUND))
def test_spoilt_documents_are_read_or_refused(body: bytes) -> None:
    assert declared(read_document(body, NOW, SYSTEM, Signers()))
    assert declared(read_json(body, NOW))


TREES = st.recursive(
    TEXTS.map(lambda text: escape(text.translate({0: None}))),
    lambda inner: st.builds(
        lambda name, parts: f"<{name}>{''.join(parts)}</{name}>",
        NAMES,
        st.lists(inner, max_size=5),
    ),
    max_leaves=30,
)


@BYTES
@given(tree=TREES, cap=st.booleans())
def test_any_tree_of_their_elements_is_read_or_refused(tree: str, *, cap: bool) -> None:
    space = ' xmlns="urn:oasis:names:tc:emergency:cap:1.2"' if cap else ""
    body = f'<alert{space} xmlns:x="u">{tree}<sendTime/></alert>'

    assert declared(
        read_document(body.encode("utf-8", "replace"), NOW, SYSTEM, Signers())
    )


WORDS = st.text("雨红山洪abc,。 ", min_size=1, max_size=30).map(str.strip).filter(bool)


@BYTES
@given(headline=WORDS, instruction=WORDS, hours=st.integers(1, 100))
def test_what_is_written_is_what_is_read(
    headline: str, instruction: str, hours: int
) -> None:
    first = read(CAP)
    assert isinstance(first, Content)
    ends = NOW + timedelta(hours=hours)
    text = (
        CAP.replace("澄溪县气象台发布暴雨红色预警", headline)
        .replace("立即转移山边河边群众", instruction)
        .replace("2026-07-12T12:12:00+08:00", ends.isoformat())
    )
    found = read(text)

    level = found.level if isinstance(found, Content) else Level.RED
    assert found == replace(
        first,
        headline=" ".join(headline.split()),
        instruction=instruction,
        expires=ends,
        level=level,
    )

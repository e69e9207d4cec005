from __future__ import annotations

from base64 import b64decode, b64encode

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from hypothesis import given
from hypothesis import strategies as st

from channels.providers.wecom_crypto import decrypt, elements, key_of, sign
from dispatcher.sim.wecom_wire import Stamp, seal, signed, xml
from tests.channels.wecom_bench import (
    ACCOUNT,
    CLICK,
    CLICK_SIGNATURE,
    ECHO,
    ECHO_SIGNATURE,
    RANDOM,
    STAMP,
)

KEY = b64decode(f"{ACCOUNT.aes_key}=")
CORP = ACCOUNT.corp_id


def enciphered(plain: bytes) -> str:
    enciphering = Cipher(AES256(KEY), CBC(KEY[:16])).encryptor()
    return b64encode(enciphering.update(plain) + enciphering.finalize()).decode()


def padded(text: bytes, length: int | None = None, named: bytes = b"") -> bytes:
    """A plain text with its length, true or not, and PKCS #7 padding to 32."""
    size = len(text) if length is None else length
    plain = RANDOM + size.to_bytes(4) + text + (named or CORP.encode())
    count = 32 - len(plain) % 32
    return plain + bytes([count]) * count


def test_the_published_check_is_read() -> None:
    assert sign(ACCOUNT.token, "1409659589", "263014780", ECHO) == ECHO_SIGNATURE
    assert decrypt(KEY, ECHO, CORP) == "1616140317555161061"


def test_the_published_click_is_sealed_and_signed_alike() -> None:
    sealed = seal(ACCOUNT, CLICK, RANDOM)

    assert sign(ACCOUNT.token, "1732344000", "1372623149", sealed) == CLICK_SIGNATURE
    assert f"msg_signature={CLICK_SIGNATURE}" in signed(ACCOUNT, STAMP, sealed)
    assert decrypt(KEY, sealed, CORP) == CLICK


def test_a_signature_covers_every_part() -> None:
    parts = ("t", "1", "2", "s")
    changed = [("u", "1", "2", "s"), ("t", "3", "2", "s"), ("t", "1", "3", "s")]
    signatures = {sign(*each) for each in (parts, *changed, ("t", "1", "2", "z"))}

    assert len(signatures) == 5


@pytest.mark.parametrize("text", ["", "险", "x" * 27, "x" * 28, "<xml/>" * 1000])
def test_a_text_of_any_length_is_read_again(text: str) -> None:
    assert text == decrypt(KEY, seal(ACCOUNT, text, RANDOM), CORP)


@pytest.mark.parametrize(
    "sealed",
    [
        pytest.param("", id="nothing"),
        pytest.param("not base64!", id="not base64"),
        pytest.param("险情", id="not ASCII"),
        pytest.param(ECHO[:-1], id="base64 cut off"),
        pytest.param(b64encode(bytes(31)).decode(), id="no whole block"),
        pytest.param(b64encode(bytes(64)).decode(), id="another key"),
        pytest.param(enciphered(padded(b"x")[:-1] + b"\0"), id="padding 0"),
        pytest.param(enciphered(padded(b"x" * 4)[:-1] + b"\x21"), id="padding 33"),
        pytest.param(enciphered(padded(b"x")[:-2] + b"\x07\x04"), id="padding mixed"),
        pytest.param(enciphered(padded(b"x", length=2**32 - 1)), id="too long"),
        pytest.param(enciphered(b"\x10" * 16), id="too short"),
        pytest.param(enciphered(padded(b"\xff\xfe")), id="not UTF-8"),
        pytest.param(enciphered(padded(b"x", named=b"other")), id="another corp"),
        pytest.param(enciphered(padded(b"x", named=b"\xe9")), id="a corp not ASCII"),
    ],
)
def test_what_wecom_has_not_sealed_for_us_has_no_text(sealed: str) -> None:
    assert decrypt(KEY, sealed, CORP) is None


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reading(noise: bytes) -> None:
    blocks = noise[: len(noise) // 16 * 16]

    assert decrypt(KEY, b64encode(noise).decode(), CORP) is None
    assert decrypt(KEY, enciphered(blocks), CORP) is None


@pytest.mark.parametrize(
    ("encoding_aes_key", "expected"),
    [
        (ACCOUNT.aes_key, KEY),
        (ACCOUNT.aes_key[:-1], None),
        (ACCOUNT.aes_key + "AAAA", None),
        ("A" * 39, None),
        ("密" * 43, None),
        ("", None),
    ],
)
def test_a_key_is_43_characters_of_base64(
    encoding_aes_key: str, expected: bytes | None
) -> None:
    assert expected == key_of(encoding_aes_key)


def test_elements_are_read_whatever_wraps_their_text() -> None:
    document = (
        '<?xml version="1.0"?><xml>\n<A><![CDATA[<1>]]></A> <B>2&amp;3</B><C/>'
        "<D><![CDATA[x]]]]><![CDATA[>y]]></D></xml>"
    )

    assert elements(document) == {"A": "<1>", "B": "2&3", "D": "x]]>y"}


def test_elements_deeper_down_are_left_out() -> None:
    document = "<xml><A>1<B>2</B></A><Items><Item><A>3</A></Item></Items></xml>"

    assert elements(document) == {"A": "1"}


@pytest.mark.parametrize(
    "document",
    [
        pytest.param("", id="nothing"),
        pytest.param("plain words", id="no XML"),
        pytest.param("<xml><A>1</A>", id="cut off"),
        pytest.param("<xml><A>1</B></xml>", id="crossed"),
        pytest.param("<xml><A>&x;</A></xml>", id="an entity from nowhere"),
        pytest.param("<!DOCTYPE xml><xml><A>1</A></xml>", id="a document type"),
        pytest.param(
            '<!DOCTYPE xml [<!ENTITY a "1"><!ENTITY b "&a;&a;">]><xml><A>&b;</A></xml>',
            id="entities that grow",
        ),
        pytest.param(
            '<!DOCTYPE xml [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
            "<xml><A>&a;</A></xml>",
            id="an entity from a file",
        ),
        pytest.param(f"<xml><A>{'x' * 65_536}</A></xml>", id="too long"),
        pytest.param("<xml>\0</xml>", id="a zero byte"),
        pytest.param("<xml>\ud800</xml>", id="half a pair"),
    ],
)
def test_what_wecom_would_not_write_has_no_elements(document: str) -> None:
    assert elements(document) is None


@given(st.text())
def test_words_are_wrapped_so_that_they_come_out_again(text: str) -> None:
    words = "".join(char for char in text if char.isprintable())

    assert (elements(xml({"A": words})) or {}).get("A", "") == words


def test_a_stamp_is_part_of_the_query() -> None:
    query = signed(ACCOUNT, Stamp(timestamp=1, nonce="2"), "s")

    assert query.endswith("&timestamp=1&nonce=2")

"""Signed CAP: only a certificate that was configured for its sender makes it good."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import load_pem_x509_certificate
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.intake.dialect import (
    Reading,
    Unproven,
    Unreadable,
    Warned,
    read_document,
)
from dispatcher.intake.signature import NAMESPACES_MOST, Signers
from dispatcher.intake.xml import DEPTH_MOST
from tests.intake.documents import CAP, CN, NOW, SYSTEM, Change, swap
from tests.intake.signing import EXCLUSIVE, Centre, centre, founded

GOLDEN = Path(__file__).parent / "golden" / "signed"
BARE = CAP.partition("?>\n")[2]  # without a declaration
STYLE = '<?xml-stylesheet type="text/xsl" href="cap.xsl"?>'
OURS, STRANGER = centre(), centre("澄溪县气象台", "2048")
KINDS = {"RSA": STRANGER, "ECDSA": OURS}


def heard(
    text: str | bytes, *centres: Centre, pattern: str = "rain@chengxi"
) -> Reading:
    """Read an alert of a sender for whom these centres' certificates stand."""
    certificates = tuple(one.certificate for one in centres or (OURS,))
    body = text if isinstance(text, bytes) else text.encode()
    return read_document(body, NOW, SYSTEM, Signers({pattern: certificates}))


def told(read: Reading) -> str:
    """What became of it: its identifier, or the code of the problem."""
    match read:
        case Warned(content=content):
            return content.identifier
        case Unproven(why=why) | Unreadable(why=why):
            return why.code
        case problems:
            return ", ".join(problem.code for problem in problems)


@lru_cache
def signed() -> str:
    return OURS.sign(BARE)


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_configured_certificate_signed_is_read(kind: str) -> None:
    signer = KINDS[kind]
    read = heard(signer.sign(BARE), signer)

    assert isinstance(read, Warned)
    assert (read.content.identifier, read.certificate) == ("W-1", signer.certificate)


@pytest.mark.parametrize("method", ["rsa-sha384", "rsa-sha512", "sha256-rsa-MGF1"])
def test_stronger_algorithms_are_good_too(method: str) -> None:
    assert told(heard(STRANGER.sign(BARE, method=method), STRANGER)) == "W-1"


PREFIXED = swap(
    ("<alert xmlns=", "<c:alert xmlns:c="),
    ("</alert>", "</c:alert>"),
    *((f"<{name}>", f"<c:{name}>") for name in ("identifier", "sender", "sent")),
    *((f"</{name}>", f"</c:{name}>") for name in ("identifier", "sender", "sent")),
    *((f"<{name}>", f"<c:{name}>") for name in ("status", "msgType", "scope")),
    *((f"</{name}>", f"</c:{name}>") for name in ("status", "msgType", "scope")),
    ("<info>", '<info xmlns="urn:oasis:names:tc:emergency:cap:1.2">'),
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda text: text.replace("\n", "\r\n"), id="lines of Windows"),
        pytest.param(lambda text: text.replace("\n", ""), id="one line"),
        pytest.param(PREFIXED, id="prefixes"),
        pytest.param(
            swap(
                ("  <status>Actual</status>\n", ""),
                ("<scope>", "<status>Actual</status><scope>"),
            ),
            id="another order",
        ),
        pytest.param(swap(("<info>", "<?desk 7?><!-- seen --><info>")), id="asides"),
        pytest.param(
            swap(("3小时", "<![CDATA[3小时 > 2小时 & ]]>")), id="character data"
        ),
        pytest.param(swap(("<info>", '<x:n xmlns:x="urn:x"/><info>')), id="foreign"),
    ],
)
def test_however_it_is_written_what_is_rightly_signed_is_read(
    kind: str, write: Change
) -> None:
    signer = KINDS[kind]

    assert told(heard(signer.sign(write(BARE)), signer)) == "W-1"


@pytest.mark.parametrize("encoding", ["utf-16", "gb18030", "utf-8-sig"])
def test_the_encoding_on_the_way_is_no_part_of_what_is_signed(encoding: str) -> None:
    named = encoding.removesuffix("-sig")
    text = f'<?xml version="1.0" encoding="{named}"?>\n{signed()}'

    assert told(heard(text.encode(encoding))) == "W-1"


@pytest.mark.parametrize("name", ["rsa", "ecdsa"])
def test_what_another_program_signed_is_read(name: str) -> None:
    """xmlsec1 1.2.37 made these, and verifies them.

    ``rsa`` is what most programs write: a signature in a default namespace, by the
    inclusive canonical form. ``ecdsa`` has prefixes, comments, instructions and a style
    sheet before the root, which by the standard is signed too.
    """
    certificate = load_pem_x509_certificate((GOLDEN / f"{name}.pem").read_bytes())
    body = (GOLDEN / f"{name}.xml").read_bytes()
    signers = Signers({"rain@*": (certificate,)})

    assert told(read_document(body, NOW, SYSTEM, signers)) == "W-1"


def test_a_style_sheet_of_another_programs_alert_is_signed_with_it() -> None:
    certificate = load_pem_x509_certificate((GOLDEN / "ecdsa.pem").read_bytes())
    body = (GOLDEN / "ecdsa.xml").read_bytes().replace(b'"cap.xsl"', b'"bad.xsl"')
    signers = Signers({"rain@*": (certificate,)})

    assert told(read_document(body, NOW, SYSTEM, signers)) == "signature_wrong"


def test_a_style_sheet_put_before_it_after_signing_does_no_harm() -> None:
    assert told(heard(f"{STYLE}\n{signed()}")) == "W-1"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(swap(("<status>Actual<", "<status>Test<")), id="content"),
        pytest.param(swap((">W-1<", ">W-2<")), id="identifier"),
        pytest.param(swap(("\n    <event>", "\n   <event>")), id="blank"),
        pytest.param(swap((">W-1<", ">W-<?x?>1<")), id="instruction"),
        pytest.param(swap(("<info>", "<info/><info>")), id="element"),
        pytest.param(swap(("<info>", "<info x=''>")), id="attribute"),
        pytest.param(
            swap(("</ds:Signature>", "</ds:Signature> ")), id="blank after signature"
        ),
    ],
)
def test_a_change_after_signing_is_seen(change: Change) -> None:
    by_exclusive = told(heard(change(signed())))
    by_inclusive = told(heard(change(STRANGER.sign(BARE)), STRANGER))

    assert (by_exclusive, by_inclusive) == ("signature_wrong", "signature_wrong")


def test_a_comment_added_after_signing_changes_nothing_that_is_read() -> None:
    assert told(heard(swap((">W-1<", ">W<!-- x -->-1<"))(signed()))) == "W-1"


@pytest.mark.parametrize("kind", KINDS)
def test_the_certificate_in_the_message_has_no_say(kind: str) -> None:
    """Somebody signs in our name with a key of his own, and sends it along."""
    forger = KINDS[kind]
    read = heard(forger.sign(BARE), centre("another"))

    assert told(read) == "signature_wrong"


def key_info(text: str) -> str:
    begin, end = text.index("<ds:KeyInfo>"), text.index("</ds:KeyInfo>")
    return text[begin:end] + "</ds:KeyInfo>"


KEY = (
    "<ds:KeyInfo><ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQAB</ds:Modulus>"
    "<ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue></ds:KeyInfo>"
)


@pytest.mark.parametrize(
    "info",
    ["", key_info(STRANGER.sign(BARE)), KEY],
    ids=["nothing", "another certificate", "another key"],
)
def test_a_good_signature_is_good_whatever_key_comes_with_it(info: str) -> None:
    assert told(heard(signed().replace(key_info(signed()), info))) == "W-1"


def test_any_certificate_of_a_sender_will_do_while_he_changes_it() -> None:
    assert told(heard(signed(), centre("old one"), OURS)) == "W-1"


def test_an_unsigned_alert_of_one_who_signs_is_refused() -> None:
    read = heard(BARE)

    assert isinstance(read, Unproven)
    assert (read.sender, read.why.code) == ("rain@chengxi", "signature_missing")
    assert "rain@chengxi" in read.why.zh
    assert "rain@chengxi" in read.why.en


@pytest.mark.parametrize(
    ("pattern", "code"),
    [
        ("rain@*", "signature_missing"),
        ("*@chengxi", "signature_missing"),
        ("*", "signature_missing"),
        ("RAIN@chengxi", "W-1"),
        ("rain@chengxi.gov", "W-1"),
    ],
)
def test_senders_are_matched_as_by_keys(pattern: str, code: str) -> None:
    assert told(heard(BARE, pattern=pattern)) == code


def test_every_pattern_that_a_sender_matches_counts() -> None:
    signers = Signers(
        {"rain@*": (STRANGER.certificate,), "*": (OURS.certificate,), "x": ()}
    )

    assert signers.of("rain@chengxi") == (STRANGER.certificate, OURS.certificate)
    assert told(read_document(signed().encode(), NOW, SYSTEM, signers)) == "W-1"


def test_a_signature_of_one_without_certificates_is_ignored() -> None:
    spoilt = swap((">W-1<", ">W-2<"))(signed())
    read = heard(spoilt, pattern="snow@chengxi")

    assert isinstance(read, Warned)
    assert (read.content.identifier, read.certificate) == ("W-2", None)


def test_a_message_of_12379_is_never_asked_for_a_signature() -> None:
    assert isinstance(heard(CN, pattern="*"), Warned)


@pytest.mark.parametrize("year", [2021, 2099])
def test_a_certificate_out_of_its_time_still_counts(year: int) -> None:
    begins, ends = datetime(year, 1, 1, tzinfo=UTC), datetime(year, 2, 1, tzinfo=UTC)
    key = ec.generate_private_key(ec.SECP256R1())
    late = founded("late", key, begins, ends)
    read = heard(late.sign(BARE), late)

    assert isinstance(read, Warned)
    assert read.certificate == late.certificate


def wrapped(outer: str, inner: str) -> str:
    """An alert that carries another one where nobody reads it."""
    hidden = f'<x:old xmlns:x="urn:x">{inner}</x:old>'
    return outer.replace("</alert>", f"{hidden}</alert>")


def signature_of(text: str) -> str:
    begin, end = text.index("<ds:Signature "), text.index("</ds:Signature>")
    return text[begin:end] + "</ds:Signature>"


FORGED = BARE.replace(">W-1<", ">FORGED<")


def test_a_signed_alert_inside_another_one_signs_that_one_not() -> None:
    inner = signed()
    moved = inner.replace(signature_of(inner), "")
    forged = FORGED.replace("</alert>", f"{signature_of(inner)}</alert>")

    assert told(heard(wrapped(FORGED, inner))) == "signature_missing"
    assert told(heard(wrapped(forged, moved))) == "signature_wrong"
    assert told(heard(wrapped(forged, inner))) == "signature_wrong"


def test_a_signature_over_a_part_is_refused_even_by_the_right_key() -> None:
    named = BARE.replace("<info>", '<info Id="part">')
    by_part = OURS.sign(named, uri="#part")
    whole = BARE.replace("<alert ", '<alert Id="whole" ')
    by_name = OURS.sign(whole, uri="#whole")
    forged = FORGED.replace("</alert>", f"{signature_of(by_name)}</alert>")

    assert told(heard(by_part)) == "signature_unsupported"
    assert told(heard(by_name)) == "signature_unsupported"
    assert told(heard(wrapped(forged, whole))) == "signature_unsupported"


@pytest.mark.parametrize("place", ["<info>", "<area>", "<event>"])
def test_a_signature_anywhere_else_is_none(place: str) -> None:
    inside = BARE.replace(place, f"{place}{signature_of(signed())}", 1)

    assert told(heard(inside)) == "signature_missing"


def test_two_signatures_are_refused_however_good() -> None:
    double = signed().replace("</alert>", f"{signature_of(signed())}</alert>")

    assert told(heard(double)) == "signature_unsupported"


@pytest.mark.parametrize(
    ("method", "digest"),
    [("rsa-sha1", "sha256"), ("rsa-sha256", "sha1"), ("rsa-sha224", "sha256")],
)
def test_weak_algorithms_are_refused(method: str, digest: str) -> None:
    text = STRANGER.sign(BARE, method=method, digest=digest)

    assert told(heard(text, STRANGER)) == "signature_unsupported"


ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
BY = f'Algorithm="{EXCLUSIVE}"'
XPATH = 'Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"'
XSLT = '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"/>'


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(swap((f"{MORE}ecdsa-sha256", f"{MORE}hmac-sha256")), id="secret"),
        pytest.param(swap((f"{MORE}ecdsa-sha256", "urn:none")), id="unknown"),
        pytest.param(swap((ENVELOPED, f"{ENVELOPED[:-19]}base64")), id="base64"),
        pytest.param(
            swap((f'Transform Algorithm="{ENVELOPED}', f"Transform {XPATH[:-1]}")),
            id="XPath instead",
        ),
        pytest.param(swap((f"Transform {BY}", f"Transform {XPATH}")), id="XPath too"),
        pytest.param(
            swap(("</ds:Transforms>", f"{XSLT}</ds:Transforms>")),
            id="XSLT too",
        ),
        pytest.param(swap(('URI=""', 'URI="http://127.0.0.1/"')), id="elsewhere"),
        pytest.param(swap((' URI=""', "")), id="nowhere"),
        pytest.param(
            swap(("</ds:SignedInfo>", '<ds:Reference URI=""/></ds:SignedInfo>')),
            id="two parts",
        ),
        pytest.param(swap(("ds:SignedInfo", "ds:NoInfo")), id="no info"),
    ],
)
def test_any_other_form_is_refused_before_it_is_followed(change: Change) -> None:
    assert told(heard(change(signed()))) == "signature_unsupported"


@pytest.mark.parametrize(
    "cut",
    [
        lambda text: (text.index("<ds:SignatureValue>"), text.index("<ds:KeyInfo>")),
        lambda text: (
            text.index("<ds:SignatureValue>") + 19,
            text.index("</ds:SignatureValue>"),
        ),
        lambda text: (
            text.index("<ds:DigestValue>") + 16,
            text.index("</ds:DigestValue>"),
        ),
        lambda text: (
            text.index("<ds:DigestMethod"),
            text.index("<ds:DigestValue>"),
        ),
    ],
    ids=["no value", "empty value", "empty digest", "no digest method"],
)
def test_a_broken_signature_is_wrong_and_nothing_breaks(
    cut: Callable[[str], tuple[int, int]],
) -> None:
    text = signed()
    begin, end = cut(text)

    assert told(heard(text[:begin] + text[end:])) == "signature_wrong"


def test_what_would_take_the_canonical_form_hours_is_refused() -> None:
    many = "".join(f' xmlns:a{i}="urn:{i}"' for i in range(NAMESPACES_MOST))
    wide = signed().replace("<alert ", f"<alert {many} ")
    one = "".join(f' xmlns:a{i}="urn:{i}"' for i in range(2))
    levels = DEPTH_MOST - 2
    deep = f"<x:y xmlns:x='urn:x'{one}>" * levels + "</x:y>" * levels
    long = swap(("<ds:SignedInfo", f'<ds:SignedInfo Id="{"i" * 9_000}"'))

    assert told(heard(wide)) == "signature_unsupported"
    assert told(heard(signed().replace("<info>", f"{deep}<info>"))) == (
        "signature_unsupported"
    )
    assert told(heard(long(signed()))) == "signature_unsupported"


def test_the_rules_of_the_parser_come_first() -> None:
    with_type = f"<!DOCTYPE alert [<!ENTITY a 'b'>]>{signed()}"
    instructions = signed().replace("<info>", "<?x?>" * 50_001 + "<info>")

    assert told(heard(with_type)) == "doctype_forbidden"
    assert told(heard(instructions)) == "xml_too_wide"


SPOILT = settings(max_examples=150)


@SPOILT
@given(
    at=st.integers(0, len(signed())),
    length=st.integers(0, 40),
    put=st.one_of(
        st.text('<>/"=& \n!-?abW1雨', max_size=8),
        st.sampled_from(
            ["<!-- -->", "<?x?>", "<info/>", "<sender>x@y</sender>", 'Id="a"', "&#13;"]
        ),
    ),
)
def test_whatever_is_changed_nothing_else_than_what_was_signed_is_read(
    at: int, length: int, put: str
) -> None:
    text = signed()
    original = heard(text)
    read = heard(text[:at] + put + text[at + length :], pattern="*")

    assert not isinstance(read, Warned) or read == original

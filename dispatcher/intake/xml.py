"""XML from outside: read without trusting it, or refused with the reason.

No DTD, no entities, no network, no XInclude, and bounds on everything; what a parser
would have to guess, such as an encoding that is not the one declared, is refused.
"""

from __future__ import annotations

import re
from typing import LiteralString

from lxml import etree

from dispatcher.intake.problem import Problem, problem

BYTES_MOST = 1_048_576
DEPTH_MOST = 32
ELEMENTS_MOST = 50_000
ATTRIBUTES_MOST = 64  # on one element

UTF8_MARK = b"\xef\xbb\xbf"
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
UTF32_MARKS = (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")
DECLARATION = re.compile(
    r"""\A<\?xml\s[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["'][^>]*?\?>"""
)
# Encodings that real warning centres write; each is what its name says, byte for byte.
KNOWN = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "ascii",
    "ascii": "ascii",
    "iso-8859-1": "iso-8859-1",
    "windows-1252": "windows-1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
}
UTF16_NAMES = frozenset({"utf-16", "utf16", "utf-16le", "utf-16be", "unicode"})


def read_xml(body: bytes, most: int = BYTES_MOST) -> etree._Element | Problem:
    """Read a document, or tell why it is not read; comments and such are dropped."""
    text = xml_text(body, most)
    return text if isinstance(text, Problem) else xml_tree(text)


def xml_text(body: bytes, most: int = BYTES_MOST) -> str | Problem:
    """The characters of a document whose encoding is what it says, or why not."""
    if len(body) > most:
        return _refused("too_large_xml")
    text = _decoded(body)
    if isinstance(text, Problem):
        return text
    text = text.lstrip("\ufeff \t\r\n")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        return _refused("doctype_forbidden")
    return DECLARATION.sub("", text, count=1)


def _refused(code: LiteralString) -> Problem:
    return problem((), code)


def _decoded(body: bytes) -> str | Problem:
    """The text, by its mark or its declaration; never by a guess."""
    if body.startswith(UTF32_MARKS):
        return _refused("encoding_unsupported")
    if body.startswith(UTF16_MARKS):
        return _as(body, "utf-16", UTF16_NAMES)
    if body.startswith(UTF8_MARK):
        return _as(body, "utf-8-sig", frozenset({"utf-8", "utf8"}))
    if body[:4] in {b"<\x00?\x00", b"\x00<\x00?"}:
        return _as(body, "utf-16le" if body[:1] == b"<" else "utf-16be", UTF16_NAMES)
    head = body.lstrip(b" \t\r\n")[:200].decode("latin-1")
    named = DECLARATION.match(head)
    code = KNOWN.get(named[1].lower()) if named else "utf-8"
    if code is None:
        return _refused("encoding_unsupported")
    try:
        return body.decode(code)
    except UnicodeDecodeError:
        return _refused("encoding_wrong")


def _as(body: bytes, code: str, names: frozenset[str]) -> str | Problem:
    try:
        text = body.decode(code)
    except UnicodeDecodeError:
        return _refused("encoding_wrong")
    named = DECLARATION.match(text.lstrip("\ufeff \t\r\n")[:200])
    if named and named[1].lower() not in names:
        return _refused("encoding_wrong")
    return text


def xml_tree(text: str, *, instructions: bool = False) -> etree._Element | Problem:
    """The elements of a text from :func:`xml_text`, within the bounds, or why not.

    :param instructions: keep processing instructions: a signature covers them
    """
    try:
        root = etree.fromstring(text.encode(), hardened(instructions=instructions))
    except (etree.XMLSyntaxError, ValueError):
        return _refused("not_xml")
    return _bounded(root) or root


def hardened(*, instructions: bool = False) -> etree.XMLParser:
    """A parser that reads nothing but what lies before it, and drops comments."""
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=not instructions,
        strip_cdata=True,
    )


def _bounded(root: etree._Element) -> Problem | None:
    count, open_elements = 1, [(root, 1)]
    while open_elements:
        element, depth = open_elements.pop()
        count += len(element)
        if depth > DEPTH_MOST:
            return _refused("xml_too_deep")
        if count > ELEMENTS_MOST or len(element.attrib) > ATTRIBUTES_MOST:
            return _refused("xml_too_wide")
        open_elements.extend((child, depth + 1) for child in element)
    return None


def local(element: etree._Element) -> str:
    """The name of an element without its namespace."""
    return etree.QName(element).localname


def words(element: etree._Element | None) -> str:
    """The text of an element, with what is inside it, and no blank at the ends."""
    return "" if element is None else "".join(element.itertext()).strip()  # type: ignore[arg-type] # the stubs know bytes too

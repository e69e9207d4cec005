"""Feeds of CAP alerts: which alerts a list names, in Atom or RSS.

Sources: RFC 4287 (Atom), RSS 2.0 and 1.0. What an entry says of its alert is not
trusted: the alert itself is fetched and read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin

from lxml import etree

from dispatcher.intake.cap import is_cap
from dispatcher.intake.document import Element
from dispatcher.intake.problem import Problem, problem
from dispatcher.intake.xml import local, read_xml, words

FEED_BYTES_MOST = 8 * 1_048_576
ROOTS = frozenset({"feed", "rss", "RDF"})
ITEMS = frozenset({"entry", "item"})
CAP_TYPE = "application/cap+xml"
# In an Atom link: the alert itself, or what an entry stands for.
RELATIONS = frozenset({"", "alternate", "enclosure", "related"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One alert of a feed.

    :ivar name: it is another one when any of its id, its time or its address is
    :ivar link: where the alert is; empty where it stands in the feed
    :ivar document: the alert where it stands in the feed
    """

    name: str
    link: str
    document: bytes = b""


def read_feed(body: bytes, url: str) -> list[Entry] | Problem:
    """The alerts that a feed names, as it orders them.

    :param url: where it was fetched; its links may be relative to that
    """
    root = read_xml(body, FEED_BYTES_MOST)
    if isinstance(root, Problem):
        return root
    if local(root) not in ROOTS:
        return problem((), "feed_expected")
    return [entry for item in _items(root) if (entry := _entry(item, url))]


def _items(root: Element) -> Iterator[Element]:
    for element in root.iter():
        if local(element) in ITEMS:
            yield element


def _entry(item: Element, url: str) -> Entry | None:
    document = next(map(etree.tostring, filter(is_cap, item.iterdescendants())), b"")
    try:
        link = "" if document else urljoin(url, _link(item))
    except ValueError:  # an address that is none
        return None
    if not document and link in {"", url}:
        return None
    told = [words(one) for one in item if local(one) in {"id", "guid", "updated"}]
    dates = [words(one) for one in item if local(one) in {"pubDate", "date"}]
    name = "\n".join((*told, *dates, link)).encode() + document
    return Entry(
        name=hashlib.blake2b(name, digest_size=16).hexdigest(),
        link=link,
        document=document,
    )


def _link(item: Element) -> str:
    """The address of the alert: what is said to be CAP, else what is said first."""
    found = list(_links(item))
    cap = (address for kind, address in found if kind == CAP_TYPE)
    others = (address for kind, address in found if kind != "text/html")
    return next(cap, next(others, ""))


def _links(item: Element) -> Iterator[tuple[str, str]]:
    for one in item:
        kind = one.get("type", "").partition(";")[0].strip().lower()
        if local(one) == "enclosure" and one.get("url"):
            yield kind, one.get("url", "").strip()
        elif local(one) == "link" and one.get("rel", "") in RELATIONS:
            address = one.get("href", "") or words(one)
            if address:
                yield kind, address.strip()

"""Lists of CAP alerts, in Atom and RSS as warning centres publish them."""

from __future__ import annotations

import pytest

from dispatcher.intake.dialect import Warned, read_document
from dispatcher.intake.feed import Entry, read_feed
from dispatcher.intake.problem import Problem
from dispatcher.intake.signature import Signers
from tests.intake.documents import CAP, NOW, SYSTEM

URL = "https://cap.example.org/feeds/all.xml"
ATOM = """\
<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"
  xmlns:cap="urn:oasis:names:tc:emergency:cap:1.2">
  <id>https://cap.example.org/feeds/all.xml</id>
  <link rel="self" href="https://cap.example.org/feeds/all.xml"/>
  {entries}
</feed>
"""
RSS = """\
<rss version="2.0"><channel><title>Alerts</title>
  <link>https://cap.example.org/</link>
  {entries}
</channel></rss>
"""


def links(body: str) -> list[str]:
    found = read_feed(body.encode(), URL)
    assert isinstance(found, list), found
    return [entry.link for entry in found]


def atom(*links: str, updated: str = "2026-07-12T01:12:00Z") -> str:
    entry = (
        f"<entry><id>W-1</id><updated>{updated}</updated>"
        f"<cap:severity>Extreme</cap:severity>{''.join(links)}</entry>"
    )
    return ATOM.format(entries=entry)


@pytest.mark.parametrize(
    ("given", "link"),
    [
        ('<link href="https://x.example/a.xml"/>', "https://x.example/a.xml"),
        ('<link rel="alternate" href="a.xml"/>', "https://cap.example.org/feeds/a.xml"),
        ('<link href="/cap/a"/>', "https://cap.example.org/cap/a"),
        (
            '<link type="text/html" href="/b"/><link href="/a"/>',
            "https://cap.example.org/a",
        ),
        (
            '<link href="/c"/><link type="application/cap+xml" href="/a"/>',
            "https://cap.example.org/a",
        ),
    ],
)
def test_an_entry_of_atom_names_its_alert(given: str, link: str) -> None:
    assert links(atom(given)) == [link]


@pytest.mark.parametrize(
    "given",
    [
        "",
        '<link rel="edit" href="/a"/>',
        '<link type="text/html" href="/a"/>',
        '<link href="http://[::1/"/>',
    ],
)
def test_an_entry_that_names_no_alert_is_none(given: str) -> None:
    assert links(atom(given)) == []


def test_items_of_rss_name_theirs_by_a_link_or_an_enclosure() -> None:
    items = (
        "<item><guid>1</guid><link> https://x.example/1.xml </link></item>"
        "<item><guid>2</guid><link>https://x.example/2.html</link>"
        '<enclosure url="https://x.example/2.xml" type="application/cap+xml"/></item>'
        "<item><guid>3</guid></item>"
    )

    assert links(RSS.format(entries=items)) == [
        "https://x.example/1.xml",
        "https://x.example/2.xml",
    ]


def test_an_alert_may_stand_in_the_list_itself() -> None:
    inside = f'<content type="text/xml">{CAP.partition("?>")[2]}</content>'
    found = read_feed(atom(inside).encode(), URL)
    assert isinstance(found, list)
    [entry] = found
    read = read_document(entry.document, NOW, SYSTEM, Signers())

    assert entry.link == ""
    assert isinstance(read, Warned)
    assert read.content.identifier == "W-1"


def test_an_entry_is_another_one_when_its_time_or_its_address_is() -> None:
    made = [
        atom('<link href="/a"/>'),
        atom('<link href="/a"/>'),
        atom('<link href="/b"/>'),
        atom('<link href="/a"/>', updated="2026-07-12T02:12:00Z"),
    ]
    names = [entry.name for body in made for entry in entries(body)]

    assert names[0] == names[1]
    assert len(set(names)) == 3


def entries(body: str) -> list[Entry]:
    found = read_feed(body.encode(), URL)
    return [] if isinstance(found, Problem) else found


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not_xml"),
        (b"<html><body/></html>", "feed_expected"),
        (CAP.encode(), "feed_expected"),
        (b'<!DOCTYPE feed [<!ENTITY a "b">]><feed>&a;</feed>', "doctype_forbidden"),
        (b"<feed>" + b" " * (8 << 20) + b"</feed>", "too_large_xml"),
    ],
)
def test_what_is_no_list_is_told(body: bytes, code: str) -> None:
    found = read_feed(body, URL)

    assert isinstance(found, Problem)
    assert found.code == code


def test_a_list_may_be_larger_than_an_alert() -> None:
    body = atom('<link href="/a"/>').encode() + b" " * (2 << 20)

    assert len(entries(body.decode())) == 1

"""What was built: it is of these sources, is small, and asks nobody outside."""

from __future__ import annotations

import gzip
import json
import re
from typing import Any

from dispatcher.console.page import STATIC
from hatch_build import STAMP, stamp
from tests.console.desk import need

BUDGET = 150_000  # bytes, packed
MANIFEST = STATIC / ".vite" / "manifest.json"
ADDRESS = re.compile(r"https?://[\w.-]+[^\s\"'`)]*")
# Names, not places to fetch from: of XML, of licences, and in what errors tell.
NAMES = ("http://www.w3.org/", "https://svelte.dev/e/", "https://leafletjs.com")


def test_what_is_served_was_built_from_these_sources() -> None:
    need(STAMP)

    assert STAMP.read_text() == stamp()


def test_no_page_loads_more_than_a_slow_line_carries() -> None:
    need(MANIFEST)
    parts = json.loads(MANIFEST.read_text())
    pages = [name for name, part in parts.items() if part.get("isDynamicEntry")]
    ways = {page: ("index.html", page) for page in pages} | {"sim.html": ("sim.html",)}
    loads = {page: sum(map(packed, closure(parts, *way))) for page, way in ways.items()}

    assert len(loads) > len(pages) > 1
    assert {page: size for page, size in loads.items() if size >= BUDGET} == {}


def closure(parts: dict[str, Any], *names: str) -> set[str]:
    """The files of scripts and styles that come with these parts."""
    waiting, seen = [*names], set[str]()
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += parts[name].get("imports", ())
    return {
        file
        for name in seen
        for file in (parts[name]["file"], *parts[name].get("css", ()))
    }


def packed(file: str) -> int:
    """Bytes of a file on the wire."""
    return len(gzip.compress((STATIC / file).read_bytes()))


def test_no_built_file_names_an_address_outside() -> None:
    need(STATIC / "index.html")
    found = {
        address
        for part in STATIC.rglob("*")
        if part.suffix in {".js", ".css", ".html", ".svg"}
        for address in ADDRESS.findall(part.read_text())
        if not address.startswith(NAMES)
    }

    assert found == set()

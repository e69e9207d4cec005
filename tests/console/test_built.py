"""What was built: it is of these sources, is small, and asks nobody outside."""

from __future__ import annotations

import gzip
import re

from dispatcher.console.page import STATIC
from hatch_build import STAMP, stamp
from tests.console.desk import need

BUDGET = 150_000
ADDRESS = re.compile(r"https?://[\w.-]+[^\s\"'`)]*")
# Names, not places to fetch from: of XML, of licences, and in what errors tell.
NAMES = ("http://www.w3.org/", "https://svelte.dev/e/", "https://leafletjs.com")


def test_what_is_served_was_built_from_these_sources() -> None:
    need(STAMP)

    assert STAMP.read_text() == stamp()


def test_script_and_style_stay_small() -> None:
    need(STATIC / "index.html")
    parts = [*STATIC.glob("assets/*.js"), *STATIC.glob("assets/*.css")]

    assert 0 < sum(len(gzip.compress(part.read_bytes())) for part in parts) < BUDGET


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

"""The tables of a channel's page, for comparing them with its code."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from channels.contract import Capabilities

PAGES = Path(__file__).parents[2] / "docs" / "channels"


def rows(provider: str, heading: str) -> list[list[str]]:
    """The cells of the table under a heading, as plain text."""
    page = (PAGES / f"{provider}.md").read_text()
    section = page.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    table = re.findall(r"^\| (.+) \|$", section, re.MULTILINE)[1:]
    return [row.replace("`", "").split(" | ") for row in table]


def capability_cells(capabilities: Capabilities) -> list[list[str]]:
    """What the first two columns of the capabilities have to say."""
    words = {True: "yes", False: "no", (): "all"}
    values = {
        each.name: getattr(capabilities, each.name) for each in fields(capabilities)
    }
    return [[name, str(words.get(value, value))] for name, value in values.items()]


def setting_keys(settings: type) -> list[str]:
    """The keys an officer fills in: all but the one the dispatcher gives."""
    keys = [str(each.metadata.get("key", each.name)) for each in fields(settings)]
    keys.remove("public_base_url")
    return keys

"""Whole messages of 12379, as makers of several kinds write them, with their answers.

The messages and the places in them are invented.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from dispatcher.core.alert import Area, Content
from tests.intake.documents import read

GOLDEN = Path(__file__).parent / "golden" / "cn12379"
EXPECTED: dict[str, Any] = json.loads((GOLDEN / "expected.json").read_text("utf-8"))


def told(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None


def place(area: Area) -> dict[str, Any]:
    return {
        "name": area.name,
        "codes": [one.code for one in area.codes],
        "polygons": [[[*point] for point in one.outer] for one in area.polygons],
        "circles": [[*one.centre, one.radius_km] for one in area.circles],
    }


def part(content: Content) -> dict[str, Any]:
    return {
        "level": content.level,
        "event_code": content.event_code,
        "event": content.event,
        "headline": content.headline,
        "description": content.description,
        "instruction": content.instruction,
        "issuer": content.issuer,
        "effective": told(content.effective),
        "expires": told(content.expires),
        "areas": [place(one) for one in content.areas],
    }


def whole(content: Content) -> dict[str, Any]:
    return {
        "sender": content.sender,
        "identifier": content.identifier,
        "sent": told(content.sent),
        "status": content.status,
        "msg_type": content.msg_type,
        "references": [
            [one.sender, one.identifier, told(one.sent)] for one in content.references
        ],
        "parts": [part(one) for one in content.parts],
    }


@pytest.mark.parametrize("name", EXPECTED)
def test_a_golden_message_says_what_it_should(name: str) -> None:
    found = read((GOLDEN / f"{name}.xml").read_bytes())

    assert isinstance(found, Content), found
    assert whole(found) == EXPECTED[name]


def test_every_golden_message_has_its_answer() -> None:
    assert {path.stem for path in GOLDEN.glob("*.xml")} == set(EXPECTED)

"""Where units lie."""

from __future__ import annotations

import json
from collections.abc import Mapping

from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Connection, select

from contacts.geometry import outline_of
from contacts.model import UnitId
from dispatcher.store import batch, people, schema

OUTLINES_VERSION = "outlines_version"


def outlines_version(connection: Connection) -> int:
    """A number that rises with every change of the outlines.

    The roster changes often, by every number that is found wrong; outlines are large.
    """
    return people.version_of(connection, OUTLINES_VERSION)


def outlines(connection: Connection) -> dict[UnitId, BaseGeometry]:
    """The land of every unit whose outline is known."""
    rows = connection.execute(select(schema.outline))
    return {
        UnitId(row.unit): land
        for row in rows
        if (land := outline_of(json.loads(row.geometry))) is not None
    }


def outlined(connection: Connection) -> frozenset[UnitId]:
    """The units whose outline is known, whether or not the roster still has them."""
    return frozenset(map(UnitId, connection.scalars(select(schema.outline.c.unit))))


def save_outlines(connection: Connection, found: Mapping[UnitId, BaseGeometry]) -> None:
    """Keep outlines; those of other units stay."""
    rows = [
        {"unit": unit, "geometry": json.dumps(mapping(land))}
        for unit, land in found.items()
    ]
    batch.replace(connection, schema.outline, rows)
    people.raise_version(connection, OUTLINES_VERSION)
    people.raise_version(connection)

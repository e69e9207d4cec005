"""Rotations, overrides and leaves as they stand in the store."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, time
from typing import Any

from sqlalchemy import Connection, Row, select

from contacts.days import DayKind
from contacts.duty import Duties, Leave, Override, Rotation, Span
from contacts.model import HumanId, Post, PostRef, UnitId
from dispatcher.store import duty_schema

DUTIES_VERSION = "duties_version"  # rises with every change of them

Members = Mapping[int, list[HumanId]]


def duties(connection: Connection) -> Duties:
    """All there are, of units and people that are in the roster or were once."""
    members = _members(connection)
    rotations = connection.execute(
        select(duty_schema.rotation).order_by(duty_schema.rotation.c.number)
    )
    overrides = connection.execute(
        select(duty_schema.override).order_by(duty_schema.override.c.number)
    )
    leaves = connection.execute(
        select(duty_schema.leave).order_by(duty_schema.leave.c.number)
    )
    return Duties(
        rotations=tuple(_rotation(row, members) for row in rotations),
        overrides=tuple(_override(row, members) for row in overrides),
        leaves=tuple(map(_leave, leaves)),
    )


def _members(connection: Connection) -> Members:
    found: dict[int, list[HumanId]] = defaultdict(list)
    table = duty_schema.member
    rows = connection.execute(select(table).order_by(*table.primary_key.columns))
    for row in rows:
        found[row.number].append(HumanId(row.human))
    return found


def _ref(row: Row[Any]) -> PostRef:
    return PostRef(UnitId(row.unit), Post(row.post))


def _span(row: Row[Any]) -> Span:
    return Span(begins=row.begins_at, ends=row.ends_at)


def _rotation(row: Row[Any], members: Members) -> Rotation:
    return Rotation(
        number=row.number,
        ref=_ref(row),
        members=tuple(members[row.number]),
        starts_on=date.fromisoformat(row.starts_on),
        ends_on=date.fromisoformat(row.ends_on) if row.ends_on else None,
        hours=row.hours,
        handover=time.fromisoformat(row.handover),
        kind=DayKind(row.kind) if row.kind else None,
        zone=row.zone,
    )


def _override(row: Row[Any], members: Members) -> Override:
    return Override(
        number=row.number,
        ref=_ref(row),
        humans=tuple(members[row.number]),
        span=_span(row),
    )


def _leave(row: Row[Any]) -> Leave:
    return Leave(
        number=row.number,
        ref=_ref(row),
        human=HumanId(row.human),
        substitute=HumanId(row.substitute) if row.substitute else None,
        span=_span(row),
    )

"""Edits of what is bound to time, with a line in the house journal of each."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import assert_never

from sqlalchemy import Connection

from contacts.duty import Duties, Leave, Override, Rotation, TimeBound
from dispatcher.core.journal import HOUSE, DutyChange, DutyChanged, DutyForm
from dispatcher.store import duty, journal
from dispatcher.store.roster_edits import Editing


def add(
    connection: Connection, made: Iterable[TimeBound], editing: Editing
) -> tuple[TimeBound, ...]:
    """Write these down; gives them numbered, in their order."""
    added = duty.add(connection, made).every
    _note(connection, DutyChange.ADDED, added, editing)
    return added


def put(connection: Connection, one: TimeBound, editing: Editing) -> None:
    """Let this take the place of what has its number, and so its rank."""
    duty.put(connection, one)
    _note(connection, DutyChange.REPLACED, [one], editing)


def remove(connection: Connection, one: TimeBound, editing: Editing) -> None:
    """Take this back."""
    duty.remove(connection, [one.number])
    _note(connection, DutyChange.REMOVED, [one], editing)


def plan(
    connection: Connection, overrides: Iterable[Override], editing: Editing
) -> Duties:
    """Let these take the place of what was planned for their posts in their time."""
    planned = duty.plan(connection, overrides)
    _note(connection, DutyChange.REMOVED, planned.removed, editing)
    _note(connection, DutyChange.ADDED, planned.made.every, editing)
    return planned.made


def _note(
    connection: Connection,
    how: DutyChange,
    changed: Iterable[TimeBound],
    editing: Editing,
) -> None:
    entries = [_entry(how, one, editing) for one in changed]
    journal.note(connection, HOUSE, entries)


def _entry(how: DutyChange, one: TimeBound, editing: Editing) -> DutyChanged:
    form, begins, ends = _told(one)
    return DutyChanged(
        at=editing.at,
        by=editing.by,
        how=how,
        number=one.number,
        form=form,
        unit=one.ref.unit,
        post=one.ref.post,
        people=one.humans,
        begins=begins,
        ends=ends,
    )


def _told(one: TimeBound) -> tuple[DutyForm, datetime | None, datetime | None]:
    match one:
        case Rotation():
            return DutyForm.ROTATION, one.begins, one.ends
        case Override(span=span):
            return DutyForm.OVERRIDE, span.begins, span.ends
        case Leave(span=span):
            return DutyForm.LEAVE, span.begins, span.ends
        case _:
            assert_never(one)

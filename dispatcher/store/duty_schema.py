"""The tables of duty: who answers for a post in which hours."""

from __future__ import annotations

from sqlalchemy import Column, Integer, Table, Text

from dispatcher.store.moment import Moment
from dispatcher.store.schema import metadata

# What is bound to time in a post; numbers count up through all three kinds, and rows
# stay when a roster drops their unit or people: another one may bring them back.
rotation = Table(
    "rotation",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("unit", Text, nullable=False),
    Column("post", Text, nullable=False),
    Column("starts_on", Text, nullable=False),
    Column("ends_on", Text),
    Column("hours", Integer, nullable=False),
    Column("handover", Text, nullable=False),
    Column("kind", Text),
    Column("zone", Text, nullable=False),
)

override = Table(
    "duty_override",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("unit", Text, nullable=False),
    Column("post", Text, nullable=False),
    Column("begins_at", Moment),
    Column("ends_at", Moment),
)

# The humans of a rotation in the order of turns, of an override in that of calling.
member = Table(
    "duty_member",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True),
    Column("human", Text, nullable=False),
)

leave = Table(
    "duty_leave",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("unit", Text, nullable=False),
    Column("post", Text, nullable=False),
    Column("human", Text, nullable=False),
    Column("substitute", Text),
    Column("begins_at", Moment),
    Column("ends_at", Moment),
)

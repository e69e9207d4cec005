"""The tables of feeds: how each was fetched last, and what of it was seen."""

from __future__ import annotations

from sqlalchemy import Column, Integer, Table, Text

from dispatcher.store.moment import Moment
from dispatcher.store.schema import metadata

feed = Table(
    "feed",
    metadata,
    Column("name", Text, primary_key=True),
    Column("etag", Text, nullable=False),
    Column("modified", Text, nullable=False),
    Column("polled_at", Moment, nullable=False),
    Column("ok_at", Moment),
    Column("failures", Integer, nullable=False),
    Column("problem", Text, nullable=False),
)

feed_entry = Table(
    "feed_entry",
    metadata,
    Column("feed", Text, primary_key=True),
    Column("entry", Text, primary_key=True),
    Column("seen_at", Moment, nullable=False),
    Column("alert", Text),
    Column("problem", Text, nullable=False),
)

"""Facts, callouts and alerts to JSON and back: pydantic at the store's edge."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from dispatcher.core.alert import Content
from dispatcher.core.board import Face
from dispatcher.core.callout import Callout
from dispatcher.core.fact import Fact
from dispatcher.core.journal import Entry
from dispatcher.core.report import Tally

FACT: TypeAdapter[Fact] = TypeAdapter(Annotated[Fact, Field(discriminator="kind")])
ENTRY: TypeAdapter[Entry] = TypeAdapter(Annotated[Entry, Field(discriminator="kind")])
CALLOUT: TypeAdapter[Callout] = TypeAdapter(Callout)
TALLY: TypeAdapter[Tally] = TypeAdapter(Tally)
FACE: TypeAdapter[Face] = TypeAdapter(Face)
CONTENT: TypeAdapter[Content] = TypeAdapter(Content)
# Of each kind of fact: the union looks for it each time, which takes as long again.
WRITERS: dict[type[Any], TypeAdapter[Fact]] = {}


def fact_json(fact: Fact) -> str:
    """One fact as it is kept."""
    kind = type(fact)
    if kind not in WRITERS:
        WRITERS[kind] = TypeAdapter(kind)
    return WRITERS[kind].dump_json(fact).decode()


def callout_json(callout: Callout) -> str:
    """The state of a callout as it is kept, without what is as it was at the start.

    Its facts are what vouches for it; this is two fifths shorter.
    """
    return CALLOUT.dump_json(callout, exclude_defaults=True).decode()


def entry_json(entry: Entry) -> str:
    """One entry of a journal as it is kept."""
    return ENTRY.dump_json(entry).decode()


def content_json(content: Content) -> str:
    """What an alert says, as its digest is made of it.

    Without what is not said: a later version of ours may know of more to say.
    """
    return CONTENT.dump_json(content, exclude_defaults=True).decode()


def content_digest(content: Content) -> str:
    """SHA-256 of what an alert says: its journal vouches for that."""
    return hashlib.sha256(content_json(content).encode()).hexdigest()

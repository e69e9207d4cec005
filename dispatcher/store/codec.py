"""Facts, callouts and alerts to JSON and back: pydantic at the store's edge."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, TypeAdapter

from dispatcher.core.alert import Content
from dispatcher.core.callout import Callout
from dispatcher.core.fact import Fact
from dispatcher.core.report import Tally

FACT: TypeAdapter[Fact] = TypeAdapter(Annotated[Fact, Field(discriminator="kind")])
CALLOUT: TypeAdapter[Callout] = TypeAdapter(Callout)
TALLY: TypeAdapter[Tally] = TypeAdapter(Tally)
CONTENT: TypeAdapter[Content] = TypeAdapter(Content)


def fact_json(fact: Fact) -> str:
    """One fact as it is kept."""
    return FACT.dump_json(fact).decode()


def callout_json(callout: Callout) -> str:
    """The state of a callout as it is kept."""
    return CALLOUT.dump_json(callout).decode()

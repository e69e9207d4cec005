"""Ways in beside the API of our own, and who has to sign what he sends."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from config.complaint import one_of, refuse
from config.section import Names, Section, WebAddress, listed

LOOKED_UP = re.compile(r"\${1,2}(\.[^.\s]+)+")  # $.labels.severity, $$.station.name
COLOURS = ("red", "orange", "yellow", "blue", "white")
STATES = ("firing", "resolved")
CERTIFICATES_MOST = 8  # for one pattern: each is tried on a signature


def _value(text: str) -> str:
    if text.startswith("$") and not LOOKED_UP.fullmatch(text):
        what = f"“{text}”不是字段路径"
        raise refuse(what, "请写成 $.labels.severity 一类,整份内容里的写成 $$.名称")
    return text


def _sender_pattern(pattern: str) -> str:
    if not pattern or re.search(r"[\s,<&]", pattern):
        what = f"“{pattern}”不会与任何发布者相符"
        raise refuse(what, '请写发布者或其通配,如 "rain-*@chengxi"')
    return pattern


SenderPattern = Annotated[str, AfterValidator(_sender_pattern)]
CertificateFiles = Annotated[
    list[Path],
    BeforeValidator(listed),
    Field(min_length=1, max_length=CERTIFICATES_MOST),
]
Certificates = dict[SenderPattern, CertificateFiles]


def _several(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _values(maps: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    for name, table in maps.items():
        one_of(name, FIELDS)
        for meant in table.values():
            if name in KNOWN:
                one_of(meant, KNOWN[name])
    return maps


KNOWN: Mapping[str, tuple[str, ...]] = {"level": COLOURS, "state": STATES}

# One value, or several of which the first that says anything is taken. What begins
# with $. is looked up in the item that was posted, with $$. in the whole body.
Value = Annotated[str, AfterValidator(_value)]
Source = Annotated[list[Value], BeforeValidator(_several)] | None


class Resolved(StrEnum):
    """What the end of an alarm does with the warning it made."""

    CANCEL = "cancel"
    IGNORE = "ignore"  # an officer lifts it


class Monitor(Section):
    """How what a monitor posts becomes a warning; named like the API key it uses.

    A field that is None is looked up where that kind of monitor usually has it.

    :ivar items: where the list of alarms is; empty: the body is one alarm itself
    :ivar alarm: what stays the same from the first notice of an alarm to its end
    :ivar began: when the alarm began, :ivar ended: when it was over
    :ivar code: codes of areas, in the list ``code_system``
    :ivar values: for a field, what each value of the monitor means in ours
    """

    items: Annotated[str, AfterValidator(_value)] | None = None
    alarm: Source = None
    state: Source = None
    began: Source = None
    ended: Source = None
    sender: Source = None
    status: Literal["Actual", "Exercise", "Test"] = "Actual"
    event_code: Source = None
    event: Source = None
    level: Source = None
    headline: Source = None
    description: Source = None
    instruction: Source = None
    issuer: Source = None
    area: Source = None
    code: Source = None
    code_system: str = ""
    lat: Source = None
    lon: Source = None
    radius_km: Source = None
    resolved: Resolved = Resolved.CANCEL
    values: Annotated[dict[str, dict[str, str]], AfterValidator(_values)] = Field(
        default_factory=dict
    )


FIELDS = tuple(
    name
    for name in Monitor.model_fields
    if name not in {"items", "status", "code_system", "resolved", "values"}
)


class Feed(Section):
    """A list of CAP alerts that is fetched again and again (Atom or RSS).

    :ivar senders: patterns of senders whose alerts it may carry
    :ivar hosts: hosts beside its own from which it may have us fetch alerts
    :ivar token: bearer token, for its own host only
    """

    url: WebAddress
    senders: Annotated[Names, Field(min_length=1)]
    every_seconds: Annotated[int, Field(ge=5, le=3600)] = 60
    hosts: Names = Field(default_factory=list)
    token: Annotated[str, Field(repr=False)] = ""

"""``jiaoying plan``: whom a warning would call and how fast, without issuing it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from channels.contract import Channel
from config.settings import Settings, load
from contacts.area import Resolution
from contacts.model import Post, Unit, UnitId
from dispatcher.api import sheet, words
from dispatcher.api.advice import drawn, places, to_call, warnings
from dispatcher.cli.failure import BAD_INPUT, CommandError
from dispatcher.cli.warned import listed, read_warning
from dispatcher.core.alert import (
    Alert,
    AlertState,
    Content,
    MsgType,
    ParkReason,
    Status,
)
from dispatcher.engine.accept import Request, located, submission
from dispatcher.engine.context import Context
from dispatcher.engine.runtime import running
from dispatcher.intake.complete import complete
from dispatcher.intake.problem import Problem, problem

OWNER_ONLY = 0o600  # a sheet shows numbers in clear
NOBODY = "照此发布不会叫应任何人:{why}"
EXPIRED = "预警已过期"
PARKED = {
    ParkReason.UNRESOLVED_AREA: "范围无法识别",
    ParkReason.NO_AUDIENCE: "范围内没有责任单元",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """A warning as it would be taken in at a moment."""

    context: Context
    alert: Alert
    at: datetime


def plan(config: Path | None, file: Path, folder: Path | None) -> dict[str, Any]:
    """Resolve a warning against the store; tells whom it calls and how fast.

    :param folder: where a call sheet for each township is written; None: nowhere
    :raises CommandError: with everything that keeps it from being issued
    """
    try:
        body = file.read_bytes()
    except OSError as error:
        raise CommandError([f"{file}: {error.strerror}"], BAD_INPUT) from error
    rehearsal = asyncio.run(_rehearse(load(config, os.environ), file, body))
    sheets = _write(rehearsal, folder) if folder else ()
    return {"file": str(file), **_told(rehearsal), "sheets": list(sheets)}


async def _rehearse(settings: Settings, file: Path, body: bytes) -> Rehearsal:
    async with running(settings) as runtime:
        context, now = await runtime.keeper.context(), runtime.clock.now()
    content = _content(file, body, now, settings.intake.code_system)
    where = located(context, content)
    if problems := (*_misplaced(where.whole),):
        raise CommandError(listed(str(file), problems), BAD_INPUT)
    request = Request(
        content=content,
        said=content,
        by="plan",
        idempotency_key=None,
        may_cancel=False,
        at=now,
    )
    alert = submission(context, request, where).alert
    return Rehearsal(context=context, alert=alert, at=now)


def _content(file: Path, body: bytes, now: datetime, code_system: str) -> Content:
    """What the file says; a draft is read as if it were issued."""
    read = read_warning(str(file), body, now, code_system)
    content = read.content if read.strict else complete(read.content)[0]
    return _called_out(file, content)


def _called_out(file: Path, content: Content) -> Content:
    if content.msg_type is not MsgType.ALERT or content.status is Status.SYSTEM:
        what = f"{file}: {content.status} {content.msg_type} calls nobody"
        raise CommandError([f"{what}; give a first alert"], BAD_INPUT)
    draft = content.status is Status.DRAFT
    return replace(content, status=Status.ACTUAL) if draft else content


def _misplaced(where: Resolution) -> Iterator[Problem]:
    for unit in where.unknown_units:
        yield problem(("areas",), "unknown_unit", unit=unit)
    for area in where.mismatched:
        yield problem(("areas",), "name_code_mismatch", name=area.name)


def _told(rehearsal: Rehearsal) -> dict[str, Any]:
    context, alert = rehearsal.context, rehearsal.alert
    return {
        "level": alert.content.level,
        "policy_level": alert.policy_level,
        "units": len(alert.inside),
        "grids": alert.grids,
        "people": alert.people,
        "missing": [
            {"unit": unit, "name": context.roster.unit(UnitId(unit)).name, "post": post}
            for unit, post in alert.missing
        ],
        "unresolved": list(alert.unresolved),
        "capacity": {name: asdict(one) for name, one in alert.capacity.items()},
        "warnings": [*_idle(alert), *warnings(context, alert)],
    }


def _idle(alert: Alert) -> Iterator[str]:
    if alert.state is AlertState.EXPIRED:
        yield NOBODY.format(why=EXPIRED)
    if alert.reason:
        yield NOBODY.format(why=PARKED.get(alert.reason, alert.reason.value))


def _write(rehearsal: Rehearsal, folder: Path) -> Iterator[dict[str, Any]]:
    """Write the call sheet of each place where somebody has to answer."""
    context, alert = rehearsal.context, rehearsal.alert
    folder.mkdir(parents=True, exist_ok=True)
    for place in places(context.roster, alert.inside):
        opened = to_call(context, alert, place.id)
        made = drawn(context, alert, place, opened, rehearsal.at)
        if made.lines:
            file = folder / f"{quote(place.id, safe='')}.html"
            _keep(file, sheet.page(made))
            yield _entry(place, made, file)


def _keep(file: Path, page: str) -> None:
    file.touch(mode=OWNER_ONLY)
    file.write_text(page, encoding="utf-8")


def _entry(place: Unit, made: sheet.Sheet, file: Path) -> dict[str, Any]:
    return {
        "unit": place.id,
        "name": place.name,
        "people": made.people,
        "file": str(file),
    }


def in_words(done: Mapping[str, Any]) -> str:
    """Say it to the officer."""
    return "\n".join(_words(done))


def _words(done: Mapping[str, Any]) -> Iterator[str]:
    level = done["policy_level"]
    yield (
        f"{done['level'].zh}预警,按{level.zh}策略叫应 {done['units']} 个单元"
        f"(其中网格 {done['grids']} 个),{done['people']} 人"
    )
    for channel, load_ in done["capacity"].items():
        yield f"  {words.CHANNELS[Channel(channel)]}:{_load(load_)}"
    for missing in done["missing"]:
        yield f"  空岗:{missing['name']} {words.POSTS[Post(missing['post'])]}"
    for area in done["unresolved"]:
        yield f"  范围无法识别:{area}"
    for warning in done["warnings"]:
        yield f"提醒:{warning}"
    for one in done["sheets"]:
        yield f"电话单:{one['file']}({one['name']},{one['people']} 人)"


def _load(load_: Mapping[str, Any]) -> str:
    late = load_["never_rung"]
    told = f",其中 {late} 人时限内响不了铃" if late else ""
    return f"{load_['people']} 人,约 {load_['seconds']:.0f} 秒{told}"

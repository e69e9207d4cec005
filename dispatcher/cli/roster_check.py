"""``jiaoying roster check``: what is wrong with it, the worst township first."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from channels.contract import Channel
from config.load import load_policies
from config.settings import Settings, load
from contacts.check import GAPS, Checked, Fault, Finding, Known, Township, check
from contacts.model import UnitId, UnitKind
from contacts.roster import Roster
from dispatcher.api import checking as shown
from dispatcher.api.check_words import FAULTS, said
from dispatcher.api.words import POSTS
from dispatcher.cli import stores
from dispatcher.cli.failure import BAD_INPUT, CommandError
from dispatcher.engine import checking
from dispatcher.engine.runtime import clock_of
from dispatcher.store import people

GAP_FOUND = 1  # the exit code where the officer asked to be told
FORMULA = "得分 = A角、B角为两人且各有可用联系方式的网格 / 全部网格"
WIDTH = 100
OTHERS = tuple(fault for fault in Fault if fault not in GAPS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """A roster with what the check found.

    :ivar township: the only one that was asked for
    """

    roster: Roster
    checked: Checked
    township: UnitId | None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is told one by one."""
        if self.township is None:
            return self.checked.findings
        return self.checked.of(self.township)

    def code(self, *, strict: bool) -> int:
        """The exit code: a finding is no failure, unless gaps are to be one."""
        gap = any(finding.fault in GAPS for finding in self.findings)
        return GAP_FOUND if strict and gap else 0


def examine(config: Path | None, township: str) -> Examined:
    """Check the roster that is stored.

    :raises CommandError: when the township is none of the roster
    """
    settings = load(config, os.environ)
    roster, known = stores.read(settings, lambda c: _seen(c, settings))
    wanted = UnitId(township) if township else None
    if wanted is not None and not _is_township(roster, wanted):
        problem = f"--township {township}: 名册里没有这个乡镇"
        raise CommandError([problem], BAD_INPUT)
    return Examined(roster=roster, checked=check(roster, known), township=wanted)


def _seen(connection: Connection, settings: Settings) -> tuple[Roster, Known]:
    routed = {Channel(channel) for channel, names in settings.routes.items() if names}
    zone = load_policies(settings.policies.dir).timezone
    now = clock_of(settings).now()
    known = checking.known(connection, routed, now, zone)
    return people.load_roster(connection), known


def _is_township(roster: Roster, name: UnitId) -> bool:
    unit = roster.units.get(name)
    return unit is not None and unit.kind is UnitKind.TOWNSHIP


def as_json(examined: Examined) -> dict[str, object]:
    """Everything, in the form in which the API tells it."""
    found = examined.findings
    view = shown.view(examined.roster, examined.checked, found, None)
    return view.model_dump(mode="json", exclude={"cursor"})


def in_words(examined: Examined) -> str:
    """A table of townships, or the findings of one."""
    if examined.township is not None:
        lines = (_line(examined.roster, finding) for finding in examined.findings)
        return "\n".join([*lines, f"共 {len(examined.findings)} 处"])
    total = examined.checked.total
    faults = examined.checked.faults
    counted = "、".join(f"{FAULTS[f]} {faults[f]}" for f in Fault if faults.get(f))
    return "\n".join(
        [
            _table(examined.roster, examined.checked.townships),
            f"{FORMULA}:{total.ready}/{total.grids}",
            f"发现:{counted or '无'}",
        ]
    )


def _table(roster: Roster, townships: Iterable[Township]) -> str:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("乡镇")
    heads = ("网格", "可达", "得分", *(FAULTS[f] for f in Fault if f in GAPS), "其他")
    for head in heads:
        table.add_column(head, justify="right")
    for one in townships:
        table.add_row(f"{one.unit} {roster.unit(one.unit).name}", *_cells(one))
    out = io.StringIO()
    Console(file=out, width=WIDTH).print(table)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def _cells(one: Township) -> list[str]:
    share, score = one.score.share, one.score
    gaps = (one.faults.get(fault, 0) for fault in Fault if fault in GAPS)
    others = sum(one.faults.get(fault, 0) for fault in OTHERS)
    percent = "无网格" if share is None else f"{share:.1%}"
    return [*map(str, (score.grids, score.ready, percent, *gaps, others))]


def _line(roster: Roster, finding: Finding) -> str:
    zh, _ = said(roster, finding)
    where = f"{finding.unit} {roster.unit(finding.unit).name}"
    who = [POSTS[finding.post]] if finding.post and finding.person else []
    who += [roster.person(finding.person).name] if finding.person else []
    return " ".join([where, *who, f"{FAULTS[finding.fault]}:{zh}"])

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from dispatcher.cli.checks import machine
from dispatcher.cli.checks.finding import Verdict
from dispatcher.engine.clock import Discipline, discipline

NOW = datetime(2026, 12, 1, 8, tzinfo=UTC)

MOUNTS = """\
/dev/vda / ext4 rw 0 0
tmpfs /run tmpfs rw 0 0
server:/share /mnt/far nfs4 rw 0 0
overlay /srv/box overlay rw 0 0
/dev/vdb /data/new\\040disk xfs rw 0 0
tmpfs /data/new\\040disk/scratch ramfs rw 0 0
"""


@pytest.mark.parametrize(
    ("folder", "verdict"),
    [
        ("/var/lib/jiaoying", Verdict.OK),
        ("/run/jiaoying", Verdict.FAILED),
        ("/mnt/far/jiaoying", Verdict.FAILED),
        ("/srv/box", Verdict.WARNING),
        ("/data/new disk", Verdict.OK),
        ("/data/new disk/scratch/x", Verdict.FAILED),
    ],
)
def test_the_disk_below_the_store_is_known(
    tmp_path: Path, folder: str, verdict: Verdict
) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS)
    [found] = machine.file_system(Path(folder), mounts)

    assert found.verdict is verdict


def test_where_nobody_tells_of_disks_that_is_said(tmp_path: Path) -> None:
    [found] = machine.file_system(tmp_path, tmp_path / "none")

    assert found.verdict is Verdict.WARNING


@pytest.mark.parametrize(
    ("free", "verdict"),
    [
        (1, Verdict.FAILED),
        (machine.FREE_LEAST_BYTES, Verdict.WARNING),
        (machine.FREE_LOW_BYTES, Verdict.OK),
    ],
)
def test_a_disk_that_fills_up_is_found(
    tmp_path: Path, free: int, verdict: Verdict
) -> None:
    [found] = machine.disk(tmp_path, free)

    assert found.verdict is verdict


@pytest.mark.parametrize(
    ("now", "state", "verdict"),
    [
        (datetime(2020, 1, 1, tzinfo=UTC), Discipline.KEPT, Verdict.FAILED),
        (NOW, Discipline.KEPT, Verdict.OK),
        (NOW, Discipline.LEFT_ALONE, Verdict.WARNING),
        (NOW, Discipline.UNKNOWN, Verdict.WARNING),
    ],
)
def test_a_clock_is_judged_by_its_time_and_by_who_keeps_it(
    now: datetime, state: Discipline, verdict: Verdict
) -> None:
    [found] = machine.clock(now, state)

    assert found.verdict is verdict


def test_the_kernel_can_be_asked_about_the_clock() -> None:
    assert discipline() in {Discipline.KEPT, Discipline.LEFT_ALONE}


def test_a_time_zone_nobody_knows_is_found() -> None:
    [found] = machine.zone("Mars/Olympus_Mons")

    assert found.verdict is Verdict.FAILED

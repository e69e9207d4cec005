from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from dispatcher.cli.archive import Manifest, read_manifest
from dispatcher.engine.keyring import fingerprint
from tests.cli.console import COMMAND, Server, environment, furnish, jiaoying
from tests.cli.vault import FACT, elsewhere, installation, manifest_of, store_of

SMALL = "64k"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installation(tmp_path_factory.mktemp("home"))


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """An empty folder for backups."""
    return tmp_path


@contextmanager
def small_disk(place: Path) -> Iterator[Path]:
    """A disk of a few pages; only root may have one."""
    place.mkdir()
    options = ("-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", str(place))
    subprocess.run(["mount", *options], check=True)  # noqa: S607 - wherever it is
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)  # noqa: S607 - as above


def test_a_backup_is_one_private_file_that_tells_what_it_holds(
    home: Path, shelf: Path
) -> None:
    file = shelf / "mine.zip"
    done = jiaoying(home, "backup", str(file), "--json")
    told, manifest = json.loads(done.stdout), manifest_of(file)
    key = (home / "var" / "keys" / "link").read_bytes()

    assert done.returncode == 0, done.stderr
    assert [file] == [*shelf.iterdir()]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert told["counts"] == {"facts": 2000, "alerts": 0, "callouts": 0}
    assert manifest["counts"] == told["counts"]
    assert manifest["keys"] == {"link": fingerprint("link", key)}
    assert key not in store_of(file)
    assert key not in file.read_bytes()


def test_a_backup_in_a_folder_carries_its_moment(home: Path, shelf: Path) -> None:
    told = json.loads(jiaoying(home, "backup", str(shelf), "--json").stdout)
    [file] = shelf.iterdir()
    plain = "".join(one for one in told["moment"][:19] if one not in "-:")

    assert file.name == f"jiaoying-{plain}Z.zip"


def test_what_is_committed_and_not_yet_in_the_file_itself_is_backed_up(
    home: Path, shelf: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(home, tmp_path / "busy")
    with closing(sqlite3.connect(folder / "store.db")) as other:
        other.execute("PRAGMA wal_autocheckpoint=0")
        other.execute(FACT, (3000,))
        other.commit()
        done = jiaoying(folder, "backup", str(shelf / "b.zip"), "--json")

    assert json.loads(done.stdout)["counts"]["facts"] == 2001


def test_a_writer_in_the_middle_of_his_work_is_not_waited_for(
    home: Path, shelf: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(home, tmp_path / "busy")
    with closing(sqlite3.connect(folder / "store.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute(FACT, (3000,))
        done = jiaoying(folder, "backup", str(shelf / "b.zip"), "--json")
        other.execute("ROLLBACK")

    assert json.loads(done.stdout)["counts"]["facts"] == 2000


def test_nothing_is_ever_overwritten(home: Path, shelf: Path) -> None:
    file = shelf / "mine.zip"
    file.write_text("precious")
    done = jiaoying(home, "backup", str(file))

    assert (done.returncode, "overwritten" in done.stderr) == (2, True)
    assert file.read_text() == "precious"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((), 2, "--keys FILE"),
        (("no-such-folder/b.zip",), 2, "no such folder"),
        (("b.zip", "--keep", "3"), 2, "name a folder"),
        (("b.zip", "--keep", "0"), 2, "--keep"),
        (("--keys", "keys.json", "--passphrase-file", "missing"), 2, "missing"),
        (("--keys", "keys.json", "--passphrase-file", "short"), 2, "at least 12"),
    ],
)
def test_what_makes_no_sense_is_told(
    home: Path, shelf: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    folder = shutil.copytree(home, shelf / "home")
    (folder / "short").write_text("too short")
    done = jiaoying(folder, "backup", *arguments)

    assert (done.returncode, said in done.stderr, done.stdout) == (code, True, "")
    assert not (folder / "b.zip").exists()


@pytest.mark.parametrize(
    ("url", "code", "said"),
    [
        ("sqlite:///nothing.db", 1, "no store yet"),
        ("sqlite:///empty.db", 1, "is empty"),
        ("sqlite:///text.db", 1, "not a database"),
        ("sqlite://", 2, "in memory"),
    ],
)
def test_where_there_is_no_store_the_reason_is_told(
    shelf: Path, url: str, code: int, said: str
) -> None:
    furnish(shelf)
    (shelf / "empty.db").touch()
    (shelf / "text.db").write_text("not a store at all" * 100)
    done = jiaoying(shelf, "backup", "b.zip", JIAOYING_STORE__URL=url)

    assert (done.returncode, said in done.stderr) == (code, True)
    assert not (shelf / "b.zip").exists()


def test_a_damaged_store_makes_no_backup(home: Path, shelf: Path) -> None:
    folder = shutil.copytree(home, shelf / "home")
    with (folder / "store.db").open("r+b") as store:
        store.seek(-20_480, os.SEEK_END)
        store.write(bytes(8_192))
    done = jiaoying(folder, "backup", "b.zip")

    assert (done.returncode, "jiaoying doctor" in done.stderr) == (1, True)
    assert not [*folder.glob("*.zip")]


def test_a_file_that_may_not_grow_so_long_leaves_nothing_behind(
    home: Path, shelf: Path
) -> None:
    command = " ".join([*COMMAND, "backup", str(shelf / "b.zip")])
    done = subprocess.run(
        ["bash", "-c", f"ulimit -f 40; exec {command}"],  # noqa: S607 - wherever it is
        cwd=home,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert str(shelf) in done.stderr
    assert [*shelf.iterdir()] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_full_disk_is_told_and_leaves_nothing_behind(home: Path, shelf: Path) -> None:
    with small_disk(shelf / "disk") as disk:
        done = jiaoying(home, "backup", str(disk / "b.zip"))
        left = [*disk.iterdir()]

    assert (done.returncode, "choose another disk" in done.stderr) == (1, True)
    assert left == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_keys_on_a_full_disk_are_told_and_leave_nothing(
    home: Path, shelf: Path
) -> None:
    with small_disk(shelf / "disk") as disk:
        (disk / "rest").write_bytes(bytes(65_536))
        wanted = ("--keys", str(disk / "k.json"), "--passphrase-file", "passphrase")
        done = jiaoying(home, "backup", *wanted)
        left = [file.name for file in disk.iterdir()]

    assert (done.returncode, "choose another disk" in done.stderr) == (1, True)
    assert left == ["rest"]


def test_keys_are_sealed_in_a_file_of_their_own(home: Path, shelf: Path) -> None:
    file = shelf / "keys.json"
    wanted = ("--keys", str(file), "--passphrase-file", "passphrase", "--json")
    done = jiaoying(home, "backup", *wanted)
    key = (home / "var" / "keys" / "link").read_bytes()

    assert json.loads(done.stdout) == {"keys_file": str(file), "keys": ["link"]}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert key not in file.read_bytes()
    assert key.hex() not in file.read_text()


def test_where_there_are_no_keys_the_reason_is_told(shelf: Path) -> None:
    furnish(shelf)
    done = jiaoying(shelf, "backup", "--keys", "keys.json")

    assert (done.returncode, "no keys yet" in done.stderr) == (1, True)


def test_the_passphrase_is_asked_for_twice_where_no_file_holds_it(
    home: Path, shelf: Path
) -> None:
    said = "a lake under the mill\n"
    done = subprocess.run(
        [*COMMAND, "backup", "--keys", str(shelf / "k.json"), "--json"],
        cwd=home,
        env=environment(),
        input=said + said,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,  # no terminal to ask at: it reads what it is given
    )

    assert (done.returncode, said.strip() in done.stdout + done.stderr) == (0, False)
    assert (shelf / "k.json").is_file()


def test_only_the_newest_backups_of_this_store_are_kept(
    home: Path, shelf: Path
) -> None:
    other = installation_elsewhere(shelf)
    shelf = shelf / "shelf"
    shelf.mkdir()
    spoilt = shelf / "jiaoying-20200101T000000Z.zip"
    spoilt.write_text("of nobody")
    foreign = shelf / "jiaoying-20210101T000000Z.zip"
    jiaoying(other, "backup", str(foreign))
    mine = [shelf / f"jiaoying-202{year}0101T000000Z.zip" for year in (2, 3, 4)]
    for file in mine:
        jiaoying(home, "backup", str(file))
    renamed = shelf / "before the flood.zip"
    shutil.copy(mine[0], renamed)
    done = jiaoying(home, "backup", str(shelf), "--keep", "2", "--json")
    told = json.loads(done.stdout)

    assert told["removed"] == [str(file) for file in mine[:2]]
    assert {*shelf.iterdir()} == {
        *(spoilt, foreign, renamed, mine[2], Path(told["file"]))
    }


def installation_elsewhere(folder: Path) -> Path:
    home = elsewhere(folder / "other").parent
    jiaoying(home, "roster", "import", "roster.csv")
    return home


def test_a_running_server_is_backed_up_and_told_in_words(
    home: Path, shelf: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(home, tmp_path / "served")
    with Server(folder) as server:
        server.until("engine.started")
        wanted = ("--keys", str(shelf / "k.json"), "--passphrase-file", "passphrase")
        done = jiaoying(folder, "backup", str(shelf / "b.zip"), *wanted)

    assert (done.returncode, "2000 条留痕" in done.stdout) == (0, True), done.stderr
    assert isinstance(read_manifest(shelf / "b.zip"), Manifest)

from __future__ import annotations

import errno
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

from dispatcher.cli.archive import Manifest, in_the_way, read_manifest
from dispatcher.cli.backup import Wanted, back_up, in_words
from dispatcher.cli.failure import CommandError
from dispatcher.cli.key_archive import passphrase_in
from dispatcher.engine.keyring import fingerprint
from tests.cli.console import COMMAND, Server, environment, furnish, jiaoying
from tests.cli.vault import (
    FACT,
    elsewhere,
    installation,
    manifest_of,
    state_of,
    store_of,
)

# Fifteen megabytes that no archive holds.
LONG = """
INSERT INTO fact (callout, seq, at, kind, body)
VALUES ('long', 1, 0, 'x', hex(randomblob(7500000)))
"""
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a disk")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installation(tmp_path_factory.mktemp("home"))


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """An empty folder for backups."""
    return tmp_path


@contextmanager
def small_disk(place: Path, size: int) -> Iterator[Path]:
    """A disk of so many bytes; only root may have one."""
    place.mkdir()
    options = ("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place))
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
    keys = {one.name: one.read_bytes() for one in (home / "var" / "keys").iterdir()}

    assert done.returncode == 0, done.stderr
    assert [file] == [*shelf.iterdir()]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert told["counts"] == {"facts": 2000, "alerts": 0, "callouts": 0}
    assert manifest["counts"] == told["counts"]
    assert sorted(keys) == ["data", "index", "link"]
    assert manifest["keys"] == {
        name: fingerprint(name, key) for name, key in keys.items()
    }
    for key in keys.values():
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


def wanted(file: str = "", keys: str = "", keep: int | None = None) -> Wanted:
    return Wanted(
        file=Path(file) if file else None,
        keys=Path(keys) if keys else None,
        passphrase=lambda: passphrase_in(Path("passphrase")),
        keep=keep,
    )


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        (wanted(), "--keys FILE"),
        (wanted("no-such-folder/b.zip"), "no such folder"),
        (wanted("b.zip", keep=3), "name a folder"),
        (wanted(keys="keys.json"), "at least 12"),
    ],
)
def test_what_makes_no_sense_is_told(
    home: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch, wish: Wanted, said: str
) -> None:
    folder = shutil.copytree(home, shelf / "home")
    monkeypatch.chdir(folder)
    (folder / "passphrase").write_text("too short")
    before = state_of(folder)
    with pytest.raises(CommandError, match=said) as refusal:
        back_up(folder / "jiaoying.toml", wish)

    assert (refusal.value.code, state_of(folder)) == (2, before)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\xff\xff\xff" * 10, None])
def test_a_passphrase_that_can_t_be_read_is_told(
    shelf: Path, content: bytes | None
) -> None:
    file = shelf / "passphrase"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(CommandError, match=str(file)) as refusal:
        passphrase_in(file)

    assert refusal.value.code == 2


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
    shelf: Path, monkeypatch: pytest.MonkeyPatch, url: str, code: int, said: str
) -> None:
    furnish(shelf)
    (shelf / "empty.db").touch()
    (shelf / "text.db").write_text("not a store at all" * 100)
    monkeypatch.setenv("JIAOYING_STORE__URL", url)
    with pytest.raises(CommandError, match=said) as refusal:
        back_up(shelf / "jiaoying.toml", wanted(str(shelf / "b.zip")))

    assert (refusal.value.code, (shelf / "b.zip").exists()) == (code, False)


def test_a_damaged_store_makes_no_backup(home: Path, shelf: Path) -> None:
    folder = shutil.copytree(home, shelf / "home")
    with (folder / "store.db").open("r+b") as store:
        store.seek(-20_480, os.SEEK_END)
        store.write(bytes(8_192))
    with pytest.raises(CommandError, match="jiaoying doctor"):
        back_up(folder / "jiaoying.toml", wanted(str(shelf)))

    assert [*shelf.iterdir()] == [folder]


def test_a_store_that_another_program_keeps_to_itself_is_told(
    home: Path, shelf: Path
) -> None:
    folder = shutil.copytree(home, shelf / "home")
    with closing(sqlite3.connect(folder / "store.db")) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute(FACT, (3000,))
        other.commit()
        with pytest.raises(CommandError, match="who else holds the file"):
            back_up(folder / "jiaoying.toml", wanted(str(shelf)))

    assert [*shelf.iterdir()] == [folder]


def test_a_file_that_may_not_grow_so_long_leaves_nothing_behind(
    home: Path, shelf: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(home, tmp_path / "large")
    with closing(sqlite3.connect(folder / "store.db")) as store:
        store.execute(LONG)
        store.commit()
    command = " ".join([*COMMAND, "backup", str(shelf / "b.zip")])
    done = subprocess.run(
        ["bash", "-c", f"ulimit -f 4096; exec {command}"],  # noqa: S607 - wherever it is
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert str(shelf) in done.stderr
    assert [file.name for file in shelf.iterdir()] == ["large"]


@AS_ROOT
@pytest.mark.parametrize("room", ["a page", "the copy alone"])
def test_a_full_disk_is_told_and_leaves_nothing_behind(
    home: Path, shelf: Path, room: str
) -> None:
    copy = (home / "store.db").stat().st_size + 8192
    with small_disk(shelf / "disk", 4096 if room == "a page" else copy) as disk:
        with pytest.raises(CommandError, match="choose another disk"):
            back_up(home / "jiaoying.toml", wanted(str(disk / "b.zip")))
        left = [*disk.iterdir()]

    assert left == []


@AS_ROOT
def test_keys_on_a_full_disk_are_told_and_leave_nothing(
    home: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)
    with small_disk(shelf / "disk", 4096) as disk:
        (disk / "rest").write_bytes(bytes(4096))
        with pytest.raises(CommandError, match="choose another disk"):
            back_up(home / "jiaoying.toml", wanted(keys=str(disk / "k.json")))
        left = [file.name for file in disk.iterdir()]

    assert left == ["rest"]


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.EEXIST, "nothing is ever overwritten"),
        (errno.ENOSPC, "bytes are free"),
        (errno.EPERM, "this disk can't keep a file private"),
        (errno.EACCES, "let this user write to"),
    ],
)
def test_whatever_is_in_the_way_the_operator_is_told_what_to_do(
    shelf: Path, number: int, said: str
) -> None:
    told = in_the_way(shelf / "b.zip", OSError(number, os.strerror(number)))

    assert said in str(told)
    assert str(told).startswith(f"{shelf / 'b.zip'}: {os.strerror(number)}; ")


def test_keys_are_sealed_in_a_file_of_their_own(home: Path, shelf: Path) -> None:
    file = shelf / "keys.json"
    wanted = ("--keys", str(file), "--passphrase-file", "passphrase", "--json")
    done = jiaoying(home, "backup", *wanted)
    key = (home / "var" / "keys" / "link").read_bytes()

    assert json.loads(done.stdout) == {
        "keys_file": str(file),
        "keys": ["data", "index", "link"],
    }
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
    other = elsewhere(shelf / "other").parent
    jiaoying(other, "roster", "import", "roster.csv")
    mine, theirs = home / "jiaoying.toml", other / "jiaoying.toml"
    shelf = shelf / "shelf"
    shelf.mkdir()
    spoilt, foreign, *years = (
        shelf / f"jiaoying-202{year}0101T000000Z.zip" for year in range(5)
    )
    spoilt.write_text("of nobody")
    back_up(theirs, wanted(str(foreign)))
    for file in years:
        back_up(mine, wanted(str(file)))
    renamed = shelf / "before the flood.zip"
    shutil.copy(years[0], renamed)
    told = back_up(mine, wanted(str(shelf), keep=2))

    assert told["removed"] == [str(file) for file in years[:2]]
    assert f"已删去旧备份 {years[0]}" in in_words(told)
    assert {*shelf.iterdir()} == {
        *(spoilt, foreign, renamed, years[2], Path(told["file"]))
    }


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

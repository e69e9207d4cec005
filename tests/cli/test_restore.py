from __future__ import annotations

import contextlib
import io
import json
import shutil
import stat
import tarfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

import pytest
from typing_extensions import override

from dispatcher.cli.archive import MANIFEST, STORE
from dispatcher.cli.failure import CommandError
from dispatcher.cli.key_archive import FILE_BYTES_MOST, close, open_up
from dispatcher.cli.restoring import Given, restore
from dispatcher.engine.keyring import new_key
from dispatcher.store.lock import only_worker
from tests.cli.console import DEADLINE_SECONDS, ROSTER, Server, jiaoying
from tests.cli.test_backup import AS_ROOT, small_disk
from tests.cli.test_cli import rows
from tests.cli.test_serve import send_a_warning
from tests.cli.vault import (
    PASSPHRASE,
    elsewhere,
    forged,
    installation,
    manifest_of,
    state_of,
    store_of,
    zipped,
)

FEW = {"facts": 1, "alerts": 0, "callouts": 0}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation with a backup of its store and one of its keys."""
    folder = installation(tmp_path_factory.mktemp("home"))
    keys = ("--keys", "keys.json", "--passphrase-file", "passphrase")
    done = jiaoying(folder, "backup", "good.zip", *keys)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Settings in an otherwise empty place."""
    return elsewhere(tmp_path / "place")


def given(file: Path, keys: Path | None = None, *, without_keys: bool = True) -> Given:
    return Given(
        file=file,
        keys=keys,
        passphrase=lambda: PASSPHRASE,
        without_keys=without_keys,
    )


def test_a_store_comes_back_with_its_keys_and_private(home: Path, place: Path) -> None:
    keys = ("--keys", str(home / "keys.json"))
    phrase = ("--passphrase-file", str(home / "passphrase"))
    folder = place.parent
    done = jiaoying(folder, "restore", str(home / "good.zip"), *keys, *phrase, "--json")
    told = json.loads(done.stdout)
    store, key = folder / "store.db", folder / "var" / "keys" / "link"

    assert done.returncode == 0, done.stderr
    assert told["counts"] == {"facts": 2000, "alerts": 0, "callouts": 0}
    assert told["moment"] == manifest_of(home / "good.zip")["moment"]
    assert (told["keys"], told["missing_keys"]) == (["data", "index", "link"], [])
    assert key.read_bytes() == (home / "var" / "keys" / "link").read_bytes()
    assert people_of(folder) == people_of(home)
    modes = [stat.S_IMODE(one.stat().st_mode) for one in (store, key, key.parent)]
    assert modes == [0o600, 0o600, 0o700]


def people_of(folder: Path) -> list[Any]:
    query = "SELECT id, name, human FROM person ORDER BY id"
    return [tuple(row) for row in rows(folder, query)]


def test_the_restored_store_notes_what_it_comes_from(home: Path, place: Path) -> None:
    folder = place.parent
    restore(place, given(home / "good.zip", home / "keys.json"))
    exported = jiaoying(folder, "export", "house", "--out", "house.jsonl")
    verified = jiaoying(folder, "export", "--verify", "house.jsonl", "--json")
    manifest = manifest_of(home / "good.zip")
    journal = [
        json.loads(str(body)) for (body,) in rows(folder, "SELECT body FROM journal")
    ]
    [body] = [one for one in journal if one["kind"] == "restored_from"]

    assert exported.returncode == 0, exported.stderr
    assert body["backup"] == manifest["store"]["sha256"]
    assert body["taken_at"] == manifest["moment"]
    assert body["by"].startswith("os:")
    assert '\\"kind\\":\\"restored_from\\"' in (folder / "house.jsonl").read_text()
    assert json.loads(verified.stdout)["entries"] == len(journal)
    assert sorted(folder.glob(".store*")) == []


def findings(folder: Path) -> dict[str, str]:
    """What the doctor has to say of keys, by what."""
    told = json.loads(jiaoying(folder, "doctor", "--json").stdout)
    return {
        one["what"]: one["verdict"]
        for one in told["checks"]
        if one["subject"] == "keys"
    }


@pytest.mark.timeout(150)
def test_where_the_keys_are_lost_the_roster_is_imported_anew_and_calls_go_on(
    home: Path, place: Path, tmp_path: Path
) -> None:
    folder = place.parent
    done = jiaoying(folder, "restore", str(home / "good.zip"), "--without-keys")
    assert "请马上重新导入名册" in done.stdout
    assert findings(folder) == {
        "密钥完好,只有本用户可读": "ok",
        "4 位责任人的姓名、号码无法核实,叫不到人": "failed",
    }
    with listening(folder) as numbers, Server(folder) as server:
        server.until("engine.started")
        shown = jiaoying(folder, "duty", "show", "澄溪县").stdout
        assert "姓名无法核实" in shown
        taken = send_a_warning(server, folder, tmp_path / "rain.json")
        assert "王建国" in jiaoying(folder, "duty", "show", "澄溪县").stdout
        assert taken["state"] == "active"
        assert numbers.get(timeout=DEADLINE_SECONDS) in ROSTER
    assert findings(folder) == {
        "密钥完好,只有本用户可读": "ok",
        "4 位原责任人的姓名、号码已无法核实": "warning",
    }


@contextlib.contextmanager
def listening(folder: Path) -> Iterator[Queue[str]]:
    """Give the numbers that a provider is asked to write to."""
    numbers: Queue[str] = Queue()

    class Provider(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            numbers.put(parse_qs(self.rfile.read(length).decode())["To"][0])
            self.send_response(201)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(b'{"sid": "SM1", "status": "queued"}')

        @override
        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Provider) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        port = server.server_address[1]
        with (folder / "jiaoying.toml").open("a") as settings:
            settings.write(CHANNEL.format(port=port))
        try:
            yield numbers
        finally:
            server.shutdown()
            thread.join()


CHANNEL = """
[channels.sms]
provider = "twilio_sms"
account_sid = "AC00000000000000000000000000000001"
auth_token = "token"
from = "+9990000"
base_url = "http://127.0.0.1:{port}"
[routes]
sms = ["sms"]
"""


def test_the_operator_is_told_what_a_backup_can_t_know(home: Path, place: Path) -> None:
    done = jiaoying(place.parent, "restore", str(home / "good.zip"), "--without-keys")

    assert done.returncode == 0, done.stderr
    assert "可能再接到一次电话或短信" in done.stdout
    assert "缺少密钥 link" in done.stdout


def test_a_missing_key_is_named_and_nothing_is_restored(
    home: Path, place: Path
) -> None:
    before = state_of(place.parent)
    done = jiaoying(place.parent, "restore", str(home / "good.zip"))

    assert (done.returncode, "key link" in done.stderr) == (1, True)
    assert state_of(place.parent) == before


def test_keys_that_are_in_place_already_will_do(home: Path, place: Path) -> None:
    folder = place.parent / "var" / "keys"
    shutil.copytree(home / "var" / "keys", folder)
    told = restore(place, given(home / "good.zip", without_keys=False))

    assert (told["keys"], told["missing_keys"]) == ([], [])


def test_another_key_in_the_place_is_kept_and_told(home: Path, place: Path) -> None:
    folder = place.parent / "var" / "keys"
    folder.mkdir(mode=0o700, parents=True)
    (folder / "link").write_bytes(key := new_key())
    with pytest.raises(CommandError, match=r"key link: the one in .* is not the one"):
        restore(place, given(home / "good.zip", home / "keys.json"))

    assert (folder / "link").read_bytes() == key
    assert not (place.parent / "store.db").exists()


@pytest.mark.parametrize(
    "there", ["store.db", "store.db-wal", "store.db-journal", "store.db.spool"]
)
def test_only_an_empty_place_will_do(home: Path, place: Path, there: str) -> None:
    (place.parent / there).write_text("precious")
    with pytest.raises(CommandError, match=f"{there}: is there already"):
        restore(place, given(home / "good.zip"))

    assert (place.parent / there).read_text() == "precious"


def test_a_place_whose_worker_still_runs_is_refused(home: Path, place: Path) -> None:
    good = str(home / "good.zip")
    with only_worker(str(place.parent / "store.db")):
        done = jiaoying(place.parent, "restore", "--without-keys", good)

    assert (done.returncode, "another worker" in done.stderr) == (1, True)
    assert not (place.parent / "store.db").exists()


def test_a_store_in_memory_can_t_be_restored(home: Path, place: Path) -> None:
    done = jiaoying(
        place.parent, "restore", str(home / "good.zip"), JIAOYING_STORE__URL="sqlite://"
    )

    assert (done.returncode, "in memory" in done.stderr) == (2, True)


def tar(good: Path, bad: Path) -> None:
    with tarfile.open(bad, "w:gz") as archive:
        archive.add(good, "store.db")


def cut_short(good: Path, bad: Path) -> None:
    whole = good.read_bytes()
    bad.write_bytes(whole[: len(whole) // 2])


def spoilt(good: Path, bad: Path) -> None:
    content = bytearray(good.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 64] = bytes(64)
    bad.write_bytes(content)


def traversing(good: Path, bad: Path) -> None:
    manifest = json.dumps(manifest_of(good)).encode()
    zipped(bad, {MANIFEST: manifest, "../../store.db": store_of(good)})


def with_company(good: Path, bad: Path) -> None:
    manifest = json.dumps(manifest_of(good)).encode()
    zipped(bad, {MANIFEST: manifest, STORE: store_of(good), "keys/link": bytes(32)})


def of_another_program(_: Path, bad: Path) -> None:
    zipped(bad, {MANIFEST: b'{"format": "other"}', STORE: b"x"})


def with_long_manifest(good: Path, bad: Path) -> None:
    zipped(bad, {MANIFEST: b" " * 100_000_000, STORE: store_of(good)})


def of_a_later_layout(good: Path, bad: Path) -> None:
    forged(good, bad, store_of(good), layout=2)


def with_altered_store(good: Path, bad: Path) -> None:
    manifest = json.dumps(manifest_of(good)).encode()
    altered = store_of(good)[:-1] + b"!"
    zipped(bad, {MANIFEST: manifest, STORE: altered})


def bomb(good: Path, bad: Path) -> None:
    manifest = json.dumps(manifest_of(good)).encode()
    zipped(bad, {MANIFEST: manifest, STORE: bytes(300_000_000)})


def no_database(good: Path, bad: Path) -> None:
    forged(good, bad, b"no database at all" * 1000)


def damaged_database(good: Path, bad: Path) -> None:
    store = bytearray(store_of(good))
    store[-20_480:-12_288] = bytes(8_192)
    forged(good, bad, bytes(store))


def with_other_counts(good: Path, bad: Path) -> None:
    forged(good, bad, store_of(good), counts=FEW)


def folder_instead(_: Path, bad: Path) -> None:
    bad.mkdir()


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (tar, "no whole zip file"),
        (cut_short, "no whole zip file"),
        (spoilt, "store.db is spoilt"),
        (traversing, "it holds '../../store.db', 'manifest.json', not just"),
        (with_company, "it holds 'keys/link', 'manifest.json', 'store.db', not just"),
        (of_another_program, "manifest.json: format"),
        (with_long_manifest, "manifest.json has 100000000 bytes"),
        (of_a_later_layout, "manifest.json: layout"),
        (with_altered_store, "its SHA-256 differs"),
        (bomb, "store.db has 300000000 bytes, manifest.json says"),
        (no_database, "the store in it is damaged (file is not a database)"),
        (damaged_database, "the store in it is damaged ("),
        (with_other_counts, "does not hold what its manifest says"),
        (folder_instead, "can't be read"),
    ],
)
def test_a_file_that_is_no_whole_backup_is_refused_with_its_reason(
    home: Path,
    place: Path,
    tmp_path: Path,
    spoil: Callable[[Path, Path], None],
    why: str,
) -> None:
    bad = tmp_path / "bad.zip"
    spoil(home / "good.zip", bad)
    before = state_of(place.parent)
    with pytest.raises(CommandError) as refusal:
        restore(place, given(bad))
    after = state_of(place.parent)
    after.pop("store.db.worker", None)

    assert why in str(refusal.value)
    assert refusal.value.code == 2
    assert after == before


def test_a_backup_of_a_newer_version_is_refused(
    home: Path, place: Path, tmp_path: Path
) -> None:
    good = home / "good.zip"
    later = forged(good, tmp_path / "l.zip", store_of(good), revision="9", version="7")
    with pytest.raises(CommandError, match=r"jiaoying 7 with schema 9") as refusal:
        restore(place, given(later))

    assert refusal.value.code == 1


@AS_ROOT
def test_a_disk_too_small_is_told_before_it_is_filled(
    home: Path, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk", 65_536) as disk:
        place = elsewhere(disk / "place")
        with pytest.raises(CommandError, match="are free; free some"):
            restore(place, given(home / "good.zip"))
        left = sorted(file.name for file in place.parent.iterdir())

    assert left == ["jiaoying.toml", "roster.csv", "store.db.worker"]


def test_a_key_folder_that_can_t_be_made_is_told_and_nothing_is_restored(
    home: Path, place: Path
) -> None:
    (place.parent / "var").write_text("in the way")
    with pytest.raises(CommandError, match=r"store\.db: .*; "):
        restore(place, given(home / "good.zip", home / "keys.json"))

    assert not (place.parent / "store.db").exists()


def refusal_of(file: Path, passphrase: str) -> str:
    with pytest.raises(CommandError) as refusal:
        open_up(file, passphrase)
    return str(refusal.value)


def test_sealed_keys_open_with_their_passphrase_only(tmp_path: Path) -> None:
    keys = {"link": new_key(), "seal-2": new_key()}
    file = tmp_path / "keys.json"
    file.write_bytes(close(keys, PASSPHRASE))

    assert open_up(file, PASSPHRASE) == keys
    assert "the passphrase is another one" in refusal_of(file, PASSPHRASE + " ")


def test_the_same_keys_never_look_the_same() -> None:
    keys = {"link": new_key()}

    assert close(keys, PASSPHRASE) != close(keys, PASSPHRASE)


def test_changed_keys_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    sealed = json.loads(close({"link": new_key()}, PASSPHRASE))
    first = sealed["sealed"][0]
    sealed["sealed"] = ("0" if first != "0" else "1") + sealed["sealed"][1:]
    file.write_text(json.dumps(sealed))

    assert "the file has been changed" in refusal_of(file, PASSPHRASE)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "does not hold sealed keys"),
        (close({"link": new_key()}, PASSPHRASE)[:150], "is cut short"),
        (io.BytesIO(bytes(FILE_BYTES_MOST + 1)).getvalue(), "too long"),
    ],
)
def test_a_file_without_sealed_keys_is_refused(
    tmp_path: Path, content: bytes, why: str
) -> None:
    file = tmp_path / "keys.json"
    file.write_bytes(content)

    assert why in refusal_of(file, PASSPHRASE)


def test_keys_that_are_not_there_are_told(home: Path, place: Path) -> None:
    with pytest.raises(CommandError, match="nowhere: No such file"):
        restore(place, given(home / "good.zip", Path("nowhere")))

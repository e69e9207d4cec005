"""Exports by command line: written at home, checked in a folder with nothing else."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dispatcher.cli import verifying
from dispatcher.core.finding import Finding, Flaw
from dispatcher.core.seal import read_seal
from dispatcher.store.database import Database
from dispatcher.store.journal import entries_of
from dispatcher.store.vault import MemoryRing, Vault
from tests.cli.console import furnish, jiaoying
from tests.engine.evidence import KEYS, SEED, in_a_file

PUBLIC, EXPORT, SEALS = "public.txt", "export.jsonl", "seals.jsonl"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation in which an alert was called and closed, and its export."""
    folder = furnish(tmp_path_factory.mktemp("home"))
    name = asyncio.run(in_a_file(folder))
    (folder / KEYS / "seal").write_bytes(SEED)
    (folder / "name").write_text(name, encoding="utf-8")
    public = jiaoying(folder, "key", "public")
    (folder / PUBLIC).write_text(public.stdout, encoding="utf-8")
    made = jiaoying(folder, "export", name, "--out", EXPORT, "--json")
    (folder / "made.json").write_text(made.stdout, encoding="utf-8")
    return folder


@pytest.fixture
def away(home: Path, tmp_path: Path) -> Path:
    """An inspector's folder: what he was given, and no more."""
    for name in (PUBLIC, EXPORT, SEALS):
        shutil.copy(home / name, tmp_path)
    return tmp_path


def verdict(folder: Path, *more: str) -> tuple[int, dict[str, Any]]:
    done = jiaoying(folder, "export", "--verify", EXPORT, "--json", *more)
    return done.returncode, json.loads(done.stdout)


def lines(folder: Path) -> list[dict[str, Any]]:
    text = (folder / EXPORT).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def rewrite(folder: Path, told: list[dict[str, Any]]) -> None:
    text = "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in told)
    (folder / EXPORT).write_text(text, encoding="utf-8")


def test_an_inspector_checks_an_export_with_only_the_public_key(
    home: Path, away: Path
) -> None:
    made = json.loads((home / "made.json").read_text(encoding="utf-8"))
    code, told = verdict(away, "--public-key", PUBLIC)

    assert (code, told["sound"], told["trust"], told["findings"]) == (
        0,
        True,
        "given",
        [],
    )
    assert made == {
        "alert": (home / "name").read_text(encoding="utf-8"),
        "file": EXPORT,
        **{name: told[name] for name in ("facts", "entries", "callouts", "seals")},
    }
    assert {PUBLIC, EXPORT, SEALS} == {file.name for file in away.iterdir()}


def test_what_he_reads_says_what_was_checked(away: Path) -> None:
    done = jiaoying(away, "export", "--verify", EXPORT, "--public-key", PUBLIC)

    assert done.returncode == 0
    assert done.stdout.endswith("核验通过:散列、条数、封存与签名都相符\n")
    assert "自证" not in done.stdout


def test_with_the_enclosed_key_alone_it_is_said_that_this_proves_nothing(
    away: Path,
) -> None:
    done = jiaoying(away, "export", "--verify", EXPORT)

    assert done.returncode == 0
    assert "自证不是证明" in done.stdout


def test_the_first_broken_fact_is_named(away: Path) -> None:
    told = lines(away)
    fact = next(line for line in told if line.get("seq") == 5 and "callout" in line)
    fact["body"] = fact["body"].replace("T18:", "T17:", 1)
    kind = json.loads(fact["body"])["kind"]
    rewrite(away, told)

    code, found = verdict(away, "--public-key", PUBLIC)
    words = jiaoying(away, "export", "--verify", EXPORT, "--public-key", PUBLIC)

    assert (code, words.returncode, found["sound"]) == (1, 1, False)
    first = found["first_fact"]
    assert (first["flaw"], first["subject"], first["seq"], first["kind"]) == (
        "altered",
        fact["callout"],
        5,
        kind,
    )
    place = f"{fact['callout']} 第 5 条 {kind}"
    assert f"最先坏的一条:{place},被改过:内容与散列不符" in words.stdout
    assert words.stdout.endswith("核验不通过\n")


def test_a_tail_cut_with_its_seals_is_found_by_the_copy_of_the_seals(
    away: Path,
) -> None:
    told = lines(away)
    cut = [line for line in told if not (line["line"] == "seal" and line["n"] == 4)]
    cut[-1]["lines"] -= 1
    rewrite(away, cut)
    with (away / SEALS).open("a", encoding="utf-8") as file:
        file.write('{"torn\n')

    alone, _ = verdict(away, "--public-key", PUBLIC)
    code, found = verdict(away, "--public-key", PUBLIC, "--seals", SEALS)

    assert (alone, code) == (0, 1)
    assert [(one["flaw"], one["seal"]) for one in found["findings"]] == [
        ("seal_withheld", 4)
    ]


def test_what_no_seal_holds_and_what_was_sealed_later_is_said(away: Path) -> None:
    told = lines(away)
    seals = [seal for line in told if (seal := read_seal(line))]
    told = [line for line in told if not (line["line"] == "seal" and line["n"] == 4)]
    told[-1]["lines"] -= 1
    told[0]["made_at"] = seals[1].at.isoformat()
    rewrite(away, told)

    options = ("--public-key", PUBLIC, "--seals", SEALS)
    done = jiaoying(away, "export", "--verify", EXPORT, *options)

    assert done.returncode == 0
    assert "尚无封存为证" in done.stdout
    assert "封存文件中有 1 次封存晚于本次导出" in done.stdout


def test_a_file_that_is_no_export_is_told_and_no_trace_of_ours_is_shown(
    away: Path,
) -> None:
    (away / EXPORT).write_bytes(b"\xff\xfe\n" + b"[" * 100_000 + b"\n")

    done = jiaoying(away, "export", "--verify", EXPORT)

    assert done.returncode == 1
    assert "这一行读不懂" in done.stdout
    assert "另有 1 处" in done.stdout
    assert done.stderr == ""


def test_a_store_that_was_edited_by_hand_gives_itself_away(
    home: Path, tmp_path: Path
) -> None:
    shutil.copytree(home, tmp_path / "home")
    name = (home / "name").read_text(encoding="utf-8")
    with sqlite3.connect(tmp_path / "home" / "store.db") as store:
        order = "DELETE FROM fact WHERE seq = 7 RETURNING callout"
        [[callout], *_] = store.execute(order).fetchall()

    jiaoying(tmp_path / "home", "export", name, "--out", EXPORT)
    code, found = verdict(tmp_path / "home", "--public-key", PUBLIC)

    assert code == 1
    assert (found["first_fact"]["flaw"], found["first_fact"]["seq"]) == ("missing", 7)
    assert callout in {one["subject"] for one in found["findings"]}


@pytest.mark.sqlite  # the store of the whole module is a file
def test_every_export_stands_in_the_journal_of_the_house(home: Path) -> None:
    async def noted() -> list[Any]:
        url = f"sqlite+aiosqlite:///{home / 'store.db'}"
        async with Database(url, Vault(MemoryRing())).running() as database:
            return list(await database.read(lambda c: entries_of(c, "house")))

    name = (home / "name").read_text(encoding="utf-8")
    [entry] = asyncio.run(noted())
    assert ("exported", name, "cli") == (entry.kind, entry.alert, entry.by)


def test_the_house_is_exported_by_its_name(home: Path, tmp_path: Path) -> None:
    shutil.copytree(home, tmp_path / "home")
    done = jiaoying(tmp_path / "home", "export", "house", "--out", EXPORT)
    code, found = verdict(tmp_path / "home")

    assert "已导出 house:0 张叫应单,0 条留痕,2 条记事,0 次封存" in done.stdout
    assert (code, [one["flaw"] for one in found["findings"]]) == (1, ["not_sealed"])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nothing", "--out", "x"], "alert nothing: not in this store"),
        ([], "say ALERT --out FILE, or --verify FILE"),
        (["--verify", EXPORT, "--public-key", "made.json"], "no public key"),
        (["--verify", "nowhere"], "nowhere"),
    ],
)
def test_what_can_not_be_done_is_told(
    home: Path, arguments: list[str], told: str
) -> None:
    done = jiaoying(home, "export", *arguments)

    assert done.returncode in {1, 2}
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_the_public_key_is_the_same_whoever_asks(home: Path) -> None:
    first, again = (jiaoying(home, "key", "public", "--json") for _ in "ab")

    key = json.loads(first.stdout)["public_key"]
    assert first.stdout == again.stdout
    assert key == (home / PUBLIC).read_text(encoding="utf-8").strip()
    assert key != SEED.hex()


@pytest.mark.parametrize("flaw", Flaw)
def test_every_flaw_has_words(away: Path, flaw: Flaw) -> None:
    sound = verifying.verify(away / EXPORT, None, None)
    findings = (Finding(flaw=flaw, subject="c", seq=2, kind="k", seal=3, facts=-1),)

    words = verifying.in_words(replace(sound, findings=findings))

    assert f"封存 3 c 第 2 条 k {verifying.FLAWS[flaw]}" in words
    assert ("多 1 条" in words) is (flaw is Flaw.NOT_AS_SEALED)

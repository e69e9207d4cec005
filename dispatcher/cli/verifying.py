"""``jiaoying export --verify``: checks an export, with no store and no key of ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from dispatcher.cli.failure import BAD_INPUT, CommandError
from dispatcher.core.audit import Audit
from dispatcher.core.finding import Finding, Flaw, Trust, Verdict
from dispatcher.core.seal import HASH
from dispatcher.engine.sealing import SealFile
from dispatcher.engine.signet import bears

FLAWS = {
    Flaw.UNREADABLE: "这一行读不懂",
    Flaw.CUT_OFF: "文件不完整:行数不符或没有结尾",
    Flaw.ALTERED: "被改过:内容与散列不符",
    Flaw.MISSING: "缺失",
    Flaw.MISPLACED: "次序不对",
    Flaw.CONTENT_ALTERED: "预警内容被改过:与收到时的散列不符",
    Flaw.NOT_AS_SEALED: "与封存不符",
    Flaw.NOT_SEALED: "没有任何封存,什么也证明不了",
    Flaw.BAD_SIGNATURE: "封存的签名不对",
    Flaw.SEAL_MISSING: "缺少封存",
    Flaw.SEAL_MISPLACED: "封存不连续",
    Flaw.SEAL_WITHHELD: "封存在另一份文件中有,导出中没有:末尾被截去",
    Flaw.FOREIGN_KEY: "文件中的公钥不是给定的公钥",
}
ENCLOSED = (
    "注意:公钥取自文件本身,自证不是证明:改了文件的人可以换上自己的公钥。"
    "请另行取得公钥(jiaoying key public),用 --public-key 给出。"
)


def verify(file: Path, public_key: Path | None, seals: Path | None) -> Verdict:
    """Audit an export.

    :raises CommandError: when the file of the public key holds none
    """
    key = _key(public_key) if public_key else None
    audit = Audit(bears, key, SealFile(seals).seals() if seals else ())
    for line in _lines(file):
        audit.hear(line)
    return audit.verdict()


def _key(file: Path) -> str:
    key = file.read_text(encoding="utf-8").strip()
    if not HASH.fullmatch(key):
        problem = f"{file}: no public key; it is 64 hex digits: jiaoying key public"
        raise CommandError([problem], BAD_INPUT)
    return key


def _lines(file: Path) -> Iterator[object]:
    with file.open("rb") as opened:
        for raw in opened:
            try:
                yield json.loads(raw)
            except (ValueError, RecursionError):
                yield None


def result(verdict: Verdict) -> dict[str, object]:
    """The verdict as one JSON object."""
    told = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(verdict).items()
    }
    first = verdict.first_fact
    return {
        **told,
        "sound": not verdict.findings,
        "first_fact": first and asdict(first),
    }


def in_words(verdict: Verdict) -> str:
    """The verdict for people."""
    return "\n".join(_words(verdict))


def _words(verdict: Verdict) -> Iterator[str]:
    yield (
        f"预警 {verdict.alert},导出于 {_time(verdict.made_at)}:"
        f"{verdict.callouts} 张叫应单,{verdict.facts} 条留痕,{verdict.entries} 条记事,"
        f"{verdict.seals} 次封存,最新封存 {_time(verdict.sealed_at)}"
    )
    if verdict.findings:
        if first := verdict.first_fact:
            yield f"最先坏的一条:{_place(first)},{FLAWS[first.flaw]}"
        yield from (f"- {_told(one)}" for one in verdict.findings)
        if verdict.more:
            yield f"- 另有 {verdict.more} 处"
    if verdict.unsealed:
        yield f"最新封存之后有 {verdict.unsealed} 条,尚无封存为证:稍后再导出一次"
    if verdict.later:
        yield f"封存文件中有 {verdict.later} 次封存晚于本次导出"
    if verdict.trust is Trust.ENCLOSED:
        yield ENCLOSED
    yield "核验不通过" if verdict.findings else "核验通过:散列、条数、封存与签名都相符"


def _time(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else "未知"


def _told(one: Finding) -> str:
    words = [f"第 {one.line} 行"] if one.line else []
    if one.seal:
        words.append(f"封存 {one.seal}")
    if one.subject:
        words.append(_place(one))
    return f"{' '.join([*words, FLAWS[one.flaw]])}{_doubt(one)}"


def _place(one: Finding) -> str:
    seq = f" 第 {one.seq} 条" if one.seq else ""
    return f"{one.subject}{seq}{f' {one.kind}' if one.kind else ''}"


def _doubt(one: Finding) -> str:
    """A seal tells that something was altered since the one before, not what."""
    if one.flaw is not Flaw.NOT_AS_SEALED:
        return ""
    missing = f",缺 {one.facts} 条" if one.facts > 0 else ""
    more = f",多 {-one.facts} 条" if one.facts < 0 else ""
    return f"{missing}{more}:被改的在此条与封存 {one.seal} 之间"

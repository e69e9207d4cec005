"""From a policy file to a checked :class:`~config.policy.PolicySet`.

Every problem is told at once, with the line it stands on: a policy that is half
understood is never used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from pydantic import ValidationError
from typing_extensions import override

from config import coherence
from config.build import build
from config.complaint import complaint
from config.document import Document, Loc, Value, read
from config.idle import set_aside
from config.ladders import Found
from config.policy import PolicySet
from config.shape import FileShape


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyProblem:
    """One thing wrong in a policy file.

    :ivar line: 1 is the first
    :ivar where: the keys that lead to it; items of a list are counted from 1
    """

    file: str
    line: int
    where: str
    what: str
    remedy: str

    @override
    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: "
        key = f"{self.where}: " if self.where else ""
        return f"{place}{key}{self.what}: {self.remedy}"


class PolicyError(Exception):
    """A policy file can't be used; ``problems`` holds everything wrong in it."""

    def __init__(self, problems: tuple[PolicyProblem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def load_policies(path: Path | None = None) -> PolicySet:
    """Read a policy file, a folder that holds one, or (None) the one shipped.

    Raises PolicyError with every problem found.
    """
    source = _source(path)
    content = _content(source)
    document = read(_text(source, content))
    values, idle = set_aside(document)
    found = sorted(_problems(source, document, values), key=lambda one: one.line)
    if found:
        raise PolicyError(tuple(found))
    version = hashlib.sha256(content).hexdigest()[:12]
    return build(FileShape.model_validate(values), version=version, idle=idle)


def _source(path: Path | None) -> Traversable:
    if path is None:
        return files("config").joinpath("policies", "default.yaml")
    if not path.is_dir():
        return path
    found = sorted(path.glob("*.yaml"))
    if len(found) != 1:
        what = f"文件夹里有 {len(found)} 个 .yaml 文件"
        raise _unusable(path, what, "请只放一个策略文件")
    return found[0]


def _content(source: Traversable) -> bytes:
    try:
        return source.read_bytes()
    except OSError as error:
        what = f"读不到文件({error.strerror})"
        raise _unusable(source, what, "请检查路径和权限") from error


def _text(source: Traversable, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _unusable(source, "不是 UTF-8 文字", "请另存为 UTF-8", line) from error


def _unusable(
    source: Traversable, what: str, remedy: str, line: int = 1
) -> PolicyError:
    problem = PolicyProblem(
        file=str(source), line=line, where="", what=what, remedy=remedy
    )
    return PolicyError((problem,))


def _problems(
    source: Traversable, document: Document, values: Value
) -> Iterator[PolicyProblem]:
    for fault in document.faults:
        yield PolicyProblem(
            file=str(source),
            line=fault.line,
            where="",
            what=fault.what,
            remedy=fault.remedy,
        )
    if document.lines or not document.faults:
        for loc, (what, remedy) in (*_misshapen(values), *coherence.problems(values)):
            yield PolicyProblem(
                file=str(source),
                line=document.line(loc),
                where=_where(loc),
                what=what,
                remedy=remedy,
            )


def _misshapen(values: Value) -> Iterator[Found]:
    try:
        FileShape.model_validate(values)
    except ValidationError as error:
        for one in error.errors():
            yield one["loc"], complaint(one)


def _where(loc: Loc) -> str:
    parts = (f"第{part + 1}项" if isinstance(part, int) else part for part in loc)
    return ".".join(part for part in parts if part != "[key]")

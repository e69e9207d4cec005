"""A YAML file as plain values, with the line each of them stands on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import yaml

Loc = tuple[str | int, ...]  # ("policies", "red", "ladders", "grid_lead", 0, "at")
Value = object

# The same language read in C, where the wheel has it: a start waits for the policies.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something YAML itself does not allow, or that we do not read."""

    line: int
    what: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What a file holds.

    :ivar values: mappings, lists and scalars; keys are the text as written
    :ivar lines: by path, 1 is the first line
    """

    values: Value
    lines: Mapping[Loc, int]
    faults: tuple[Fault, ...]

    def line(self, path: Loc) -> int:
        """The line of a path, or of the nearest thing around it that is there."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read(text: str) -> Document:
    """Read one document; what can't be read is told as faults, not raised."""
    try:
        alias = next(
            (e for e in yaml.parse(text, LOADER) if isinstance(e, yaml.AliasEvent)),
            None,
        )
        if alias:
            return _broken(alias.start_mark, "用了 * 引用", "请把内容写全")
        root = yaml.compose(text, Loader=LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return _broken(mark, f"不是合法的 YAML({error.problem})", "请改正格式")
    except yaml.YAMLError as error:
        return _broken(None, f"不是合法的 YAML({error})", "请改正格式")
    reading = _Reading()
    values = reading.value(root, ()) if root else {}
    return Document(values=values, lines=reading.lines, faults=tuple(reading.faults))


def _broken(mark: object, what: str, remedy: str) -> Document:
    line = getattr(mark, "line", 0) + 1  # the stubs know two kinds of mark
    fault = Fault(line=line, what=what, remedy=remedy)
    return Document(values={}, lines={}, faults=(fault,))


@dataclass(slots=True)
class _Reading:
    lines: dict[Loc, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    scalars: yaml.SafeLoader = field(default_factory=lambda: yaml.SafeLoader(""))

    def value(self, node: yaml.Node, path: Loc) -> Value:
        self.lines.setdefault(path, node.start_mark.line + 1)
        match node:
            case yaml.MappingNode():
                return self._mapping(node, path)
            case yaml.SequenceNode():
                return [self.value(n, (*path, i)) for i, n in enumerate(node.value)]
            case _:
                return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: Loc) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            name = str(key.value)
            if name in found:
                self._fault(line, f"“{name}”写了两次", "请删去一处")
                continue
            self.lines[*path, name] = line
            found[name] = self.value(value, (*path, name))
        return found

    def _scalar(self, node: yaml.Node) -> Value:
        try:
            return self.scalars.construct_object(node)
        except (yaml.constructor.ConstructorError, ValueError):
            line = node.start_mark.line + 1
            self._fault(line, f"读不懂“{node.value}”", "请加引号写成文字")
            return node.value

    def _fault(self, line: int, what: str, remedy: str) -> None:
        self.faults.append(Fault(line=line, what=what, remedy=remedy))

"""Where settings come from: a TOML file, the environment, and secrets in files."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic_settings import BaseSettings, EnvSettingsSource
from typing_extensions import override

from config.complaint import Complaint

PREFIX = "JIAOYING_"
CONFIG_VARIABLE = "JIAOYING_CONFIG"
USUAL_FILE = "jiaoying.toml"
BUILT_IN = "内置设置"
ENVIRONMENT = "环境变量"
FILE_SUFFIX = "_file"

Loc = tuple[str | int, ...]
Tree = dict[str, object]


class ConfigError(Exception):
    """The settings can't be used; ``problems`` holds a line for everything wrong."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """What was found, put together.

    :ivar file: name of the TOML file for problems, or that there is none
    :ivar base: where relative paths start
    :ivar variables: names of the environment that were read, in upper case
    """

    file: str
    base: Path
    merged: Tree
    variables: frozenset[str]
    problems: tuple[str, ...]

    def problem(self, loc: Loc, complaint: Complaint) -> str:
        """One line: where the value came from, which key, what, and what to do."""
        parts = (f"第{part + 1}项" if isinstance(part, int) else part for part in loc)
        key = ".".join(part for part in parts if part != "[key]")
        return f"{self._origin(loc)}: {key}: {complaint.what}: {complaint.remedy}"

    def _origin(self, loc: Loc) -> str:
        name = PREFIX + "__".join(part for part in loc if isinstance(part, str)).upper()
        for variable in (name, name + FILE_SUFFIX.upper()):
            if variable in self.variables:
                return f"{ENVIRONMENT} {variable}"
        return self.file


def read_layers(
    kind: type[BaseSettings], path: Path | None, env: Mapping[str, str]
) -> Layers:
    """Read the TOML file, if any, and lay the environment over it.

    Raises ConfigError where the file can't be read at all.
    """
    file = _file(path, env)
    base = (file.parent if file else Path()).absolute()
    below = _Reading(source=str(file) if file else BUILT_IN, base=base)
    above = _Reading(source=ENVIRONMENT, base=base)
    given = below.secrets(_toml(file) if file else {}, ())
    laid_over = above.environment(kind, env)
    return Layers(
        file=below.source,
        base=base,
        merged=_merge(given, laid_over),
        variables=frozenset(name.upper() for name in env),
        problems=(*below.problems, *above.problems),
    )


def _file(path: Path | None, env: Mapping[str, str]) -> Path | None:
    named = path or (Path(env[CONFIG_VARIABLE]) if env.get(CONFIG_VARIABLE) else None)
    usual = Path(USUAL_FILE)
    return named or (usual if usual.is_file() else None)


def _toml(file: Path) -> Tree:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        problem = f"{file}: 读不到文件({error.strerror}): 请检查路径和权限"
        raise ConfigError((problem,)) from error
    except ValueError as error:
        problem = f"{file}: 不是合法的 TOML({error}): 请改正格式"
        raise ConfigError((problem,)) from error


def _merge(below: Tree, above: Mapping[str, object]) -> Tree:
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        if isinstance(under, dict) and isinstance(value, dict):
            merged[key] = _merge(under, value)
        else:
            merged[key] = value
    return merged


class _Environment(EnvSettingsSource):
    """Pydantic's reading of the environment, of a given one."""

    def __init__(self, kind: type[BaseSettings], env: Mapping[str, str]) -> None:
        self._given = env
        super().__init__(kind)

    @override
    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.lower(): value for name, value in self._given.items()}


@dataclass(slots=True, kw_only=True)
class _Reading:
    source: str
    base: Path
    problems: list[str] = field(default_factory=list)

    def environment(self, kind: type[BaseSettings], env: Mapping[str, str]) -> Tree:
        """The settings in the environment; a section that isn't ours is a problem."""
        for name in env:
            section, nested, _ = (
                name.lower().removeprefix(PREFIX.lower()).partition("__")
            )
            ours = name.lower().startswith(PREFIX.lower()) and nested
            if ours and section not in kind.model_fields:
                self._problem(f"{ENVIRONMENT} {name}", "没有这一节", "请改正拼写或删去")
        return self.secrets(dict(_Environment(kind, env)()), ())

    def secrets(self, tree: Tree, loc: tuple[str, ...]) -> Tree:
        """The same settings with what stands in files of its own put in place."""
        found: Tree = {}
        for key, value in tree.items():
            here = (*loc, key)
            if isinstance(value, dict):
                found[key] = self.secrets(value, here)
            elif key.endswith(FILE_SUFFIX) and isinstance(value, str):
                if value:
                    name = key.removesuffix(FILE_SUFFIX)
                    found[name] = self._secret(tree, here, value)
            else:
                found.setdefault(key, value)
        return found

    def _secret(self, tree: Tree, loc: tuple[str, ...], file: str) -> str:
        where = f"{self.source}: {'.'.join(loc)}"
        if tree.get(loc[-1].removesuffix(FILE_SUFFIX)):
            self._problem(where, "既写了值又写了文件", "请只留一个")
        try:
            secret = (self.base / file).read_text(encoding="utf-8").strip()
        except (OSError, ValueError):
            self._problem(where, f"读不到密钥文件 {file}", "请检查路径和权限")
            return ""
        if not secret:
            self._problem(where, f"密钥文件 {file} 是空的", "请写入密钥")
        return secret

    def _problem(self, where: str, what: str, remedy: str) -> None:
        self.problems.append(f"{where}: {what}: {remedy}")

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from importlib.metadata import packages_distributions
from itertools import takewhile
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[2]
OURS = {"dispatcher", "channels", "contacts", "config", "tests"}
ADR_HEADINGS = ["Context", "Decision", "Consequences", "Alternatives"]
MAX_LINES = 500

# Written so that this file does not hold what it forbids.
REGISTRY = re.compile(
    r"\b(?:pypi|pythonhosted|npmjs|npmmirror|yarnpkg|crates|debian|ubuntu)"
    r"\.(?:org|com|net|io)\b"
    r"|\bmirrors?\.[\w-]+\.(?:com|cn|net|edu\.cn)\b"
    r"|\.tuna\.[\w-]+\.edu\.cn\b"
)
WORKSPACE = re.compile(r"(?<![\w.])/(?:work|root|home)/\w")


def ignored() -> set[str]:
    lines = (ROOT / ".gitignore").read_text().splitlines()
    return {".git", *(line.strip("/") for line in lines if line)}


def files() -> Iterator[Path]:
    """Every file that git would track, without asking git: a tarball has none."""
    patterns = ignored()
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if not matches(name, patterns)]
        yield from (Path(folder, name) for name in names if not matches(name, patterns))


def matches(name: str, patterns: set[str]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)


def occurrences(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}: {found.group()}"
        for path in files()
        for found in pattern.finditer(path.read_bytes().decode(errors="ignore"))
    ]


def pins(name: str) -> dict[str, bool]:
    """Each pinned line of a requirements file, and whether hashes follow it."""
    text = (ROOT / "requirements" / name).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and line.lstrip()[0] != "#"]
    return {line.split(" ")[0]: "--hash=sha256:" in line for line in lines}


def headings(path: Path) -> list[str]:
    return re.findall(r"^## (.+)$", path.read_text(), re.MULTILINE)


@pytest.mark.parametrize("name", sorted(OURS))
def test_nobody_else_owns_one_of_our_import_names(name: str) -> None:
    owners = set(packages_distributions().get(name, []))

    assert owners <= {"jiaoying-dispatcher"}


def test_every_import_contract_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)

    assert lint_imports(no_cache=True) == 0


def test_no_file_names_a_package_registry() -> None:
    assert occurrences(REGISTRY) == []


def test_no_file_names_a_path_of_one_machine() -> None:
    assert occurrences(WORKSPACE) == []


@pytest.mark.parametrize(
    "text", ["files.pythonhosted" + ".org", "mirrors" + ".example.com/simple"]
)
def test_a_registry_is_known_by_its_host(text: str) -> None:
    assert REGISTRY.search(text)


@pytest.mark.parametrize("name", ["run.txt", "dev.txt"])
def test_every_requirement_carries_hashes(name: str) -> None:
    unhashed = [pin for pin, hashed in pins(name).items() if not hashed]

    assert (unhashed, bool(pins(name))) == ([], True)


def test_demo_and_tests_run_the_same_versions() -> None:
    assert pins("run.txt").keys() <= pins("dev.txt").keys()


def test_the_requirements_name_every_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {
        re.split(r"[^\w-]", dependency)[0] for dependency in project["dependencies"]
    }
    pinned = {pin.partition("==")[0].partition("[")[0] for pin in pins("run.txt")}

    assert wanted - pinned == set()


@pytest.mark.parametrize(
    "path", sorted((ROOT / "docs" / "adr").glob("*.md")), ids=lambda path: path.stem
)
def test_a_decision_has_its_four_parts(path: Path) -> None:
    assert headings(path)[:4] == ADR_HEADINGS


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = sorted(
        int(path.name[:4]) for path in (ROOT / "docs" / "adr").glob("*.md")
    )

    assert numbers == list(range(1, len(numbers) + 1))


def test_no_python_file_is_too_long_to_read() -> None:
    long = {
        str(path.relative_to(ROOT)): length
        for path in files()
        if path.suffix == ".py"
        and (length := len(path.read_text().splitlines())) > MAX_LINES
    }

    assert long == {}


def test_the_readme_opens_with_the_two_commands() -> None:
    opening = (ROOT / "README.md").read_text().partition("\n## ")[0]
    block = opening.partition("```sh\n")[2].splitlines()
    commands = list(takewhile(lambda line: line != "```", block))

    assert [line.split("#")[0].strip() for line in commands] == [
        "make demo",
        "make test",
    ]

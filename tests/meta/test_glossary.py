from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import fields
from enum import Enum, IntEnum
from pathlib import Path
from typing import TypeGuard, get_args

import pytest

import channels.contract
import contacts.model
import dispatcher.core
from dispatcher.core.fact import Fact
from dispatcher.core.journal import Entry

GLOSSARY = Path(__file__).parents[2] / "docs" / "glossary.md"
ROW = re.compile(r"^\| `([\w ]+)` \| (.+?) \| (.*?) ?\|$", re.MULTILINE)


def sections() -> dict[str, list[str]]:
    """The identifiers of each section, by the section's heading."""
    parts = GLOSSARY.read_text().split("\n## ")[1:]
    return {
        part.partition("\n")[0]: [row[0] for row in ROW.findall(part)] for part in parts
    }


def words() -> Iterator[tuple[str, list[str]]]:
    """Every enumeration of the nouns, and the kinds of facts and entries."""
    core = pkgutil.iter_modules(dispatcher.core.__path__, "dispatcher.core.")
    modules = [importlib.import_module(found.name) for found in core]
    for module in (channels.contract, contacts.model, *modules):
        for name, member in vars(module).items():
            if is_enumeration(member) and member.__module__ == module.__name__:
                yield name, [word_of(one) for one in member]
    yield "Fact", [kind_of(fact) for fact in get_args(Fact)]
    yield "Entry", [kind_of(entry) for entry in get_args(Entry)]


def is_enumeration(member: object) -> TypeGuard[type[Enum]]:
    return isinstance(member, type) and issubclass(member, Enum)


def word_of(member: Enum) -> str:
    return member.name.lower() if isinstance(member, IntEnum) else str(member.value)


def kind_of(told: type[Fact | Entry]) -> str:
    return next(str(field.default) for field in fields(told) if field.name == "kind")


@pytest.mark.parametrize(
    ("name", "values"), [pytest.param(*word, id=word[0]) for word in words()]
)
def test_the_glossary_lists_exactly_the_words_of_the_code(
    name: str, values: list[str]
) -> None:
    assert sections().get(name) == values


def test_every_section_but_the_first_is_a_class_of_the_code() -> None:
    assert set(sections()) - {"Nouns"} == {name for name, _ in words()}

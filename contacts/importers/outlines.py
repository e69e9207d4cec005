"""From a file of outlines to the land of our units: all of it, or every problem.

A file with any problem gives nothing else: half a map would look like a whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from shapely.geometry.base import BaseGeometry

from contacts.datum import Datum
from contacts.importers.features import Feature, read_features
from contacts.model import UnitId
from contacts.roster import Roster


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureProblem:
    """One thing to mend.

    :ivar number: of the feature, the first is 1; 0 is the whole file
    :ivar what: in Chinese
    """

    number: int
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlines:
    """A file, read: either problems, or the land of some units, in WGS-84."""

    lands: Mapping[UnitId, BaseGeometry] = field(default_factory=dict)
    problems: tuple[FeatureProblem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """How a file of outlines is to be read.

    :ivar code_system: the list its codes come from, with version
    :ivar datum: what its coordinates are counted from
    :ivar code_property: where a feature names its unit; empty: in one of the usual
    """

    code_system: str
    datum: Datum = Datum.WGS_84
    code_property: str = ""


def read_outlines(data: bytes, roster: Roster, source: Source) -> Outlines:
    """Read a whole file for the units of a roster."""
    features = read_features(data, source.datum, source.code_property)
    if isinstance(features, str):
        return Outlines(problems=(FeatureProblem(number=0, what=features),))
    lands: dict[UnitId, BaseGeometry] = {}
    first: dict[UnitId, int] = {}
    problems: list[FeatureProblem] = []
    for one in features:
        unit = roster.coded(source.code_system, one.code)
        wrong = [*one.faults, *_misplaced(one, unit, first)]
        problems.extend(FeatureProblem(number=one.number, what=what) for what in wrong)
        if unit is not None and one.land is not None:
            lands[unit] = one.land
    return Outlines(problems=tuple(problems)) if problems else Outlines(lands=lands)


def _misplaced(
    feature: Feature, unit: UnitId | None, first: dict[UnitId, int]
) -> Iterator[str]:
    """What is wrong with the unit a feature names.

    :param first: in which feature each unit came first; the unit is noted there
    """
    if unit is None:
        if feature.code:
            yield f"名册里没有编码为“{feature.code}”的单元"
    elif (number := first.setdefault(unit, feature.number)) != feature.number:
        yield f"“{feature.code}”在第 {number} 个要素已有轮廓"

"""Outlines kept as GeoJSON (RFC 7946): the features, each with its code and its land.

A feature names its unit by a property, or by its id. Longitude stands first; a height
is left out. What other programs get wrong is told with the feature it is in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import shapely
from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import from_json
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from contacts.datum import Datum, to_wgs84
from contacts.geometry import Point
from contacts.importers import cells
from contacts.importers.columns import ALIASES, Column, plain
from contacts.rings import RING_WORDS, ring_problem

BYTES_MOST = 64 * 1024 * 1024
FEATURES_MOST = 100_000
# The properties that may hold the code, the surest first: a grid's row tells its
# village's code as well. A feature's own id comes last.
CODE_PROPERTIES = tuple(
    plain(name)
    for name in (
        *(Column.GRID_CODE, *ALIASES[Column.GRID_CODE], "code"),
        *(Column.CODE, *ALIASES[Column.CODE], "adcode", "id"),
    )
)
# Degrees on the ellipsoid of satellites; China's own, 4490, differs by centimetres.
IN_DEGREES = ("CRS84", "CRS84h", "4326", "4490")
KIND = "图形只能是 Polygon 或 MultiPolygon"
POSITIONS = "坐标应是 [经度, 纬度] 组成的圈"
HOLES = "里面的圈(洞)应在外圈之内,不与外圈或别的洞相交"

Degrees = Annotated[float, Field(strict=True)]  # a text is no number
Position = Annotated[list[Degrees], Field(min_length=2, max_length=4)]
Rings = Annotated[list[list[Position]], Field(min_length=1, max_length=1000)]
Parts = Annotated[list[Rings], Field(min_length=1, max_length=1000)]
POLYGON: TypeAdapter[Rings] = TypeAdapter(Rings)
PARTS: TypeAdapter[Parts] = TypeAdapter(Parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One outline, before it is known which unit it belongs to.

    :ivar number: its place in the file, from 1
    :ivar code: as it is written; empty where there is none
    :ivar land: None when it can't be used
    :ivar faults: what is wrong with it, in Chinese
    """

    number: int
    code: str
    land: BaseGeometry | None
    faults: tuple[str, ...] = ()


def read_features(
    data: bytes, datum: Datum, code_property: str = ""
) -> list[Feature] | str:
    """Read a whole file; a text tells, in Chinese, why nothing of it can be read.

    :param datum: what its coordinates are counted from
    :param code_property: the property that holds the code; empty: the usual ones
    """
    features = _listed(data)
    if isinstance(features, str):
        return features
    names = (plain(code_property),) if code_property else CODE_PROPERTIES
    if not any(_code(one, names) for one in features):
        return _codeless(features, code_property)
    return [
        _feature(number, one, names, datum)
        for number, one in enumerate(features, start=1)
    ]


def _listed(data: bytes) -> list[Mapping[str, Any]] | str:
    """The features of a file, or why it has none that can be read."""
    if len(data) > BYTES_MOST:
        return f"文件超过 {BYTES_MOST // 1024**2} MiB,请简化图形或分成几个文件"
    try:
        value = from_json(data.removeprefix(b"\xef\xbb\xbf"), allow_inf_nan=False)
    except ValueError:
        return "不是 UTF-8 编码的 JSON"
    match value:
        case {"type": "FeatureCollection", "features": [_, *_] as features}:
            return _foreign(value) or _bounded(features)
        case {"type": "FeatureCollection"}:
            return "没有任何要素(features)"
        case _:
            return "应是 GeoJSON 的 FeatureCollection"


def _foreign(collection: Mapping[str, Any]) -> str:
    """Why its coordinates are not degrees, where an older file says so itself."""
    match collection.get("crs"):
        case {"properties": {"name": str(name)}} if not name.endswith(IN_DEGREES):
            return f"坐标系是 {name},请先转换为经纬度(EPSG:4326 或 EPSG:4490)"
        case _:
            return ""


def _bounded(features: list[Any]) -> list[Mapping[str, Any]] | str:
    if len(features) > FEATURES_MOST:
        return f"要素最多 {FEATURES_MOST} 个"
    return [one if isinstance(one, dict) else {} for one in features]


def _codeless(features: Iterable[Mapping[str, Any]], code_property: str) -> str:
    """No feature has a code: most likely it stands in a property of another name."""
    wanted = code_property or "code、区划代码、网格编码、adcode 或 id"
    there = dict.fromkeys(name for one in features for name in _properties(one))
    named = "、".join(list(there)[:20]) or "没有属性"
    return f"没有一个要素带编码属性 {wanted};文件里有:{named};用 --code-property 指定"


def _properties(feature: Mapping[str, Any]) -> Mapping[str, Any]:
    found = feature.get("properties")
    return found if isinstance(found, dict) else {}


def _code(feature: Mapping[str, Any], names: Sequence[str]) -> str:
    """The code as text; empty where there is none."""
    known = {"id": feature.get("id"), **_properties(feature)}
    by_name = {plain(name): value for name, value in known.items()}
    codes = (_text(by_name.get(name)) for name in names)
    return next(filter(None, codes), "")


def _text(value: object) -> str:
    """A code, written as a text or, by some programs, as a number."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return ""
    return cells.clean(str(value))


def _feature(
    number: int, feature: Mapping[str, Any], names: Sequence[str], datum: Datum
) -> Feature:
    code = _code(feature, names)
    lands = _parts(feature.get("geometry"))
    wrong = [lands] if isinstance(lands, str) else _faults(lands)
    return Feature(
        number=number,
        code=code,
        land=None if wrong or isinstance(lands, str) else _land(lands, datum),
        faults=tuple(wrong if code else ["没有编码", *wrong]),
    )


Land = list[list[Point]]  # an outer ring, and its holes


def _parts(geometry: object) -> list[Land] | str:
    """The polygons a geometry consists of, or why it has none."""
    try:
        match geometry:
            case None:
                return "没有图形(geometry)"
            case {"type": "Polygon", "coordinates": rings}:
                several = [POLYGON.validate_python(rings)]
            case {"type": "MultiPolygon", "coordinates": parts}:
                several = PARTS.validate_python(parts)
            case _:
                return KIND
    except ValidationError:
        return POSITIONS
    return [
        [[(lat, lon) for lon, lat, *_ in ring] for ring in rings] for rings in several
    ]


def _faults(lands: Iterable[Land]) -> list[str]:
    """What is wrong with the rings, each fault once; then with their holes."""
    rings = [ring for land in lands for ring in land]
    codes = dict.fromkeys(code for ring in rings if (code := ring_problem(ring)))
    if codes:
        return [RING_WORDS[code][0] for code in codes]
    return [] if all(_drawn(land).is_valid for land in lands) else [HOLES]


def _drawn(land: Land) -> Polygon:
    outer, *holes = ([(lon, lat) for lat, lon in ring] for ring in land)
    return Polygon(outer, holes)


def _land(lands: Iterable[Land], datum: Datum) -> BaseGeometry:
    """Put the parts together; where they touch or overlap, they are one."""
    placed = [
        [[to_wgs84(point, datum) for point in ring] for ring in land] for land in lands
    ]
    drawn = map(_drawn, placed)
    # A very thin piece may cross itself once it is moved to another datum.
    sound = [one if one.is_valid else shapely.make_valid(one) for one in drawn]
    return shapely.union_all(sound)

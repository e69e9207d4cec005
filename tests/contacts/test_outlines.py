"""Outlines of units, read from GeoJSON as other programs write it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from shapely.geometry import box

from contacts.datum import Datum, to_gcj02
from contacts.importers import features
from contacts.importers.outlines import Outlines, Source, read_outlines
from contacts.model import UnitId
from contacts.roster import Roster
from tests.contacts.tree import COUNTY, GRID_1, GRID_2, TOWN, UNITS, VILLAGE

ROSTER = Roster.build(UNITS, (), ())
SQUARE = [[110.0, 30.0], [110.1, 30.0], [110.1, 30.1], [110.0, 30.1], [110.0, 30.0]]
HOLE = [[110.02, 30.02], [110.02, 30.04], [110.04, 30.04], [110.02, 30.02]]
LAND = {"type": "Polygon", "coordinates": [SQUARE]}
AWAY = [[x + 1, y] for x, y in SQUARE]


def feature(code: object = GRID_1, /, geometry: object = LAND, **more: Any) -> Any:
    properties = {"code": code, **more}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def polygon(*rings: object) -> Any:
    return {"type": "Polygon", "coordinates": [*rings]}


def read(*several: Any, source: Source | None = None, **more: Any) -> Outlines:
    """Read a collection of these features."""
    collection = {"type": "FeatureCollection", "features": [*several], **more}
    return read_bytes(json.dumps(collection).encode(), source)


def read_bytes(data: bytes, source: Source | None = None) -> Outlines:
    return read_outlines(data, ROSTER, source or Source(code_system="DEMO"))


def told(outlines: Outlines) -> list[tuple[int, str]]:
    """Its problems; a file with problems gives nothing else."""
    assert not (outlines.lands and outlines.problems)
    return [(problem.number, problem.what) for problem in outlines.problems]


def test_each_unit_gets_its_own_land() -> None:
    several = {"type": "MultiPolygon", "coordinates": [[SQUARE, HOLE], [AWAY]]}
    outlines = read(feature(), feature(TOWN, several))
    square, away = box(110, 30, 110.1, 30.1), box(111, 30, 111.1, 30.1)

    assert outlines.lands.keys() == {GRID_1, TOWN}
    assert outlines.lands[GRID_1].equals(square)
    assert outlines.lands[TOWN].area == pytest.approx(square.area + away.area - 0.0002)


@pytest.mark.parametrize(
    ("properties", "unit"),
    [
        ({"区划代码": VILLAGE, "网格编码": GRID_2}, GRID_2),
        ({"区划代码": VILLAGE, "网格编码": ""}, VILLAGE),
        ({"区划代码": VILLAGE, "网格编码": None}, VILLAGE),
        ({"行政区划代码": f"{TOWN}000"}, TOWN),
        ({"Code": f" {COUNTY} ", "id": 3}, COUNTY),
        ({"adcode": int(COUNTY)}, COUNTY),
        ({"adcode": float(COUNTY)}, COUNTY),
        ({"ID": TOWN, "name": "白鹭洲镇"}, TOWN),
    ],
)
def test_the_code_stands_in_one_of_the_usual_properties(
    properties: dict[str, Any], unit: UnitId
) -> None:
    one = {"type": "Feature", "properties": properties, "geometry": LAND}

    assert read(one).lands.keys() == {unit}


def test_the_code_may_be_the_id_of_the_feature_itself() -> None:
    bare = {"type": "Feature", "id": GRID_1, "properties": None, "geometry": LAND}

    assert read(bare).lands.keys() == {GRID_1}


def test_the_code_may_stand_in_a_property_that_is_named() -> None:
    source = Source(code_system="DEMO", code_property="WGBM")
    one = feature("of another list", WGBM=GRID_1)

    assert read(one, source=source).lands.keys() == {GRID_1}


def test_a_height_is_left_out() -> None:
    high = polygon([[*point, 812.5] for point in SQUARE])

    assert read(feature(GRID_1, high)).lands[GRID_1].equals(box(110, 30, 110.1, 30.1))


def test_parts_that_touch_are_one_land() -> None:
    beside = [[x + 0.1, y] for x, y in SQUARE]
    both = {"type": "MultiPolygon", "coordinates": [[SQUARE], [beside]]}

    land = read(feature(GRID_1, both)).lands[GRID_1]

    assert land.geom_type == "Polygon"
    assert land.symmetric_difference(box(110, 30, 110.2, 30.1)).area < 1e-9


def test_outlines_off_a_chinese_map_are_moved_to_where_they_are() -> None:
    shown = polygon([to_gcj02((lat, lon))[::-1] for lon, lat in SQUARE])
    source = Source(code_system="DEMO", datum=Datum.GCJ_02)
    land = read(feature(GRID_1, shown), source=source).lands[GRID_1]

    assert land.symmetric_difference(box(110, 30, 110.1, 30.1)).area < 1e-6


def test_a_file_may_begin_with_a_byte_order_mark() -> None:
    whole = json.dumps({"type": "FeatureCollection", "features": [feature()]})

    assert read_bytes(whole.encode("utf-8-sig")).lands.keys() == {GRID_1}


@pytest.mark.parametrize(
    ("geometry", "what"),
    [
        (polygon(SQUARE[:-1]), "多边形没有闭合:末点应等于首点"),
        (polygon(SQUARE[:2]), "多边形至少要四个点"),
        (
            polygon([SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3], SQUARE[0]]),
            "多边形的边互相交叉",
        ),
        (
            polygon([point[::-1] for point in SQUARE]),
            "经纬度像是写反了:把两数对调就落在境内",
        ),
        (
            polygon([[x * 1e5, y * 1e5] for x, y in SQUARE]),
            "坐标超出范围",
        ),
        (polygon(SQUARE, AWAY), features.HOLES),
        (polygon(SQUARE, HOLE, HOLE), features.HOLES),
        (None, "没有图形(geometry)"),
        ({"type": "Point", "coordinates": [110, 30]}, features.KIND),
        ({"type": "GeometryCollection", "geometries": [LAND]}, features.KIND),
        ("POLYGON ((110 30))", features.KIND),
        ({"type": "Polygon"}, features.KIND),
        ({"type": "Polygon", "coordinates": []}, features.POSITIONS),
        ({"type": "Polygon", "coordinates": "x"}, features.POSITIONS),
        (polygon([["110", "30"]] * 4), features.POSITIONS),
        (polygon([[110]] * 4), features.POSITIONS),
        ({"type": "MultiPolygon", "coordinates": [SQUARE]}, features.POSITIONS),
    ],
)
def test_what_is_wrong_with_a_shape_is_told_with_its_feature(
    geometry: object, what: str
) -> None:
    outlines = read(feature(VILLAGE), feature(GRID_1, geometry))

    assert told(outlines) == [(2, what)]


def test_a_fault_of_several_rings_is_told_once() -> None:
    open_twice = polygon(SQUARE[:-1], HOLE[:2], HOLE[:2])

    assert told(read(feature(GRID_1, open_twice))) == [
        (1, "多边形没有闭合:末点应等于首点"),
        (1, "多边形至少要四个点"),
    ]


def test_everything_is_told_at_once() -> None:
    outlines = read(
        feature(),
        feature("110101"),
        feature(GRID_1, None),
        "nothing",
        feature(None),
    )

    assert told(outlines) == [
        (2, "名册里没有编码为“110101”的单元"),
        (3, "没有图形(geometry)"),
        (3, f"“{GRID_1}”在第 1 个要素已有轮廓"),
        (4, "没有编码"),
        (4, "没有图形(geometry)"),
        (5, "没有编码"),
    ]


def test_one_unit_by_two_spellings_is_still_one() -> None:
    assert told(read(feature(TOWN), feature(f"{TOWN}000"))) == [
        (2, f"“{TOWN}000”在第 1 个要素已有轮廓")
    ]


def test_a_code_of_another_list_names_none_of_our_units() -> None:
    source = Source(code_system="NBS-2023")

    assert told(read(feature(), source=source)) == [
        (1, f"名册里没有编码为“{GRID_1}”的单元")
    ]


def test_without_any_code_the_properties_that_are_there_are_told() -> None:
    one = {"type": "Feature", "properties": {"WGBM": GRID_1}, "geometry": LAND}
    bare = {"type": "Feature", "properties": {}, "geometry": LAND}
    [(number, what)] = told(read(one, one))
    [(_, nothing)] = told(read(bare))

    assert number == 0
    assert "文件里有:WGBM;用 --code-property 指定" in what
    assert "文件里有:没有属性" in nothing


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"{", "不是 UTF-8 编码的 JSON"),
        ("网格".encode("gbk"), "不是 UTF-8 编码的 JSON"),
        (b'{"type": NaN}', "不是 UTF-8 编码的 JSON"),
        (b"[" * 100_000, "不是 UTF-8 编码的 JSON"),
        (b"[]", "应是 GeoJSON 的 FeatureCollection"),
        (json.dumps(feature()).encode(), "应是 GeoJSON 的 FeatureCollection"),
        (b'{"type": "FeatureCollection"}', "没有任何要素(features)"),
        (b'{"type": "FeatureCollection", "features": []}', "没有任何要素(features)"),
        (b" " * (features.BYTES_MOST + 1), "文件超过 64 MiB,请简化图形或分成几个文件"),
    ],
)
def test_a_file_that_can_not_be_read_is_told(data: bytes, what: str) -> None:
    assert told(read_bytes(data)) == [(0, what)]


def test_the_number_of_features_is_bounded() -> None:
    many = b",".join([b"{}"] * (features.FEATURES_MOST + 1))
    data = b'{"type": "FeatureCollection", "features": [' + many + b"]}"

    assert told(read_bytes(data)) == [(0, "要素最多 100000 个")]


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("urn:ogc:def:crs:OGC:1.3:CRS84", True),
        ("EPSG:4326", True),
        ("urn:ogc:def:crs:EPSG::4490", True),
        ("urn:ogc:def:crs:EPSG::4528", False),
        ("urn:ogc:def:crs:EPSG::3857", False),
    ],
)
def test_coordinates_that_are_no_degrees_are_told_where_the_file_says_so(
    name: str, *, ours: bool
) -> None:
    crs = {"type": "name", "properties": {"name": name}}
    problem = (0, f"坐标系是 {name},请先转换为经纬度(EPSG:4326 或 EPSG:4490)")

    assert told(read(feature(), crs=crs)) == ([] if ours else [problem])

"""A county that does not exist, for demos: 澄溪县, with everybody who answers for it.

Every name, place and code is made up, and the numbers begin with +999, which is
assigned to nobody. The same seed gives the same county, byte for byte.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from random import Random

from contacts.importers.columns import Column

CODE_SYSTEM = "DEMO"
COUNTY_CODE = "990421"
COUNTY_NAME = "澄溪县"

Cells = dict[Column, str]
Point = tuple[float, float]  # degrees north and east

HEAD_LEADS_A_GRID = 1 / 3  # shares of all that are so
LEADS_THE_NEXT_TOO = 0.1
NO_BACKUP = 0.05
SECOND_NUMBER = 0.12

CENTRE: Point = (30.0, 110.0)  # round figures, because it is nowhere
# In degrees of latitude: streets and towns from the centre, a village from its town,
# a grid from its village.
STREET_RADIUS, TOWN_RADIUS = 0.05, 0.21
VILLAGE_RADIUS, GRID_RADIUS = 0.07, 0.018
FARTHEST = TOWN_RADIUS + VILLAGE_RADIUS + GRID_RADIUS

# a code's three digits after the county's: streets 001.., towns 100.., others 200..
STREETS = {"001": "临澄街道", "002": "望溪街道"}
TOWNS = {
    "100": "白鹭洲镇",
    "101": "石桥沟镇",
    "102": "青枫岭镇",
    "103": "双潭镇",
    "104": "柳湾镇",
    "105": "云台铺镇",
    "106": "马蹄河镇",
    "200": "松坪乡",
    "201": "落雁乡",
    "202": "高荷乡",
}
STEMS = (
    *("杨柳", "石门", "梅子", "青龙", "白果", "黄泥", "金竹", "桃花"),
    *("双河", "乌木", "槐树", "长岭", "清水", "大塘", "枣林", "红岩"),
    *("凤凰", "磨盘", "古井", "野猪", "月亮", "老鹰", "茶园", "桑树"),
)
ENDINGS = "湾坪沟冲坝岗垭店"
NUMERALS = "一二三四五六七八九"

FAMILIES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许邓韩冯曹彭曾"
GIVEN = (
    *("".join(parts) for parts in product("建志文海春永德世", "国强军明华平林刚")),
    *("".join(parts) for parts in product("秀桂玉晓丽金冬雪", "英兰梅芳珍霞燕娥")),
    *"伟勇磊涛超波斌鹏敏静艳娜",
)

RISKS = range(1, 10)
RISK_WEIGHTS = (1, 2, 3, 4, 6, 8, 10, 12, 14)  # few grids are in great danger


def county_csv(seed: int = 7) -> bytes:
    """Write the county's roster as a CSV file that the importer takes."""
    sheet = io.StringIO(newline="")
    writer = csv.DictWriter(sheet, fieldnames=list(Column), restval="")
    writer.writeheader()
    writer.writerows(county_rows(seed))
    return sheet.getvalue().encode("utf-8-sig")


def county_rows(seed: int = 7) -> Iterator[Cells]:
    """Make up all rows of the roster, from the county down."""
    return _Author.seeded(seed).county()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Author:
    """Makes up the county, row by row; a person is the cells that tell of him.

    :ivar taken: where grids lie already
    """

    rng: Random
    people: Iterator[Cells]
    village_names: Iterator[str]
    taken: set[tuple[str, str]] = field(default_factory=set)

    @classmethod
    def seeded(cls, seed: int) -> _Author:
        """Make an author whose inventions depend on the seed alone."""
        rng = Random(seed)  # noqa: S311 - reproducible fiction, not secrets
        names = ["".join(parts) for parts in product(STEMS, ENDINGS)]
        rng.shuffle(names)
        return cls(rng=rng, people=_people(rng), village_names=iter(names))

    def county(self) -> Iterator[Cells]:
        """Make all rows, from the county down."""
        place = {Column.CODE: COUNTY_CODE, Column.COUNTY: COUNTY_NAME}
        for role in ("县值班", "县值班", "县带班领导"):
            yield place | self._new(role)
        for names, radius in ((STREETS, STREET_RADIUS), (TOWNS, TOWN_RADIUS)):
            for turn, (digits, name) in enumerate(names.items()):
                yield from self._township(
                    place | {Column.CODE: COUNTY_CODE + digits, Column.TOWNSHIP: name},
                    shifted(CENTRE, radius, math.tau * turn / len(names)),
                )

    def _township(self, place: Cells, centre: Point) -> Iterator[Cells]:
        for role in ("乡镇值班", "乡镇主要负责人"):
            yield place | self._new(role)
        urban = place[Column.TOWNSHIP] in STREETS.values()
        for number in range(1, self.rng.randint(11, 14) + 1):
            digits, suffix = (number, "社区") if urban else (200 + number, "村")
            village = {
                Column.CODE: f"{place[Column.CODE]}{digits:03d}",
                Column.VILLAGE: next(self.village_names) + suffix,
            }
            yield from self._village(
                place | village, self._near(centre, VILLAGE_RADIUS)
            )

    def _village(self, place: Cells, centre: Point) -> Iterator[Cells]:
        head = next(self.people)
        yield place | {Column.ROLE: "村(社区)书记"} | head
        yield place | self._new("村值班")
        lead = head if self._happens(HEAD_LEADS_A_GRID) else next(self.people)
        for numeral in NUMERALS[: self.rng.randint(5, 8)]:
            yield from self._grid(
                place | self._grid_cells(place, numeral, centre), lead
            )
            lead = lead if self._happens(LEADS_THE_NEXT_TOO) else next(self.people)

    def _grid(self, place: Cells, lead: Cells) -> Iterator[Cells]:
        """Make the rows of a grid; a vacant B角 has a row without a name."""
        yield place | {Column.ROLE: "A角"} | lead
        vacant = self._happens(NO_BACKUP)
        yield place | ({Column.ROLE: "B角"} if vacant else self._new("B角"))

    def _grid_cells(self, village: Cells, numeral: str, centre: Point) -> Cells:
        lat, lon = self._free(centre)
        [risk] = self.rng.choices(RISKS, RISK_WEIGHTS)
        number = NUMERALS.index(numeral) + 1
        return {
            Column.GRID_CODE: f"{village[Column.CODE]}{number:03d}",
            Column.GRID_NAME: f"{village[Column.VILLAGE]}第{numeral}网格",
            Column.LAT: lat,
            Column.LON: lon,
            Column.RISK: str(risk),
        }

    def _free(self, centre: Point) -> tuple[str, str]:
        """Find a place for a grid where no other one is: each has land of its own."""
        while True:
            north, east = self._near(centre, GRID_RADIUS)
            place = f"{north:.5f}", f"{east:.5f}"
            if place not in self.taken:
                self.taken.add(place)
                return place

    def _happens(self, share: float) -> bool:
        return self.rng.random() < share

    def _new(self, role: str) -> Cells:
        return {Column.ROLE: role} | next(self.people)

    def _near(self, centre: Point, degrees: float) -> Point:
        radius = degrees * math.sqrt(self.rng.random())  # even over the disc
        return shifted(centre, radius, self.rng.uniform(0, math.tau))


def _people(rng: Random) -> Iterator[Cells]:
    """Invent people without end; no number is given twice."""
    free = iter(rng.sample(range(10**8), 10_000))
    while True:
        person = {
            Column.NAME: rng.choice(FAMILIES) + rng.choice(GIVEN),
            Column.MOBILE: f"+999138{next(free):08d}",
        }
        if rng.random() < SECOND_NUMBER:
            person[Column.BACKUP] = f"+999139{next(free):08d}"
        yield person


def shifted(point: Point, radius: float, angle: float) -> Point:
    """Go some degrees of latitude from a point, in the direction of an angle."""
    north, east = point
    stretch = math.cos(math.radians(north))  # a degree of longitude is shorter
    return north + radius * math.sin(angle), east + radius * math.cos(angle) / stretch

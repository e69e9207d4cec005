"""Units, posts and people: the nouns of the roster.

Pure data. A unit is a place somebody answers for (county, township, village, grid).
A post is an office of a unit. A person holds posts and has addresses. Facts elsewhere
refer to a *version* of a person, so a corrected roster never rewrites a record.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

UnitId = NewType("UnitId", str)  # the area or grid code, as the roster writes it
PersonId = NewType("PersonId", str)  # one version of one person
HumanId = NewType("HumanId", str)  # one human, whatever version of him: his first one's
AddressId = NewType("AddressId", str)  # one number or account of a person


class UnitKind(StrEnum):
    """The steps of the tree, from the smallest up."""

    GRID = "grid"
    VILLAGE = "village"
    TOWNSHIP = "township"
    COUNTY = "county"


class Post(StrEnum):
    """Offices that can be called; the first word names the kind of unit."""

    GRID_LEAD = "grid_lead"  # 网格长, A角
    GRID_BACKUP = "grid_backup"  # B角
    VILLAGE_HEAD = "village_head"  # 村(社区)负责人
    VILLAGE_DUTY = "village_duty"  # 村值班
    TOWNSHIP_DUTY = "township_duty"  # 乡镇值班
    TOWNSHIP_LEADER = "township_leader"  # 乡镇主要负责人
    COUNTY_DUTY = "county_duty"  # 县值班
    COUNTY_LEADER = "county_leader"  # 县带班领导
    FOREST_RANGER = "forest_ranger"  # 护林员

    @property
    def unit_kind(self) -> UnitKind:
        """The kind of unit that has this post; rangers belong to a village."""
        return UNIT_KINDS[self]


UNIT_KINDS = {
    post: UnitKind.VILLAGE
    if post is Post.FOREST_RANGER
    else UnitKind(post.value.partition("_")[0])
    for post in Post
}


class AddressKind(StrEnum):
    """What an address is, and so which channels it can carry."""

    MOBILE = "mobile"
    LANDLINE = "landline"
    SATELLITE = "satellite"
    WECOM = "wecom"


class Flag(StrEnum):
    """What calls have shown of an address; it stays until an officer clears it."""

    WRONG_PERSON = "wrong_person"  # somebody else is behind it
    DEAD = "dead"  # provider after provider reaches nothing there
    OPTED_OUT = "opted_out"  # he asked that we write no more


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One number or account.

    :ivar value: E.164 number, or the WeCom user id
    :ivar wrong: somebody answered that this is not his number
    """

    id: AddressId
    kind: AddressKind
    value: str
    wrong: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One version of one person; addresses in the order they are to be tried.

    :ivar first: the first version of the same human; None: it is this one
    """

    id: PersonId
    name: str
    addresses: tuple[Address, ...]
    first: PersonId | None = None

    @property
    def human(self) -> HumanId:
        """Who he is, whatever has been corrected since."""
        return HumanId(self.first or self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A place somebody answers for.

    :ivar code_system: the list its code comes from, with version ("NBS-2023")
    :ivar risk: 1 is the highest, as the roster ranks it; 9 where it says nothing
    """

    id: UnitId
    kind: UnitKind
    name: str
    parent: UnitId | None
    code_system: str
    lat: float | None = None
    lon: float | None = None
    risk: int = 9


@dataclass(frozen=True, slots=True, order=True)
class PostRef:
    """One post of one unit."""

    unit: UnitId
    post: Post


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A person in a post, in the roster's order.

    :ivar valid_from: he holds it from this instant on; None: from ever
    :ivar valid_until: he holds it up to this instant; None: for ever
    """

    ref: PostRef
    person: PersonId
    valid_from: datetime | None = None
    valid_until: datetime | None = None

"""The words of a roster sheet: headers of columns and names of offices.

Matching ignores spaces, case and full-width forms: :func:`plain` spells both sides.
"""

from __future__ import annotations

import unicodedata
from enum import StrEnum

from contacts.model import Post, UnitKind


class Column(StrEnum):
    """A column of the sheet, by the header we write ourselves."""

    CODE = "区划代码"
    COUNTY = "县(区)"
    TOWNSHIP = "乡镇"
    VILLAGE = "村(社区)"
    GRID_CODE = "网格编码"
    GRID_NAME = "网格名称"
    ROLE = "职务(角色)"
    NAME = "姓名"
    MOBILE = "手机"
    BACKUP = "备用号码"
    WECOM = "企业微信"
    LON = "经度"
    LAT = "纬度"
    RISK = "风险等级"


REQUIRED = (Column.CODE, Column.ROLE, Column.NAME, Column.MOBILE)

ALIASES = {
    Column.CODE: ("行政区划代码", "行政区划编码", "区划编码", "地区代码"),
    Column.COUNTY: ("县", "区县", "县区", "县(市、区)", "县(市区)", "县名称"),
    Column.TOWNSHIP: ("乡镇(街道)", "乡镇街道", "乡(镇)", "镇街", "乡镇名称"),
    Column.VILLAGE: ("村", "社区", "村社区", "村(居)", "行政村", "村名称"),
    Column.GRID_CODE: ("网格代码", "网格编号"),
    Column.GRID_NAME: ("网格", "所属网格"),
    Column.ROLE: ("职务", "角色", "岗位", "责任人类型"),
    Column.NAME: ("责任人", "责任人姓名", "联系人"),
    Column.MOBILE: ("手机号", "手机号码", "电话", "联系电话", "联系方式"),
    Column.BACKUP: ("备用电话", "备用手机", "备用手机号", "其他电话"),
    Column.WECOM: ("企业微信号", "企业微信账号", "企微", "企微账号"),
    Column.LON: ("东经", "lon", "lng", "longitude"),
    Column.LAT: ("北纬", "lat", "latitude"),
    Column.RISK: ("风险", "风险级别", "风险排序"),
}

ROLE_NAMES = {
    Post.GRID_LEAD: ("网格长", "网格责任人", "网格员", "A角"),
    Post.GRID_BACKUP: ("副网格长", "网格B角", "B角"),
    Post.VILLAGE_HEAD: (
        *("村(社区)书记", "村(社区)负责人", "村书记", "社区书记"),
        *("村支书", "村主任", "社区主任", "村负责人", "社区负责人"),
    ),
    Post.VILLAGE_DUTY: ("村值班", "村值班员", "社区值班", "村(社区)值班"),
    Post.TOWNSHIP_DUTY: ("乡镇值班", "乡镇值班员", "街道值班"),
    Post.TOWNSHIP_LEADER: (
        *("乡镇主要负责人", "街道主要负责人", "乡镇长", "乡长", "镇长"),
        *("街道办主任", "乡镇书记"),
    ),
    Post.COUNTY_DUTY: ("县值班", "县值班员"),
    Post.COUNTY_LEADER: ("县带班领导", "县带班"),
    Post.FOREST_RANGER: ("护林员",),
}

KIND_NAMES = {
    UnitKind.GRID: "网格",
    UnitKind.VILLAGE: "村(社区)",
    UnitKind.TOWNSHIP: "乡镇",
    UnitKind.COUNTY: "县",
}

NAME_COLUMNS = {
    UnitKind.GRID: Column.GRID_NAME,
    UnitKind.VILLAGE: Column.VILLAGE,
    UnitKind.TOWNSHIP: Column.TOWNSHIP,
    UnitKind.COUNTY: Column.COUNTY,
}


def plain(text: str) -> str:
    """Spell a word so that two ways of writing it compare equal."""
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


HEADERS = {
    plain(word): column for column in Column for word in (column, *ALIASES[column])
}
ROLES = {plain(word): post for post, words in ROLE_NAMES.items() for word in words}

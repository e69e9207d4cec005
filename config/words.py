"""The names a policy may use, each with the Chinese word a reader sees.

The dispatcher and the roster have these names as types of their own; config is a leaf
and may not import them, so a test holds the tables together.
"""

from __future__ import annotations

UNITS = ("grid", "village", "township", "county")  # from the smallest up

POSTS = {
    "grid_lead": "网格长(A角)",
    "grid_backup": "网格员(B角)",
    "village_head": "村(社区)负责人",
    "village_duty": "村值班",
    "township_duty": "乡镇值班",
    "township_leader": "乡镇主要负责人",
    "county_duty": "县值班",
    "county_leader": "县带班领导",
    "forest_ranger": "护林员",
}

CHANNELS = {"wechat": "微信", "sms": "短信", "voice": "电话"}

LEVELS = {"red": "红色", "orange": "橙色", "yellow": "黄色", "blue": "蓝色"}

MARKS = {"not_awakened": "标记“未叫醒”"}

TASKS = {"door_knock": "派人敲门入户"}

DESK = {"watch": "值班室关注", "must_call": "值班室人工拨打"}

NIGHT_VOICE = {
    "always": "夜间照常打电话",
    "hazard_dependent": "夜间是否打电话看灾种",
    "never": "夜间不打电话",
}

FIGURES = ("evacuated_people",)  # what a policy may require of a feedback


def unit_order(post: str) -> int:
    """How high the unit of a post stands: 0 is the grid; a ranger is the village's."""
    if post == "forest_ranger":
        return UNITS.index("village")
    return UNITS.index(post.partition("_")[0])

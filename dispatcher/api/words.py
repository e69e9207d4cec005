"""The Chinese of what a record shows; the same words as in docs/glossary.md."""

from __future__ import annotations

import math

from channels.contract import Channel
from contacts.model import Post
from dispatcher.core.alert import Load, Status
from dispatcher.core.answer import Evidence, Meaning
from dispatcher.core.callout import Cause, CloseReason, Mark, State, Task

CHANNELS = {
    Channel.SMS: "短信",
    Channel.VOICE: "智能外呼",
    Channel.WECHAT: "微信",
}
STATUSES = {
    Status.ACTUAL: "实际",
    Status.EXERCISE: "演练",
    Status.SYSTEM: "系统",
    Status.TEST: "测试",
    Status.DRAFT: "草稿",
}
POSTS = {
    Post.GRID_LEAD: "网格长, A角",
    Post.GRID_BACKUP: "副网格长, B角",
    Post.VILLAGE_HEAD: "村(社区)负责人",
    Post.VILLAGE_DUTY: "村(社区)值班",
    Post.TOWNSHIP_DUTY: "乡镇值班",
    Post.TOWNSHIP_LEADER: "乡镇主要负责人",
    Post.COUNTY_DUTY: "县值班",
    Post.COUNTY_LEADER: "县带班领导",
    Post.FOREST_RANGER: "护林员",
}
STATES = {
    State.WAITING: "待叫应",
    State.CALLING: "叫应中",
    State.ANSWERED: "已应答",
    State.TAKEN: "已接管",
    State.REPORTED: "已反馈",
    State.DESK: "转值班台",
    State.NOTIFIED: "已告知",
    State.CLOSED: "已结束",
}
CAUSES = {
    Cause.TIME: "到时",
    Cause.STRUCK: "下级全不可达",
    Cause.RESUMED: "接管未果",
    Cause.WORD: "值班员上叫",
}
CLOSE_REASONS = {
    CloseReason.DONE: "办结",
    CloseReason.SUPERSEDED: "被升级取代",
    CloseReason.CANCELLED: "预警解除",
    CloseReason.EXPIRED: "预警到期",
}
MARKS = {
    Mark.NOT_AWAKENED: "未叫醒",
    Mark.NEVER_RUNG: "未拨出",
    Mark.WATCH: "关注",
    Mark.MUST_CALL: "须人工拨打",
    Mark.NEED_HELP: "求助",
    Mark.FEEDBACK_OVERDUE: "反馈超时",
    Mark.HEARD_PARTLY: "未听完",
}
TASKS = {Task.DOOR_KNOCK: "敲门入户"}
MEANINGS = {
    Meaning.RECEIVED: "收到",
    Meaning.EVACUATING: "转移中",
    Meaning.COMPLETED: "转移完成",
    Meaning.DEPLOYED: "已部署",
    Meaning.NEED_HELP: "求助",
    Meaning.CANNOT_ACT: "无法履职",
    Meaning.WRONG_PERSON: "打错了",
    Meaning.REPEAT: "重听",
    Meaning.OPT_OUT: "退订",
    Meaning.UNCLEAR: "无法识别",
    Meaning.AUTO_REPLY: "自动回复",
    Meaning.QUESTION: "询问",
}
EVIDENCES = {
    Evidence.KEYPRESS: "按键",
    Evidence.KEYPRESS_INBOUND: "回拨按键",
    Evidence.CARD_BUTTON: "卡片按钮",
    Evidence.LINK: "链接确认",
    Evidence.SMS_EXT_CODE: "短信扩展码",
    Evidence.SMS_CODE: "短信带码",
    Evidence.SMS_BARE: "短信回复",
    Evidence.DOOR: "上门",
    Evidence.ON_CONSOLE: "值班台操作",
    Evidence.ON_BEHALF: "代录",
    Evidence.SHEET: "纸质补录",
}
REASONS = {
    "dead": "号码不可达",
    "nobody_on_duty": "空岗",
    Meaning.WRONG_PERSON.value: "打错了",
    Meaning.CANNOT_ACT.value: "无法履职",
}


def reason(code: str) -> str:
    """Why somebody was not reached; a provider's own code is shown as it is."""
    return REASONS.get(code) or f"号码不可达({code})"


NEVER_RUNG_ZH = (
    "{lines}条线打完第一轮约需{minutes}分钟,{people}人{limit}分钟内响不了铃,"
    "请打印电话单分派人工"
)
NEVER_RUNG_EN = (
    "{lines} lines need about {minutes} minutes for the first round, {people} people "
    "won't be rung within {limit} minutes: print the call sheets and share them out"
)
RUNG_LATE_ZH = (
    "{lines}条线打完第一轮约需{minutes}分钟,{limit}分钟内来不及再打第二遍,"
    "请打印电话单备用"
)
RUNG_LATE_EN = (
    "{lines} lines need about {minutes} minutes for the first round, too long for a "
    "second one within {limit} minutes: have the call sheets at hand"
)


def too_slow(load: Load, lines: int, limit: float, *, english: bool) -> str:
    """That the lines can't ring everybody in time, or not twice; ``limit``: seconds."""
    if load.never_rung:
        said, seconds = (NEVER_RUNG_ZH, NEVER_RUNG_EN), load.seconds
    else:
        said, seconds = (RUNG_LATE_ZH, RUNG_LATE_EN), load.first_seconds
    return said[english].format(
        lines=lines,
        minutes=math.ceil(seconds / 60),
        people=load.never_rung,
        limit=f"{limit / 60:g}",
    )

"""What a reader of settings and policies complains of, in Chinese.

Pydantic's complaints never show the value that was given: it may be a password.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

T = TypeVar("T")


class Complaint(NamedTuple):
    """What is wrong, and what to do about it."""

    what: str
    remedy: str


PLAIN = {
    "missing": Complaint("缺少这一项", "请补上"),
    "extra_forbidden": Complaint("不认识这一项", "请改正拼写或删去"),
    "int_type": Complaint("应是整数", "请写成不带引号的整数"),
    "int_parsing": Complaint("应是整数", "请写成整数"),
    "int_from_float": Complaint("应是整数", "请去掉小数"),
    "float_parsing": Complaint("应是数字", "请写成数字"),
    "float_type": Complaint("应是数字", "请写成数字"),
    "bool_parsing": Complaint("应是 true 或 false", "请改成其中之一"),
    "bool_type": Complaint("应是 true 或 false", "请改成其中之一"),
    "string_type": Complaint("应是文字", "请写成带引号的文字"),
    "path_type": Complaint("应是文件名", "请写成带引号的路径"),
    "list_type": Complaint("应是一列", "请写成 [甲, 乙]"),
    "dict_type": Complaint("应是一组键和值", "请写成 键: 值"),
    "model_type": Complaint("应是一组键和值", "请写成 键: 值"),
    "timezone_aware": Complaint("时间没有时区", "请写成 2026-07-12T09:12:00+08:00"),
    "datetime_parsing": Complaint("不是时间", "请写成 2026-07-12T09:12:00+08:00"),
    "datetime_from_date_parsing": Complaint(
        "不是时间", "请写成 2026-07-12T09:12:00+08:00"
    ),
}

WITH_LIMIT: dict[str, Callable[[dict[str, object]], Complaint]] = {
    "greater_than": lambda ctx: Complaint(
        f"必须大于 {ctx['gt']}", f"请改成大于 {ctx['gt']} 的数"
    ),
    "greater_than_equal": lambda ctx: Complaint(
        f"不能小于 {ctx['ge']}", f"请改成 {ctx['ge']} 或更大的数"
    ),
    "less_than_equal": lambda ctx: Complaint(
        f"不能大于 {ctx['le']}", f"请改成 {ctx['le']} 或更小的数"
    ),
    "too_short": lambda ctx: Complaint("是空的", f"至少写 {ctx['min_length']} 项"),
    "too_long": lambda ctx: Complaint(f"最多 {ctx['max_length']} 项", "请删去不用的"),
    "string_too_short": lambda _: Complaint("是空的", "请填写"),
    "literal_error": lambda ctx: _choice(str(ctx["expected"])),
    "enum": lambda ctx: _choice(str(ctx["expected"])),
}


def _choice(expected: str) -> Complaint:
    known = expected.replace(" or ", "、").replace(", ", "、").replace("'", "")
    return Complaint("不认识这个值", f"可用的是 {known}")


def complaint(error: ErrorDetails) -> Complaint:
    """Put one of pydantic's errors, or one raised with :func:`refuse`, into words."""
    kind = error["type"]
    context = error.get("ctx", {})
    if kind == "refused":
        return Complaint(str(context["what"]), str(context["remedy"]))
    if kind in WITH_LIMIT:
        return WITH_LIMIT[kind](context)
    return PLAIN.get(kind, Complaint(error["msg"], "请改正"))


def refuse(what: str, remedy: str) -> PydanticCustomError:
    """Build the error a validator raises to say what is wrong in its own words."""
    context = {"what": what, "remedy": remedy}
    return PydanticCustomError("refused", "{what}: {remedy}", context)


def one_of(name: str, known: Collection[str]) -> str:
    """Give a name back if it is known; raises the refusal that lists what is."""
    if name not in known:
        what = f"不认识“{name}”"
        raise refuse(what, "可用的是 " + "、".join(known))
    return name


def sound(kind: type[T], value: object) -> T | None:
    """Read a part by itself; None where it is not well formed."""
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError:
        return None


def section(values: Mapping[str, object], name: str) -> dict[str, object]:
    """One part of what was read; empty where it is missing or no mapping."""
    found = values.get(name)
    return found if isinstance(found, dict) else {}

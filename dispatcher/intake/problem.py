"""What is wrong with something that was sent to us, in both languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from pydantic_core import ErrorDetails

from contacts.numbers import NOT_CALLABLE, TEST_ONLY, UNREADABLE
from contacts.rings import RING_WORDS

PROBLEMS_MOST = 1_000
Loc = tuple[str | int, ...]  # the way to the place: field names and list positions


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong: where, what by a fixed word, and in plain words."""

    loc: Loc
    code: str
    zh: str
    en: str


# Code -> the words. What stands in braces comes with the problem.
WORDS: Mapping[str, tuple[str, str]] = {
    "required": ("缺少这一项", "this is required"),
    "unknown_field": ("没有这一项,请检查拼写", "there is no such field"),
    "given_twice": ("只能给一次", "may be given once only"),
    "text_expected": ("应是文字", "must be a text"),
    "number_expected": ("应是整数", "must be a whole number"),
    "list_expected": ("应是列表", "must be a list"),
    "object_expected": ("应是 JSON 对象", "must be a JSON object"),
    "too_long": ("最多 {max_length} 个字", "at most {max_length} characters"),
    "too_many": ("最多 {max_length} 项", "at most {max_length} entries"),
    "too_few": ("至少要有 {min_length} 项", "at least {min_length} of these"),
    "too_small": ("不能小于 {ge}", "must be {ge} or more"),
    "too_large": ("不能大于 {le}", "must be {le} or less"),
    "not_above": ("应大于 {gt}", "must be more than {gt}"),
    "number_expected_any": ("应是数字", "must be a number"),
    "point_expected": ("应是 [经度, 纬度]", "must be [longitude, latitude]"),
    "geometry_unsupported": (
        "只能是 Polygon 或 MultiPolygon",
        "must be a Polygon or a MultiPolygon",
    ),
    "unknown_value": ("只能是 {expected}", "must be one of {expected}"),
    "malformed": ("格式不对", "is not well formed"),
    "control_character": ("含有控制字符", "holds a control character"),
    "bad_name": (
        "不能含空格、逗号、< 或 &",
        "must hold no space, comma, < or &",
    ),
    "bad_event_code": ("应是事件分类编码,如 11B03", "must be a code like 11B03"),
    "time_expected": (
        "应是时间,如 2026-07-12T09:12:00+08:00",
        "must be a time like 2026-07-12T09:12:00+08:00",
    ),
    "time_without_zone": ("时间缺少时区,如 +08:00", "the time needs a zone"),
    "time_out_of_range": (
        "年份不在 2000 至 2099 之间",
        "the year must be 2000 to 2099",
    ),
    "event_required": (
        "灾种编码和灾种名称至少要有一项",
        "event_code or event is required",
    ),
    "sent_in_future": (
        "发布时间比现在晚 24 小时以上",
        "is more than 24 hours in the future",
    ),
    "expires_before_effective": (
        "失效时间应晚于开始时间",
        "must be later than effective",
    ),
    "expires_in_past": ("失效时间已经过去", "is in the past"),
    "expires_not_later": (
        "应晚于现在的失效时间 {expires}",
        "must be later than the present expiry {expires}",
    ),
    "empty_area": (
        "范围里没有名称、代码、单元或图形",
        "the area has no name, codes, units or shape",
    ),
    "unknown_unit": ("没有编码为 {unit} 的单元", "we have no unit {unit}"),
    "name_code_mismatch": (
        "名称“{name}”与代码指的不是同一个地方",
        "the name {name} and the code are different places",
    ),
    "too_large_xml": ("最多 1 MiB", "at most 1 MiB"),
    "encoding_unsupported": (
        "不认识这种编码,请用 UTF-8",
        "the encoding is not supported: send UTF-8",
    ),
    "encoding_wrong": (
        "内容与声明的编码不符",
        "the bytes are not in the encoding that is declared",
    ),
    "doctype_forbidden": (
        "不得含 DOCTYPE 或实体",
        "DOCTYPE and entities are not read",
    ),
    "not_xml": ("不是格式良好的 XML", "is not well-formed XML"),
    "xml_too_deep": ("层次过深", "elements are nested too deeply"),
    "xml_too_wide": ("元素或属性过多", "too many elements or attributes"),
    "not_json": ("不是 UTF-8 编码的 JSON", "is not JSON in UTF-8"),
    "dialect_unknown": (
        "既不是 CAP 1.2 也不是 12379 报文",
        "is neither CAP 1.2 nor a 12379 message",
    ),
    "feed_expected": ("不是 Atom 或 RSS 列表", "is no Atom or RSS feed"),
    "signature_missing": (
        "{sender} 的预警应带签名(alert 内的 Signature)",
        "alerts of {sender} must be signed: no Signature in the alert",
    ),
    "signature_wrong": (
        "签名不是用为 {sender} 配置的证书签的,或签名后内容有改动",
        "not signed by a certificate configured for {sender}, or changed since",
    ),
    "signature_unsupported": (
        "只接受覆盖整个 alert 的一个 enveloped 签名,SHA-256 或更强",
        "must be one enveloped signature of the whole alert, SHA-256 or stronger",
    ),
    "cap_version_unsupported": (
        "只读 CAP 1.2,这份是 {version}",
        "only CAP 1.2 is read, this is {version}",
    ),
    "references_unreadable": (
        "引用应是 sender,identifier,sent 三项一组",
        "references must be triples of sender,identifier,sent",
    ),
    **RING_WORDS,
    "polygon_unreadable": (
        "多边形应是“纬度,经度”点列",
        "a polygon is a list of lat,lon pairs",
    ),
    "circle_unreadable": (
        "圆应是“纬度,经度 半径公里”",
        "a circle is lat,lon radius in kilometres",
    ),
    "sender_not_allowed": (
        "不能以 {sender} 的名义发布",
        "may not send for {sender}",
    ),
    "different_content": (
        "{at} 已收到内容不同的预警 {first} ({sender}, {identifier})",
        "alert {first} ({sender}, {identifier}) came with other content at {at}",
    ),
    "heard_in_future": ("听到的时间还没有到", "is in the future"),
    "not_on_ladder": (
        "不在这张叫应单的责任人之列",
        "is nobody on the ladder of this callout",
    ),
    "bad_unit_code": (
        "编码与单元类别不符:县 6 位、乡镇 9 位、村 12 位数字,网格最多 32 个字符",
        "county: 6 digits, township: 9, village: 12; grid: at most 32 characters",
    ),
    "bad_parent": (
        "应是上一级单元的编码;村和乡镇的编码以它开头",
        "must be one step above; codes of villages and townships begin with it",
    ),
    "lat_and_lon": ("经度和纬度要一起填", "lat and lon go together"),
    "bad_person_name": (
        "姓名不对:{what}",
        "must be the name of one person, without numbers",
    ),
    "id_or_value": (
        "新号码填 value,保留的号码填 id,二者填一",
        "give value for a new number or id for one that stays, not both",
    ),
    "listed_twice": ("同一号码写了两次", "the same number stands here twice"),
    "number_unreadable": (UNREADABLE, "is not a telephone number"),
    "number_not_callable": (
        NOT_CALLABLE,
        "no mobile, nor landline with its area; emergency numbers are never called",
    ),
    "test_number": (TEST_ONLY, "+999 numbers are for demos only"),
    "kind_is_another": ("这个号码是 {kind}", "this number is a {kind}"),
    "bad_account": (
        "应为企业微信账号(字母、数字和 _-@.)",
        "must be a WeCom account: letters, digits and _-@.",
    ),
    "ends_before_it_begins": (
        "应晚于 valid_from",
        "must be later than valid_from",
    ),
    "no_such_post": ("这类单元没有这一职务", "a unit of this kind has no such post"),
    "unknown_person": ("没有这位责任人", "there is no such person"),
    "person_erased": ("他的个人信息已删除", "he is erased"),
    "holds_no_post": (
        "他没有任何职务,请先安排职务",
        "he holds no post: give him one first",
    ),
    "own_substitute": ("不能由请假人自己替班", "nobody stands in for himself"),
    "same_person": ("要两个不同的人", "these must be two people"),
    "span_backwards": ("应晚于 begins", "must be later than begins"),
    "last_before_first": ("不能早于 starts_on", "must not be before starts_on"),
    "bad_hours": (
        "应能整除 24,或是 24 的倍数",
        "must be a part of 24, or whole days of 24",
    ),
    "date_expected": ("应写作 2026-07-12", "must be like 2026-07-12"),
    "clock_expected": ("应写作 08:30", "must be like 08:30"),
    "another_form": ("应是 {form},不能改成别的", "must stay a {form}"),
    "span_too_long": ("最多 {days} 天", "at most {days} days"),
    "unknown_callout": ("没有叫应单 {callout}", "there is no callout {callout}"),
    "callout_closed": (
        "叫应单 {callout} 已结束({reason})",
        "callout {callout} is closed: {reason}",
    ),
    "callout_answered": (
        "叫应单 {callout} 已有人应答,不再呼叫",
        "callout {callout} has been answered: nobody is called any more",
    ),
    "callout_not_answered": (
        "叫应单 {callout} 还没有人应答,请先代录应答",
        "callout {callout} has not been answered: record the answer first",
    ),
    "unknown_commander": (
        "责任人名册里没有这个人",
        "is nobody of the roster",
    ),
    "figures_needed": ("至少要填一项反馈", "tell at least one figure"),
    "callout_asks_nothing": (
        "叫应单 {callout} 只告知一次,不要求应答",
        "callout {callout} only informs, once: no answer is asked for",
    ),
    "callout_not_begun": (
        "叫应单 {callout} 还没有叫过人",
        "callout {callout} has not called anybody yet",
    ),
    "asked_just_now": (
        "叫应单 {callout} 刚刚操作过,请稍后再试",
        "this has just been done to callout {callout}: wait a moment",
    ),
    "callout_taken": (
        "叫应单 {callout} 已有人接管,{until} 前应有结果,其间不再叫上级",
        "callout {callout} is taken over: nobody above is called until {until}",
    ),
    "top_rung": (
        "叫应单 {callout} 已叫到最高一级,请人工处置",
        "callout {callout} has reached its last rung: act by hand",
    ),
    "call_under_way": (
        "叫应单 {callout} 的电话正在等待或振铃,不再重复拨打",
        "a call of callout {callout} waits or rings: no second one is made",
    ),
    "no_calls_at_night": (
        "叫应单 {callout} 夜间不拨电话,可改用短信或微信",
        "callout {callout} rings no telephone at night: use a text",
    ),
    "nobody_to_retry": (
        "叫应单 {callout} 没有可再叫的人或号码,请更正责任人或逐级上叫",
        "callout {callout} has nobody left to try: mend the roster, or escalate",
    ),
    "person_needed": (
        "叫应单 {callout} 的责任人不是一人,请指明是谁说的",
        "say who said it: callout {callout} has not one person of its own",
    ),
    "hold_only_first": (
        "只有首次发布可以等待撤销;更新和解除立即生效",
        "only a first alert can be held; an Update or a Cancel acts at once",
    ),
    "key_of_other_order": (
        "这个 Idempotency-Key 已用于另一次操作,请换一个",
        "this Idempotency-Key has come with another order: take a new one",
    ),
    "channel_without_route": (
        "没有配置 {channel} 的线路",
        "no route is configured for {channel}",
    ),
    "not_asked": (
        "这条待办问的不是这张叫应单",
        "is no callout that this is about",
    ),
    "callout_over": ("叫应单已结束", "is a callout that is closed"),
    "nobody_on_duty": ("没有在岗的责任人 {person}", "nobody on duty is {person}"),
    "no_means": ("没有能发文字的联系方式", "can't be written to"),
    "drill_live_mixed": (
        "实战预警与演练不能互相引用",
        "live alerts and drills never refer to each other",
    ),
}

# Pydantic's word for a problem -> ours.
CODES = {
    "missing": "required",
    "string_too_short": "required",
    "extra_forbidden": "unknown_field",
    "string_type": "text_expected",
    "int_type": "number_expected",
    "int_parsing": "number_expected",
    "int_from_float": "number_expected",
    "list_type": "list_expected",
    "model_type": "object_expected",
    "model_attributes_type": "object_expected",
    "string_too_long": "too_long",
    "too_long": "too_many",
    "too_short": "too_few",
    "greater_than_equal": "too_small",
    "less_than_equal": "too_large",
    "greater_than": "not_above",
    "float_type": "number_expected_any",
    "float_parsing": "number_expected_any",
    "tuple_type": "point_expected",
    "missing_argument": "point_expected",
    "union_tag_invalid": "geometry_unsupported",
    "union_tag_not_found": "geometry_unsupported",
    "enum": "unknown_value",
    "literal_error": "unknown_value",
}


def problem(loc: Loc, code: str, **about: object) -> Problem:
    """A problem by its code; ``about`` fills the braces of its words."""
    zh, en = WORDS[code]
    return Problem(loc=loc, code=code, zh=zh.format(**about), en=en.format(**about))


def problems_of(errors: Iterable[ErrorDetails]) -> tuple[Problem, ...]:
    """What pydantic complains of, in our words; more than a thousand nobody reads."""
    return tuple(map(_problem_of, islice(errors, PROBLEMS_MOST)))


def _problem_of(error: ErrorDetails) -> Problem:
    kind = error["type"]
    code = CODES.get(kind, kind if kind in WORDS else "malformed")
    about = {
        name: str(value).replace("'", "").replace(" or ", ", ")
        for name, value in error.get("ctx", {}).items()
    }
    return problem(tuple(error["loc"]), code, **about)

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import pytest

from channels.contract import Channel
from config.explain import (
    DEADLINES,
    RUN_OUT_SECONDS,
    SLOW_REPEAT_SECONDS,
    explain,
)
from config.idle import IDLE
from config.load import PolicyError, PolicyProblem, load_policies
from config.policy import (
    Hazard,
    NumberLimits,
    PolicySet,
    RepeatPlan,
    RungPlan,
    TryPlan,
)
from config.words import CHANNELS, DESK, LEVELS, MARKS, POSTS, TASKS, UNITS, unit_order
from contacts.model import Post, UnitKind
from dispatcher.core import due
from dispatcher.core.alert import LEVEL_ZH, Level
from dispatcher.core.callout import Mark, Task

SOUND = """\
version: 2
name: 试验
timezone: Asia/Shanghai
tries:
  urgent:
    - {at: 0, do: [wechat, sms, voice]}
    - {at: 90, do: [voice]}
  digest: [{at: 0, do: [sms]}]
  info: [{at: 0, do: [sms]}]
policies:
  red:
    night_voice: always
    ladders:
      grid_lead:
        - {at: 0, call: [grid_lead], tries: urgent}
        - {at: 180, call: [grid_backup], tries: urgent}
        - {at: 300, mark: not_awakened, call: [village_head], tries: digest}
        - {at: 480, call: [township_duty], tries: digest}
        - {at: 600, desk: must_call}
    repeat: {every: 900, call: own, do: [sms], max: 16, voice: {every: 1800, max: 6}}
    taken_result: 900
    deadlines:
      received: 300
      first_feedback: 900
  orange:
    night_voice: always
    ladders: {grid_lead: [{at: 0, call: [grid_lead], tries: urgent}]}
    repeat: {every: 900, call: own, do: [sms], max: 8}
    taken_result: 900
    deadlines: {received: 600}
  yellow:
    night_voice: hazard_dependent
    ladders: {grid_lead: [{at: 0, call: [grid_lead], tries: urgent}]}
    repeat: {every: 900, call: own, do: [sms], max: 4}
    taken_result: 900
    deadlines: {received: 600}
  blue:
    night_voice: never
    ladders: {grid_lead: [{at: 0, call: [grid_lead], tries: urgent}]}
    repeat: {every: 900, call: own, do: [sms], max: 1}
    taken_result: 900
    deadlines: {received: 600}
hazards:
  "11B03": {zh: 暴雨, night_voice: {yellow: always}}
  default: {ttl_hours: {default: 24}}
merge:
  window: {red: 900, orange: 3600, yellow: 3600, blue: 3600}
  groups: {fire: ["11B25", "11B41"]}
night: {from: "22:00", to: "06:30"}
drill: {first_words: "演练:"}
door_knock_task: {assignee_order: [village_duty]}
capacity: {voice_lines_default: 10, seconds_per_call_planning: 45}
voice: {must_hear_seconds: 20}
provider_limits_default:
  voice_same_callee: {per_minute: 1, per_hour: 5, per_24h: 20,
    kept_for_red: {per_hour: 1, per_24h: 6}}
"""

BACKUP = "at: 180, call: [grid_backup], tries: urgent"
HEAD = "at: 300, mark: not_awakened, call: [village_head], tries: digest"
DUTY = "at: 480, call: [township_duty], tries: digest"
RAIN = "{zh: 暴雨, night_voice: {yellow: always}}"
ORANGE_REPEAT = "repeat: {every: 900, call: own, do: [sms], max: 8}"

# what is written instead of what, the line that is told, and a piece of what is said
BROKEN = [
    ("version: 2", "version: 1", 1, "不认识这个值: 可用的是 2"),
    ("version: 2\n", "", 1, "version: 缺少这一项"),
    ("name: 试验", "name: 5", 2, "应是文字"),
    ("name: 试验", 'name: ""', 2, "是空的"),
    ("name: 试验", "name: 试验\nnote: 7", 3, "note: 不认识这一项"),
    ("Asia/Shanghai", "Asia/Nowhere", 3, "不认识时区“Asia/Nowhere”"),
    ("{at: 90, do: [voice]}", "{at: 0, do: [voice]}", 7, "不晚于前一级的 0"),
    ("{at: 90, do: [voice]}", "{at: -9, do: [voice]}", 7, "不能小于 0"),
    ("{at: 90, do: [voice]}", "{at: 1.5, do: [voice]}", 7, "应是整数"),
    ("{at: 90, do: [voice]}", '{at: "90", do: [voice]}', 7, "应是整数"),
    ("{at: 90, do: [voice]}", "{at: 90, do: [fax]}", 7, "不认识“fax”"),
    ("{at: 90, do: [voice]}", "{at: 90, do: []}", 7, "do: 是空的"),
    ("{at: 90, do: [voice]}", "{at: 90, do: [sms, sms]}", 7, "“sms”写了两次"),
    ("{at: 90, do: [voice]}", "{do: [voice]}", 7, "at: 缺少这一项"),
    ("digest: [{at: 0, do: [sms]}]", "digest: []", 8, "tries.digest: 是空的"),
    ("  info: [{at: 0, do: [sms]}]\n", "", 4, "没有名为“info”的 tries"),
    ("  red:\n", "  purple:\n", 11, "policies.purple: 不认识这一项"),
    ("  red:\n", "  purple:\n", 10, "policies.red: 缺少这一项"),
    ("night_voice: always", "night_voice: sometimes", 12, "可用的是 always、hazard"),
    ("grid_lead:\n", "mayor:\n", 14, "不认识“mayor”"),
    ("{at: 0, call: [grid_lead]", "{at: 9, call: [grid_lead]", 15, "第一级不在0秒"),
    (
        "{at: 0, call: [grid_lead]",
        "{at: 0, call: [grid_backup]",
        15,
        "第一级没有叫网格长",
    ),
    (BACKUP, BACKUP.replace("180", "0"), 16, "不晚于前一级的 0"),
    (BACKUP, BACKUP.replace("grid_backup", "granny"), 16, "不认识“granny”"),
    (BACKUP, BACKUP.replace("urgent", "hurry"), 16, "没有名为“hurry”的 tries"),
    (BACKUP, BACKUP.replace("urgent", "digest"), 16, "本单位的人不能用 digest"),
    (BACKUP, BACKUP.replace("urgent", "info"), 16, "本单位的人不能用 info"),
    (BACKUP, BACKUP + ", need: 2", 16, "要 2 人应答,却只叫 1 个职务"),
    (BACKUP, BACKUP + ", need: 0", 16, "不能小于 1"),
    (BACKUP, BACKUP + ", shout: yes", 16, "shout: 不认识这一项"),
    (BACKUP, "at: 180, call: [grid_backup]", 16, "没有写怎么叫"),
    (BACKUP, "at: 180, tries: urgent", 16, "写了 tries 却没有叫人"),
    (BACKUP, "at: 180", 16, "这一级什么也不做"),
    (
        BACKUP,
        BACKUP.replace("[grid_backup]", "[grid_backup, grid_backup]"),
        16,
        "“grid_backup”写了两次",
    ),
    (HEAD, HEAD.replace("digest", "urgent"), 17, "叫别的单位的人不能用 urgent"),
    (HEAD, HEAD.replace("not_awakened", "asleep"), 17, "可用的是 not_awakened"),
    (
        HEAD,
        HEAD.replace("[village_head]", "[village_head, township_duty]"),
        17,
        "不同层级的单位",
    ),
    (HEAD, HEAD.replace("village_head", "county_duty"), 18, "低于前一级"),
    (DUTY, DUTY + ", task: dance", 18, "可用的是 door_knock"),
    ("desk: must_call", "desk: sleep", 19, "可用的是 watch、must_call"),
    ("every: 1800", "every: 1000", 20, "不是短信重呼间隔的整数倍"),
    ("max: 16", "max: 0", 20, "必须大于 0"),
    ("    taken_result: 900\n    deadlines:\n", "    deadlines:\n", 11, "taken_result"),
    ("received: 300", "received: 0", 23, "必须大于 0"),
    ("      received: 300\n", "", 22, "received: 缺少这一项"),
    ("first_feedback: 900", "first_feedback: 60", 24, "早于应答的期限"),
    ("first_feedback: 900", "first_feedback: soon", 24, "应是整数"),
    ("    " + ORANGE_REPEAT + "\n", "", 25, "orange.repeat: 缺少这一项"),
    (ORANGE_REPEAT, ORANGE_REPEAT.replace("own", "all"), 28, "可用的是 own"),
    (ORANGE_REPEAT, "repeat: often", 28, "应是一组键和值"),
    ('"11B03"', '"B03"', 44, "“B03”不是事件类型编码"),
    ('"11B03": {zh: 暴雨, ', '"11Z77": {', 44, "没有这个灾种的名称"),
    (RAIN, "{level_shift: 4}", 44, "不能大于 3"),
    (RAIN, "{level_shift: -1}", 44, "不能小于 0"),
    (RAIN, "{ack: maybe}", 44, "可用的是 required"),
    (RAIN, "{ttl_hours: {pink: 3}}", 44, "不认识“pink”"),
    (RAIN, "{ttl_hours: {red: 0}}", 44, "必须大于 0"),
    (RAIN, "{night_voice: {red: perhaps}}", 44, "可用的是 always、never"),
    (RAIN, "{night_voice: perhaps}", 44, "可用的是 always、never"),
    (RAIN, "{ladder_first: [shepherd]}", 44, "不认识“shepherd”"),
    (RAIN, "{ladder_first: [county_duty]}", 44, "县值班不在网格或村里"),
    (RAIN, "{require: [sheep]}", 44, "不认识“sheep”"),
    ("  default: {ttl_hours: {default: 24}}\n", "", 43, "缺少 default"),
    (", blue: 3600}", "}", 47, "window.blue: 缺少这一项"),
    ('["11B25", "11B41"]', '["11B25", "fire"]', 48, "“fire”不是事件类型编码"),
    (
        '{fire: ["11B25", "11B41"]}',
        '{fire: ["11B25"],\n    wood: ["11B25"]}',
        49,
        "“11B25”已经在 fire 组里",
    ),
    ('"22:00"', "22:00", 49, "应是文字"),
    ('"22:00"', '"25:00"', 49, "“25:00”不是时刻"),
    ('"22:00"', '"06:30"', 49, "同一时刻"),
    ('"演练:"', '"测试:"', 50, "必须是“演练”二字"),
    ('"演练:"', '"演练【1】:"', 50, "不带【】"),
    ("[village_duty]", "[]", 51, "assignee_order: 是空的"),
    ("voice_lines_default: 10", "voice_lines_default: 0", 52, "必须大于 0"),
    ("voice: {must_hear_seconds: 20}\n", "", 1, "voice: 缺少这一项"),
    ("must_hear_seconds: 20", "must_hear_seconds: 0", 53, "必须大于 0"),
    ("must_hear_seconds: 20", "hear: 20", 53, "must_hear_seconds: 缺少这一项"),
    ("per_24h: 20,", "", 55, "per_24h: 缺少这一项"),
    ("per_minute: 1,", "per_minute: 0,", 55, "必须大于 0"),
    ("{per_hour: 1, per_24h: 6}", "{per_hour: -1, per_24h: 6}", 56, "不能小于 0"),
    (",\n    kept_for_red: {per_hour: 1, per_24h: 6}", "", 55, "kept_for_red: 缺少"),
    ("voice_same_callee:", "voice_anybody:", 54, "voice_same_callee: 缺少这一项"),
    ("  digest:", "  urgent: 5\n  digest:", 8, "“urgent”写了两次"),
    ("  digest:", "  digest\n", 9, "不是合法的 YAML"),
    ("name: 试验", "name: !!python/name:os.system x", 2, "读不懂“x”"),
    ("name: 试验", "name: 2026-99-99", 2, "读不懂“2026-99-99”"),
    ("name: 试验", "name: &n 试验\nalso: *n", 3, "用了 * 引用"),
    ("name: 试验", "name: \x07", 1, "不是合法的 YAML"),
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "policy.yaml"


def problems_of(file: Path, text: str) -> tuple[PolicyProblem, ...]:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        load_policies(file)
    return caught.value.problems


def load(file: Path, text: str) -> PolicySet:
    file.write_text(text, encoding="utf-8")
    return load_policies(file)


@pytest.mark.parametrize(("old", "new", "line", "what"), BROKEN)
def test_a_broken_policy_is_refused_with_its_line(
    file: Path, old: str, new: str, line: int, what: str
) -> None:
    problems = problems_of(file, SOUND.replace(old, new, 1))

    told = [str(problem) for problem in problems if problem.line == line]
    assert [text for text in told if what in text], [str(one) for one in problems]
    assert told[0].startswith(f"{file}:{line}: ")


def test_everything_wrong_is_told_at_once_from_the_top(file: Path) -> None:
    text = SOUND.replace("version: 2", "version: 3")
    text = text.replace(BACKUP, BACKUP.replace("urgent", "hurry"))
    text = text.replace('"22:00"', '"06:30"').replace("received: 300", "received: x")

    problems = problems_of(file, text)

    assert [problem.line for problem in problems] == [1, 23, 49]


def test_a_ladder_is_judged_when_another_level_is_broken(file: Path) -> None:
    text = SOUND.replace("max: 1}", "max: x}")
    text = text.replace(BACKUP, BACKUP.replace("urgent", "hurry"))

    problems = problems_of(file, text)

    assert [problem.line for problem in problems] == [16, 40]


def test_a_problem_leads_to_its_place(file: Path) -> None:
    text = SOUND.replace(BACKUP, BACKUP.replace("urgent", "hurry"))

    problems = problems_of(file, text)

    assert (
        PolicyProblem(
            file=str(file),
            line=16,
            where="policies.red.ladders.grid_lead.第2项.tries",
            what="没有名为“hurry”的 tries",
            remedy="可用的是 urgent、digest、info",
        ),
    ) == problems


@pytest.mark.parametrize("text", ["", "~", "[]", "just words"])
def test_a_file_that_is_no_policy_is_refused(file: Path, text: str) -> None:
    problems = problems_of(file, text)

    assert {1} == {problem.line for problem in problems}


def test_a_file_that_is_not_utf8_is_refused_with_its_line(file: Path) -> None:
    file.write_bytes(SOUND.encode("gb18030"))

    with pytest.raises(PolicyError, match=r":2: 不是 UTF-8 文字"):
        load_policies(file)


def test_a_missing_file_is_refused(file: Path) -> None:
    with pytest.raises(PolicyError, match="读不到文件"):
        load_policies(file)


def test_a_folder_must_hold_one_policy(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="有 0 个"):
        load_policies(tmp_path)


def test_a_folder_is_read_as_the_policy_in_it(file: Path) -> None:
    expected = load(file, SOUND)

    assert expected == load_policies(file.parent)


def test_the_nouns_say_what_the_file_says(file: Path) -> None:
    policies = load(file, SOUND)

    red = policies.levels["red"]
    assert list(LEVELS) == list(policies.levels)
    assert (TryPlan(at=0, do=("sms",)),) == policies.tries["info"]
    assert (
        RungPlan(at=300, call=("village_head",), tries="digest", mark="not_awakened")
        == red.ladders["grid_lead"][2]
    )
    assert (
        RepeatPlan(every=900, do=("sms",), most=16, voice_every=1800, voice_most=6)
        == red.repeat
    )
    assert {"11B03": Hazard(name="暴雨", night_voice={"yellow": "always"})} == (
        policies.hazards
    )
    assert policies.default_hazard.ttl_hours == {"default": 24}
    assert (policies.night_from, policies.night_to) == ("22:00", "06:30")
    assert policies.must_hear_seconds == 20
    assert policies.number_limits == NumberLimits(
        per_minute=1, per_hour=5, per_day=20, kept_per_hour=1, kept_per_day=6
    )
    assert (
        (policies.voice_lines, policies.seconds_per_call),
        policies.idle,
    ) == ((10, 45), ())


def test_a_night_rule_without_level_holds_for_all(file: Path) -> None:
    policies = load(file, SOUND.replace(RAIN, "{night_voice: never}"))

    assert policies.hazards["11B03"].night_voice == {"default": "never"}


def test_a_hazard_without_a_name_has_the_official_one(file: Path) -> None:
    policies = load(file, SOUND.replace(RAIN, "{level_shift: 1}"))

    assert policies.hazards["11B03"].name == "暴雨"


def test_the_version_changes_with_the_content(file: Path) -> None:
    first = load(file, SOUND).version
    second = load(file, SOUND + "# a word\n").version

    assert (len(first), len(second)) == (12, 12)
    assert first != second


@pytest.mark.parametrize("loc", IDLE)
def test_an_idle_key_is_read_past_and_told(file: Path, loc: tuple[str, ...]) -> None:
    text = SOUND
    match loc:
        case (top,):
            text += f"{top}: {{any: thing}}\n"
        case ("hazards", _, key):
            text = text.replace("{zh: 暴雨", f"{{{key}: S-X, zh: 暴雨")
        case ("provider_limits_default", part, key):
            text = text.replace(f"{part}: {{", f"{part}: {{{key}: S-X, ")
        case ("provider_limits_default" as top, key):
            text = text.replace(f"{top}:", f"{top}:\n  {key}: 1")
        case _:
            top, key = loc
            text = text.replace(f"\n{top}: {{", f"\n{top}: {{{key}: 1, ")

    policies = load(file, text)

    assert len(policies.idle) == 1
    assert IDLE[loc] in policies.idle[0]
    assert replace(load(file, SOUND), version="", idle=()) == (
        replace(policies, version="", idle=())
    )


def test_the_shipped_policy_is_sound_and_hides_nothing() -> None:
    policies = load_policies()

    assert policies.idle == ()
    assert (
        next(
            rung.at
            for rung in policies.levels["red"].ladders["grid_lead"]
            if rung.desk == "must_call"
        )
        == 600
    )
    assert {"11B25", "11B41"} == {
        code for code, hazard in policies.hazards.items() if hazard.ladder_first
    }


def test_a_policy_is_explained_rung_by_rung(file: Path) -> None:
    lines = explain(load(file, SOUND + "sources: {}\n"))

    red = lines[1 : lines.index("橙色(夜间照常打电话)")]
    assert red == [
        "红色(夜间照常打电话)",
        "  叫应网格长(A角)",
        "    0:00 叫网格长(A角):0:00 微信、短信、电话,1:30 电话",
        "    3:00 叫网格员(B角):3:00 微信、短信、电话,4:30 电话",
        "    5:00 标记“未叫醒”;汇总叫村(社区)负责人:5:00 短信",
        "    8:00 汇总叫乡镇值班:8:00 短信",
        "    10:00 值班室人工拨打",
        "    11:00 仍无人应答:交值班室(共11分钟)",
        "  一直无人应答:每15分钟短信,16次后每60分钟一次;每30分钟电话,最多6次",
        "  被接手后15分钟内要有结果",
        "  期限:应答5分钟,首次反馈15分钟",
    ]
    assert lines[-1] == "本版不执行:第57行 sources: 只供人阅读"


def test_a_rung_that_needs_two_and_odd_seconds_are_explained(file: Path) -> None:
    text = SOUND.replace(
        "call: [grid_backup], tries: urgent",
        "call: [grid_lead, grid_backup], need: 2, tries: urgent",
    )
    text = text.replace("received: 300", "received: 45").replace("900\n  o", "95\n  o")

    lines = explain(load(file, text))

    assert "    3:00 叫网格长(A角)、网格员(B角)(须2人应答):" in "\n".join(lines)
    assert "  期限:应答45秒,首次反馈1分35秒" in lines


def test_the_words_are_those_of_the_roster_and_the_dispatcher() -> None:
    assert set(Post) == set(POSTS)
    assert list(UnitKind) == list(UNITS)
    assert {post: list(UnitKind).index(post.unit_kind) for post in Post} == {
        post: unit_order(post) for post in Post
    }
    assert set(Channel) == set(CHANNELS)
    assert {Mark.NOT_AWAKENED.value} == set(MARKS)
    assert {Mark.WATCH.value, Mark.MUST_CALL.value} == set(DESK)
    assert set(Task) == set(TASKS)
    assert {level: LEVEL_ZH[Level(level)] for level in LEVELS} == LEVELS
    assert due.RUN_OUT_SECONDS == RUN_OUT_SECONDS
    assert due.SLOW_REPEAT_SECONDS == SLOW_REPEAT_SECONDS


def test_every_deadline_of_a_policy_is_explained() -> None:
    policies = load_policies()
    named = {field.name for field in fields(policies.levels["red"].deadlines)}

    text = "\n".join(explain(policies))

    assert named == set(DEADLINES)
    assert all(word in text for word in DEADLINES.values())

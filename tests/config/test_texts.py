from __future__ import annotations

from importlib.resources import files

import pytest

from config.load import load_policies
from config.texts import FIELDS, TextError, TextName, Texts

ONE_PART = 70  # characters of one SMS in Chinese, the signature counted

ABOUT: dict[str, str | int] = {
    "signature": "东丰应急",
    "drill": "",
    "event": "暴雨",
    "level": "红色",
    "place": "拉拉河镇",
    "count": 12,
}

SPOKEN = [name for name in TextName if name.startswith(("call_", "key_"))]
WHOLE = [n for n in TextName if "signature" in FIELDS[n] and n not in SPOKEN]
PARTS = [n for n in TextName if "signature" not in FIELDS[n] and n not in SPOKEN]
EIGHT_SECONDS = 36  # characters, at 4.5 a second


@pytest.fixture(scope="module")
def texts() -> Texts:
    return Texts.load()


def table() -> str:
    source = files("config").joinpath("texts", "zh.yaml")
    return source.read_text(encoding="utf-8")


def filled(texts: Texts, name: TextName, **others: str | int) -> str:
    usual = {
        **ABOUT,
        "nth": "",
        "added": 3,
        "reach": "3村12个网格",
        "answered": 8,
        "watch": "3小时超100毫米",
        "instruction": "立即转移山边河边群众",
        "ask": texts.say(TextName.ASK),
        "name": "王建国",
        "issuer": "东丰县气象台",
        "text": "已记录",
        "n": 2,
        "at": "04:30",
        "hours": 12,
        "code": "67",
        "choices": "暴雨回67,山洪回72",
        "own": "柳村",
        "action": "立即转移山边河边群众",
    }
    given = {**usual, **others}
    return texts.say(name, **{field: given[field] for field in FIELDS[name]})


def say(texts: Texts, name: TextName, **others: str | int) -> str:
    given = {**ABOUT, **others}
    return texts.say(name, **{field: given[field] for field in FIELDS[name]})


def test_the_own_red_text_is_as_the_county_writes_it(texts: Texts) -> None:
    text = filled(texts, TextName.OWN)

    assert text == (
        "【东丰应急】暴雨红色:拉拉河镇3小时超100毫米,立即转移山边河边群众!"
        "收到回1,转移完回2加人数,求助回3"
    )


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("drill", ["", "演练:"])
def test_a_whole_message_with_short_fields_is_one_part(
    texts: Texts, name: TextName, drill: str
) -> None:
    asks = {TextName.DIGEST_OWN: TextName.DIGEST_OWN_ASK}
    digest = TextName.DIGEST_ASK if name.startswith("digest") else TextName.ASK
    ask = texts.say(asks.get(name, digest))

    text = filled(texts, name, drill=drill, ask=ask)

    assert len(text) <= ONE_PART, text


def test_who_calls_and_what_to_do_is_said_in_eight_seconds(texts: Texts) -> None:
    text = filled(texts, TextName.CALL_OPENING)

    assert len(text) <= EIGHT_SECONDS, text


def test_a_drill_by_telephone_begins_with_its_word(texts: Texts) -> None:
    spoken = texts.say(TextName.DRILL_SPOKEN)

    assert filled(texts, TextName.CALL_OPENING, drill=spoken).startswith("这是演练")


@pytest.mark.parametrize("name", SPOKEN)
def test_nobody_hears_the_brackets_of_a_signature(texts: Texts, name: TextName) -> None:
    assert "【" not in filled(texts, name)


@pytest.mark.parametrize(
    ("name", "others", "expected"),
    [
        (TextName.ASK, {}, "收到回1,转移完回2加人数,求助回3"),
        (TextName.ASK_CODE, {"code": 67}, "收到回67,转移完回67 2加人数,求助回67 3"),
        (TextName.DIGEST_ASK, {}, "您来负责请回1"),
        (TextName.DIGEST_ASK_CODE, {"code": 67}, "您来负责请回67"),
        (TextName.CHOICE, {"event": "暴雨", "code": 67}, "暴雨回67"),
        (
            TextName.ASK_WHICH,
            {"count": 2, "choices": "暴雨回67,山洪回72"},
            "您有2条:暴雨回67,山洪回72",
        ),
        (TextName.NOTICE_REPLY, {}, "已记录,解除通知无需回复"),
        (TextName.EVACUATE_ASK, {}, "请回2加转移人数,如2 35"),
        (TextName.NTH, {"n": 3}, "第3次"),
        (
            TextName.TRIAL,
            {"at": "04:30"},
            "【东丰应急】测试:值班员04:30试发,不是预警,不需回复",
        ),
        (
            TextName.DIGEST,
            {"ask": "您来负责请回1"},
            "【东丰应急】暴雨红色:拉拉河镇12个网格(村)未应答,请派人叫醒!您来负责请回1",
        ),
        (
            TextName.DIGEST_ADDED,
            {"ask": "您来负责请回1", "added": 3, "drill": "演练:"},
            (
                "【东丰应急】演练:暴雨红色:拉拉河镇新增3个,共12个网格(村)未应答,"
                "请派人叫醒!您来负责请回1"
            ),
        ),
        (
            TextName.CANCEL,
            {"issuer": "东丰县气象台"},
            "【东丰应急】东丰县气象台解除暴雨红色预警,不需回复",
        ),
        (
            TextName.CORRECTION,
            {"issuer": "东丰县气象台"},
            (
                "【东丰应急】东丰县气象台更正:刚才的暴雨红色预警系误发,"
                "请勿按其行动,不需回复"
            ),
        ),
        (
            TextName.EXPIRED,
            {"issuer": "东丰县气象台"},
            "【东丰应急】东丰县气象台暴雨红色预警已到期,叫应结束,不需回复",
        ),
        (
            TextName.EXPIRY_ASK,
            {"at": "04:30"},
            "【东丰应急】暴雨红色预警04:30到期,12个网格未应答,请在值班台续发或解除",
        ),
        (
            TextName.NO_EXPIRY_ASK,
            {"hours": 3},
            (
                "【东丰应急】暴雨红色预警没有失效时间,已发布3小时,12个网格未应答,"
                "请在值班台续发或解除"
            ),
        ),
        (
            TextName.RENEWED,
            {"at": "07:30"},
            (
                "【东丰应急】暴雨红色预警到期无人处理,已自动续至07:30,只续一次,"
                "12个网格未应答,请看值班台"
            ),
        ),
        (
            TextName.EXPIRED_DESK,
            {},
            "【东丰应急】暴雨红色预警已到期,叫应结束,12个网格始终未应答,请看值班台",
        ),
        (
            TextName.CANCEL_CONFIRM,
            {},
            (
                "【东丰应急】暴雨红色预警由系统解除,叫应已停,12个网格未应答。"
                "请核实,仍有险情请重新签发"
            ),
        ),
        (
            TextName.REPLY,
            {"text": "已记录,解除通知无需回复", "drill": "演练:"},
            "【东丰应急】演练:已记录,解除通知无需回复",
        ),
    ],
)
def test_texts_say(
    texts: Texts, name: TextName, others: dict[str, str | int], expected: str
) -> None:
    assert expected == say(texts, name, **others)


@pytest.mark.parametrize("name", [n for n in WHOLE if n is not TextName.TRIAL])
def test_a_drill_says_so_first_after_the_signature(
    texts: Texts, name: TextName
) -> None:
    text = filled(texts, name, drill=texts.say(TextName.DRILL_WORDS))

    assert text.startswith("【东丰应急】演练:")


@pytest.mark.parametrize("name", WHOLE)
def test_a_message_has_one_signature_whatever_the_fields_hold(
    texts: Texts, name: TextName
) -> None:
    fields = dict.fromkeys(FIELDS[name], "【假】字\n段。")

    text = texts.say(name, **{**fields, "signature": "东丰应急"})

    assert text.startswith("【东丰应急】")
    assert (text.count("【"), text.count("】"), text.count("\n")) == (1, 1, 0)


@pytest.mark.parametrize("name", PARTS)
def test_a_part_has_no_signature(texts: Texts, name: TextName) -> None:
    assert "【" not in filled(texts, name)


def test_punctuation_is_not_doubled(texts: Texts) -> None:
    text = filled(texts, TextName.OWN, instruction="立即转移!", watch="有暴雨。")

    assert "有暴雨,立即转移!收到" in text


def test_a_notice_asks_for_no_answer(texts: Texts) -> None:
    said = filled(texts, TextName.CANCEL) + filled(texts, TextName.INFO)

    assert "回1" not in said
    assert said.count("不需回复") == 2


def test_the_drill_words_are_those_of_the_shipped_policy(texts: Texts) -> None:
    assert load_policies().drill_first_words == texts.say(TextName.DRILL_WORDS)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "choice: field code is missing: add it"),
        ({"code": 67}, "choice: field event is missing: add it"),
        (
            {"code": 67, "event": "暴雨", "tone": "loud"},
            "choice: field tone is unknown: remove it",
        ),
    ],
)
def test_a_field_too_few_or_too_many_is_told(
    texts: Texts, fields: dict[str, str | int], message: str
) -> None:
    with pytest.raises(TextError) as caught:
        texts.say(TextName.CHOICE, **fields)

    assert message == str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("回{code}", "回", "choice: field code is missing"),
        ("{event}回{code}", "{event}回{code}{x}", "choice: field x is unknown"),
        ("{event}回{code}", "{event}回{code}{}", "choice: field  is unknown"),
        ("{event}回{code}", "{event}回{code", "choice: expected '}'"),
        ('choice: "{event}回{code}"', "", "choice: text is missing"),
        ('choice: "{event}回{code}"', "choice: 7", "choice: text is missing"),
        ('choice: "{event}回{code}"', 'chose: "a"', "chose: no such text"),
        ("choice: ", "nth: 1\nchoice: ", "“nth”写了两次"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_when_loaded(
    old: str, new: str, message: str
) -> None:
    head, mark, tail = table().partition('choice: "')
    broken = head + (mark + tail).replace(old, new, 1)

    with pytest.raises(TextError) as caught:
        Texts.parse(broken)

    assert message in str(caught.value)


def test_a_file_that_is_no_table_is_refused() -> None:
    with pytest.raises(TextError, match="own: text is missing"):
        Texts.parse("just words")

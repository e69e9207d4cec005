"""What a person wrote back, read word by word.

Rule 1: an answer that counts as awake is only read from a text of which every word is
known; one unknown word makes it unclear, so no list of negations has to be complete.
Rule 2: a cry for help is the exception, it is heard inside any text, because a false
alarm costs one look of an officer. Rule 3: two readings that contradict are none.
The meanings are the table of rules of calling, section 3; codes are section 4.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from dispatcher.core.answer import NO_FIGURES, Figures, Meaning

MAX_CHARS = 500
"""Longer texts are not replies; only their beginning is looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A reply as understood.

    :ivar code: the code it names, of those that could be meant
    :ivar figures: people and households moved; people 0 means none had to be
    """

    meaning: Meaning
    code: str | None = None
    figures: Figures = NO_FIGURES


class Kind(StrEnum):
    """What a word does in a reply."""

    GAP = "gap"  # between two clauses
    DENY = "deny"  # takes back an acknowledgement or a cry for help
    ASK = "ask"
    HELP = "help"
    NONE = "none"  # nobody has to be moved
    WRONG = "wrong"
    CANNOT = "cannot"
    BUT = "but"
    FIGURE = "figure"  # a number with its unit
    NUMBER = "number"  # a bare number: key, code, or nothing
    MOVE = "move"
    ACK = "ack"
    OPT = "opt"
    NOW = "now"
    SOON = "soon"
    DONE = "done"
    PLAIN = "plain"  # says nothing
    WORK = "work"  # says what he does
    OTHER = "other"  # not in the vocabulary
    CODE = "code"
    STRAY = "stray"  # a number that is neither key, code nor count
    KEY_MOVE = "key_move"
    KEY_HELP = "key_help"


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a reply."""

    kind: Kind
    text: str


GAP = Word(Kind.GAP, " ")
KEYS = {
    "1": Kind.ACK,
    "2": Kind.KEY_MOVE,
    "3": Kind.KEY_HELP,
    "4": Kind.CANNOT,
    "5": Kind.WRONG,
}
STRIKES = {Kind.CANNOT: Meaning.CANNOT_ACT, Kind.WRONG: Meaning.WRONG_PERSON}

FOLK = "人员|群众|村民"
NEED = """
    求[助救援] | [被受]困 | 困在 | 被埋
    | (?:急需|需要?|请求|缺|等待) [^?]{0,4}?
      (?:支援|救援|增援|帮助|帮忙|冲锋舟|救生|救护|船|人手|物资|沙袋|抢险)
"""

# The first pattern that fits wins, so what turns a meaning round stands before it.
VOCABULARY = {
    Kind.DENY: rf"""
        (?:没有?|未|不) (?:能|有)? (?:收到|收悉|知[道悉]|明白|了解|清楚)
        | (?:没有?|未|不|无|别|勿|如|若)
          (?:{FOLK}|人|户|发现|出现|有|接到|收到|用|必|再|任何|一个|是){{0,4}}
          (?:{NEED})
        | (?:不[用必要]|别|已经?)(?:再)?(?:派[人船车]|来救)
        | 没事 | 不用 | 不必 | 不要 | [按发写]错(?!人) | 已(?:救出|脱险|解救|获救)
    """,
    Kind.ASK: r"""
        \? | 收到没有?(?![一-鿿]) | 吗 | 嘛 | 什么 | 啥 | 谁 | 哪 | 怎么(?!办) | 怎样
        | 如何 | 为何 | 何时 | 几点 | 多少 | 是不是 | 是否 | 有没有 | 能不能 | 要不要
        | 会不会 | 可不可以 | 真的?假 | 请问
    """,
    Kind.HELP: rf"""
        {NEED} | 救命 | 救救 | 救我 | 来救 | 来人[啊呀] | 快来人 | 请派 | 快派
        | 派[人船车]来 | sos(?![a-z])
    """,
    Kind.NONE: rf"""
        (?:暂无|没有?|无) (?:{FOLK}|人) 需要?转移
        | (?:暂无|没有|无) 需要?转移的? (?:{FOLK}|人)?
    """,
    Kind.WRONG: r"""
        (?:你们?|您)? (?:电话|号码)? 打错 (?:电话|号码|号|人)?
        | 发错人 | [找认]错人 | 错号 | 号码(?:错误?|不对) | (?:不是|非)(?:本人|机主)
        | 换号码? | 不认识[这此]个?人 | 查无此人 | 不[是当]网格[员长]
        | 离职 | 退休 | 卸任 | 调走
    """,
    Kind.CANNOT: r"""
        人?在 (?:外地|外省|国外|外面?(?=[打务]工)) (?:[打务]工|上班|出差)?
        | 外出[打务]工 | 在医院 | 在?(?:住院|出差|休假) | 请假
        | [去来到]不了 | 去不成 | [回赶]不[来去回到过][来去]? | 走不开 | 脱不开身
        | (?:没有?|无)办?法(?:去|来|到场|到岗|前往|赶到|回[来去]|执行|履职)
        | 不能(?:去|来|到场|到岗|前往|执行)
        | 不在(?:村里?|家里?|本地|当地|岗|县里|镇上|组里|老家)
    """,
    Kind.BUT: r"但是? | 不过 | 可是 | 只是 | 然而 | 回来了 | 马上回",
    Kind.FIGURE: r"""
        [0-9]{1,4} (?:户|[个口]人|名(?:群众|村民|人员)?|口|人(?![员家次]))
    """,
    Kind.NUMBER: r"[0-9]+",
    Kind.MOVE: rf"(?:安全)? (?:{FOLK})? (?:转移|撤离|疏散) (?:安置)? (?:{FOLK})?",
    Kind.ACK: r"""
        收到 | 收悉 | 知[道悉] | 明白 | 好的 | 好嘞
        | ^好$ | ^[我已]?(?:了解|清楚)了?$ | ^已?阅$
        | (?:ok|okay|yes|y|ack|received|roger)(?![a-z])
    """,
    Kind.OPT: r"退订 | 拒收 | (?:td|t|n|stop|unsubscribe)(?![a-z])",
    Kind.NOW: r"正在 | 开始",
    Kind.SOON: r"(?:马上|立即|立刻|立马|这就)(?:就?去|到)? | 即刻 | 尽快 | 抓紧 | 准备",
    Kind.DONE: r"已经? | 己(?=收到|转移) | 完[毕成了] | 结束 | 好了 | 到位 | 了",
    Kind.PLAIN: r"""
        我们 | [我本全][村组] | 本人 | [我俺咱] | 各位 | 领导 | 组织
        | 现在 | 目前 | 今[天晚] | 刚刚? | 才 | 全部 | [全都也还正]
        | 共计 | 一共 | 累计 | 合计 | 共 | 一定 | [您你]好 | [嗯哦噢啊啦呀哈]
        | 请?领导放心 | 请?放心 | 谢谢(?:[您你]们?)? | 感谢 | 辛苦 | thanks
        | 抱拳 | 玫瑰 | 握手 | (?:回复?|按|选)(?=[0-9]) | 回复(?=收到)
    """,
    Kind.WORK: r"""
        通知(?:村民|群众|到户)? | 短信 | 信息 | 消息 | 预警 | 电话 | 指令 | 叫应
        | 安排 | 落实 | 执行 | 处理 | 办理 | 照办 | 值班 | 值守 | [到在上]岗 | 行动
        | 出发 | 巡查 | 巡逻 | 排查 | 入户 | 敲门 | 前往 | 赶到 | 现场
    """,
    Kind.OTHER: r"[a-z]+ | .",
}
WORDS = re.compile(
    "|".join(f"(?P<{kind}>{words})" for kind, words in VOCABULARY.items()), re.VERBOSE
)

AUTO = re.compile(
    r"自动(?:回复|答复|应答|回信)|智能回复|勿扰|专注模式|不方便接|无法接听|来电提醒|语音信箱"
    r"|(?:稍后|尽快|晚点|一会儿?|回头)(?:再|会)?(?:[给与和跟同][您你])?"
    r"(?:联系|回复|回电|回拨|打)|auto(?:matic)?(?:reply|response)|outof(?:the)?office"
    r"|donotdisturb|i?amdriving|imdriving|drivingwith|canttalk|callyou(?:back|later)"
)
UNSPOKEN = re.compile(r"[^a-z0-9一-鿿]")
SIGNATURE = re.compile(r" *[【\[]([^】\]]{1,20})[】\]](?=.*[^ ])")
CODE = re.compile(r"[6-9][0-9]|[6-9][0-9]{2}")
COUNT = re.compile(r"0|[6-9]|[1-9][0-9]{1,3}")  # 1 to 5 could be a key as well

REFUSING = "❌❎✖✕✗✘⛔🚫👎🙅🤷"
SPOKEN_SIGNS = str.maketrans({"❓": "?", "❔": "?", "🆘": "求救", "\n": ",", "\r": ","})
SIGNS = re.compile(
    rf"(?![{REFUSING}\u2776-\u2793])"
    r"[\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff\ufe0f\u20e3]+"
)
HAN_DIGITS = str.maketrans("一二三四五", "12345")
HAN_KEY = re.compile(r"(?<!\S)(?:回复?|按|选)?[一二三四五](?!\S)")
REWRITES = (
    # A blank between Chinese words means nothing: "没 收到" is "没收到".
    (re.compile(r"(?<=[一-鿿])\s+(?=[一-鿿])"), ""),
    (re.compile(r"([0-9])\s+(?=[户人名口个岁点号月日])"), r"\1"),
    (re.compile(r"(?<![0-9])([0-9]),([0-9]{3})(?=[户人名口个])"), r"\1\2"),
    (re.compile(r"[\s,.。!;:、~\-—_…·'\"“”‘’`()\[\]【】<>《》「」+#/|*]+"), " "),
    (re.compile(r" *\? *"), "? "),
    (re.compile(r"([回复按选]) (?=[0-9一二三四五])"), r"\1"),
    (re.compile(r"(?<!\S)2 ?户 ?([0-9]+) ?人 ?([0-9]+)(?!\S)"), r"2 \1户\2人"),
)

BEFORE_CODE = {Kind.GAP, Kind.PLAIN, Kind.ACK, Kind.HELP}
BESIDE_STRIKE = {Kind.GAP, Kind.PLAIN, Kind.DONE, Kind.NOW, Kind.CODE}
AGAINST_STRIKE = {
    *(Kind.ACK, Kind.BUT, Kind.STRAY, Kind.DENY, Kind.OPT, Kind.SOON),
    *(Kind.KEY_MOVE, Kind.MOVE, Kind.FIGURE, Kind.NONE),
}
BESIDE_ANSWER = {*BESIDE_STRIKE, Kind.SOON, Kind.WORK}
ANSWERS = {Kind.ACK, Kind.KEY_MOVE, Kind.MOVE, Kind.FIGURE, Kind.NONE}


def read(text: str, open_codes: Collection[str] = ()) -> Read:
    """Read a reply; pure, and linear in the length of the text.

    :param open_codes: codes of the questions the sender could mean
    """
    spoken = _unmarked(text[:MAX_CHARS])
    if AUTO.search(UNSPOKEN.sub("", spoken)):
        return Read(meaning=Meaning.AUTO_REPLY)
    if len(text) > MAX_CHARS:
        return Read(meaning=Meaning.UNCLEAR)
    code, words = _code_first(_words(_plain(spoken)), open_codes)
    words = _keyed(words, open_codes)
    meaning = _meaning(words)
    figures = _figures(words) if meaning is Meaning.COMPLETED else None
    return Read(meaning=meaning, code=code, figures=figures or NO_FIGURES)


def _unmarked(text: str) -> str:
    """Fold widths and cases; drop what can't be seen and the signs that say nothing."""
    seen = "".join(c for c in text if not _invisible(c))
    folded = unicodedata.normalize("NFKC", seen).lower().strip()
    return SIGNS.sub(" ", folded.translate(SPOKEN_SIGNS))


def _invisible(char: str) -> bool:
    """Tell zero-width and control characters from those that part words."""
    return unicodedata.category(char) in {"Cc", "Cf"} and not char.isspace()


def _plain(spoken: str) -> str:
    """Reduce to clauses parted by one blank, without signature and punctuation."""
    signed = SIGNATURE.match(spoken)
    if signed and not _says_something(signed[1]):
        spoken = spoken[signed.end() :]
    for pattern, replacement in REWRITES:
        spoken = pattern.sub(replacement, spoken)
    return HAN_KEY.sub(lambda found: found[0].translate(HAN_DIGITS), spoken).strip()


def _says_something(signature: str) -> bool:
    """Tell an answer put in brackets from the name of an office."""
    names = {Kind.OTHER, Kind.PLAIN, Kind.WORK}
    return any(word.kind not in names for word in _clause(signature))


def _words(plain: str) -> list[Word]:
    """Split into words, a gap behind each clause."""
    clauses = plain.split()
    return [word for clause in clauses for word in (*_parted(_clause(clause)), GAP)]


def _clause(clause: str) -> list[Word]:
    """Look each word up; what is not in the vocabulary is OTHER."""
    found = WORDS.finditer(clause)
    return [Word(Kind(match.lastgroup or Kind.OTHER), match[0]) for match in found]


def _parted(clause: Sequence[Word]) -> Iterator[Word]:
    """Take a number that sticks to an unknown word (3岁, k67) for no key or code."""
    for place, word in enumerate(clause):
        around = clause[max(place - 1, 0) : place + 2]
        stuck = any(near.kind is Kind.OTHER for near in around)
        stray = word.kind is Kind.NUMBER and stuck
        yield Word(Kind.STRAY, word.text) if stray else word


def _code_first(
    words: list[Word], open_codes: Collection[str]
) -> tuple[str | None, list[Word]]:
    """Take out the code: the first number, the only open one named."""
    numbers = [word.text for word in words if word.kind is Kind.NUMBER]
    named = {text for text in numbers if text in open_codes and CODE.fullmatch(text)}
    if len(named) != 1 or numbers[0] not in named:
        return None, words
    code = Word(Kind.NUMBER, numbers[0])
    place = words.index(code)
    if not _kinds(words[:place]) <= BEFORE_CODE:
        return None, words
    return code.text, [*words[:place], Word(Kind.CODE, code.text), *words[place + 1 :]]


def _keyed(words: list[Word], open_codes: Collection[str]) -> list[Word]:
    """Say what each bare number is."""
    numbers = [word.text for word in words if word.kind is Kind.NUMBER]
    found = iter(_numbers(numbers, open_codes, late=_number_late(words)))
    return [next(found) if word.kind is Kind.NUMBER else word for word in words]


def _number_late(words: Iterable[Word]) -> bool:
    """Tell whether a bare number follows 转移 or a figure, where it may be a count."""
    moved = False
    for word in words:
        if moved and word.kind is Kind.NUMBER:
            return True
        moved = moved or word.kind in {Kind.MOVE, Kind.FIGURE}
    return False


def _numbers(
    numbers: Sequence[str], open_codes: Collection[str], *, late: bool
) -> list[Word]:
    """Read one key, however often, or key 2 and a count that is no open code."""
    if len(set(numbers)) == 1 and numbers[0] in KEYS and not late:
        return [Word(KEYS[text], text) for text in numbers]
    match numbers:
        case ["2", count] if COUNT.fullmatch(count) and count not in open_codes:
            return [Word(Kind.KEY_MOVE, "2"), Word(Kind.FIGURE, f"{count}人")]
        case _:
            return [Word(Kind.STRAY, text) for text in numbers]


def _meaning(words: Sequence[Word]) -> Meaning:
    """Weigh the words: questions and help first, then what strikes, then answers."""
    kinds = _kinds(words)
    if _asks_at_end(words):
        return Meaning.QUESTION
    if _cries(words):
        return Meaning.UNCLEAR if Kind.WRONG in kinds else Meaning.NEED_HELP
    if Kind.ASK in kinds:
        return Meaning.QUESTION
    if kinds - {Kind.GAP, Kind.PLAIN, Kind.CODE} == {Kind.OPT}:
        return Meaning.OPT_OUT
    return _struck(words) or _answer(words)


def _asks_at_end(words: Sequence[Word]) -> bool:
    """Tell whether the text ends with a question mark: then nothing in it is sure."""
    return len(words) > 1 and words[-2].text == "?"


def _cries(words: Sequence[Word]) -> bool:
    """Hear a cry for help in any clause that doesn't ask, or a 3 nobody takes back."""
    kinds = _kinds(words)
    if Kind.KEY_HELP in kinds and not kinds & {Kind.DENY, Kind.ASK, Kind.OPT}:
        return True
    clauses = map(_kinds, _clauses(words))
    return any(Kind.HELP in clause and Kind.ASK not in clause for clause in clauses)


def _struck(words: Sequence[Word]) -> Meaning | None:
    """Read 4 or 5, or a first clause that says no more than that."""
    kinds = _kinds(words)
    named = kinds & STRIKES.keys()
    if len(named) != 1 or kinds & AGAINST_STRIKE:
        return None
    clauses = map(_kinds, _clauses(words))
    first = next(clause for clause in clauses if not clause <= BESIDE_STRIKE)
    return STRIKES[named.pop()] if first <= named | BESIDE_STRIKE else None


def _answer(words: Sequence[Word]) -> Meaning:
    """Read an answer of somebody awake, if there is no other word in the text."""
    kinds = _kinds(words)
    if not kinds <= ANSWERS | BESIDE_ANSWER or _figures(words) is None:
        return Meaning.UNCLEAR
    return _counted(kinds) or _uncounted(kinds)


def _counted(kinds: set[Kind]) -> Meaning | None:
    """Read figures as what has been done; None where they are missing or a plan."""
    planned = not kinds.isdisjoint({Kind.SOON, Kind.NOW, Kind.WORK})
    if Kind.NONE in kinds:
        sure = not planned and kinds.isdisjoint({Kind.FIGURE, Kind.MOVE})
        return Meaning.COMPLETED if sure else Meaning.UNCLEAR
    if Kind.FIGURE not in kinds:
        return None
    if kinds.isdisjoint({Kind.KEY_MOVE, Kind.MOVE}):
        return Meaning.UNCLEAR
    return None if planned else Meaning.COMPLETED


def _uncounted(kinds: set[Kind]) -> Meaning:
    """Read an answer that gives no count."""
    if Kind.KEY_MOVE in kinds or _moving(kinds):
        return Meaning.EVACUATING
    return Meaning.RECEIVED if kinds & {Kind.ACK, Kind.CODE} else Meaning.UNCLEAR


def _moving(kinds: set[Kind]) -> bool:
    """Tell whether people are being moved or have been, not only will be."""
    begun = Kind.MOVE in kinds and bool(kinds & {Kind.NOW, Kind.DONE})
    return begun and Kind.SOON not in kinds


def _figures(words: Iterable[Word]) -> Figures | None:
    """Read the figures; None when they contradict each other."""
    households: list[int] = []
    people: list[int] = []
    for word in words:
        if word.kind is Kind.NONE:
            people.append(0)
        elif word.kind is Kind.FIGURE:
            count = int(re.sub(r"[^0-9]", "", word.text))
            (households if "户" in word.text else people).append(count)
    if len(households) > 1 or len(people) > 1:
        return None
    return Figures(
        households=households[0] if households else None,
        people=people[0] if people else None,
    )


def _clauses(words: Iterable[Word]) -> list[list[Word]]:
    """Group words by the gaps between them."""
    clauses: list[list[Word]] = [[]]
    for word in words:
        if word.kind is Kind.GAP:
            clauses.append([])
        else:
            clauses[-1].append(word)
    return clauses


def _kinds(words: Iterable[Word]) -> set[Kind]:
    """Name the kinds of words there are."""
    return {word.kind for word in words}

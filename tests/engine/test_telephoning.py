"""What is said: in a call of ours, and to who rings us."""

from __future__ import annotations

from config.texts import TextName
from contacts.model import Post
from dispatcher.core.callout import State
from dispatcher.engine.conversation import Conversation, Phase, Place
from dispatcher.engine.telephoning import spoken_in, spoken_to
from tests.engine.office import GRIDS, NUMBERS, SHARED, VILLAGE, Office, opened
from tests.engine.telephony import (
    BUSY,
    is_over,
    picks_up,
    ringing,
    turn,
    until,
    voice,
)

FLOOD = {"identifier": "W-2", "event": "山洪", "event_code": "11A07"}
OPENING = "这里是澄溪应急,暴雨红色预警,立即转移山边河边群众。"
OWN = (
    "青石村第一网格、青石村2网格,3小时超100毫米,立即转移山边河边群众。"
    "收到请按1,转移完请按2,求助请按3,去不了请按4,打错了请按5,重听请按9。"
)


async def in_call(office: Office, who: str) -> Conversation:
    """What the call reads that rings at somebody's."""
    context, call = await office.context(), await ringing(office, who)
    return await office.database.read(lambda c: spoken_in(c, context, call.id))


async def to_number(
    office: Office, number: str, current: str | None = None
) -> Conversation:
    """What a number hears that rings us."""
    found = await office.desk(lambda desk: spoken_to(desk, number, current))
    assert isinstance(found, Conversation)
    return found


def words(talk: Conversation) -> list[str]:
    return [prompt.text for prompt in talk.begin()]


async def goodbye(office: Office) -> str:
    return (await office.context()).texts.say(TextName.CALL_GOODBYE)


async def settled(office: Office) -> str:
    return (await office.context()).texts.say(TextName.CALL_SETTLED)


async def test_a_call_says_who_calls_what_to_do_and_the_keys() -> None:
    async with opened(lines=10) as office:
        await office.warn()
        await turn(office)

        assert words(await in_call(office, "lead")) == [
            OPENING,
            OWN,
            OWN,
            await goodbye(office),
        ]


async def test_a_call_reads_every_warning_that_waited_for_the_number() -> None:
    async with opened(lines=10) as office:
        await office.warn(**FLOOD)
        await office.warn()
        await turn(office)
        talk = await in_call(office, "lead")
        read = words(talk)

        assert len(talk.parts) == 2
        assert len({text for text in read if text.startswith("这里是")}) == 2


async def test_what_was_answered_by_text_while_it_rang_is_not_read() -> None:
    async with opened(lines=10) as office:
        await office.warn()
        await turn(office)
        await office.hears("lead", "1")

        assert words(await in_call(office, "lead")) == [await settled(office)]


async def test_a_digest_taken_by_another_while_it_rang_is_not_read() -> None:
    async with opened(lines=10) as office:
        await office.warn()
        await turn(office, 1)
        await office.hears("town", "1")
        await until(office, 669, rings_out=True)
        await until(office, 670)
        before = await in_call(office, "town")
        await office.hears("head", "1")
        states = [(await office.callout(grid)).state for grid in GRIDS]
        talk = await in_call(office, "town")

        assert states == [State.TAKEN, State.TAKEN]
        assert [part.wanted for part in before.parts] == [True]
        assert [part.wanted for part in talk.parts] == [False]


async def test_who_asked_for_help_is_named_to_the_village() -> None:
    async with opened(lines=10) as office:
        await office.warn()
        await turn(office)
        await is_over(office, "head", BUSY)
        await office.hears("lead", "3")
        await until(office, 80)
        said = words(await in_call(office, "head"))

        assert said[0] == OPENING
        assert said[1].endswith("人lead求助,请立即联系支援。")
        assert len(said) == 3


async def test_a_call_nobody_knows_says_that_nothing_is_asked() -> None:
    async with opened(lines=10) as office:
        context = await office.context()
        talk = await office.database.read(lambda c: spoken_in(c, context, "none"))

        assert words(talk) == [await settled(office)]


async def test_who_rings_us_hears_what_he_was_sent_and_has_not_answered() -> None:
    async with opened() as office:
        await office.warn()
        await turn(office)
        said = words(await to_number(office, NUMBERS["lead"]))

        assert (said[0], said[-1]) == (OPENING, await goodbye(office))
        assert said[1].partition(",")[2] == OWN.partition(",")[2]


async def test_who_has_answered_hears_nothing_of_it() -> None:
    async with opened() as office:
        await office.warn()
        await turn(office)
        await office.hears("lead", "1")

        assert (await to_number(office, NUMBERS["lead"])).parts == []
        assert (await to_number(office, "+99900000999")).parts == []


async def test_who_shares_a_number_hears_what_either_is_asked() -> None:
    async with opened() as office:
        await office.warn()
        await until(office, 181)
        talk = await to_number(office, SHARED)
        places = {part.body.partition(",")[0] for part in talk.parts}

        assert places == {"青石村第一网格", "青石村2网格"}


async def test_a_superior_hears_his_own_part_and_the_grids_below() -> None:
    async with opened() as office:
        await office.warn()
        await until(office, 311)
        digest, own = (await to_number(office, NUMBERS["head"])).parts

        assert own.body.startswith("青石村,3小时超100毫米")
        assert digest.body.startswith(
            "青石村请您应答。另有青石村2个网格没有应答,请马上派人叫醒。"
        )


async def test_a_superior_who_has_answered_his_own_part_hears_of_the_grids() -> None:
    async with opened() as office:
        await office.warn()
        await turn(office, 1)
        await office.hears("head", "1")
        await until(office, 311)
        [digest] = (await to_number(office, NUMBERS["head"])).parts

        assert digest.body.startswith("青石村2个网格没有应答,请马上派人叫醒。")


async def test_what_he_has_taken_over_is_not_asked_of_him_again() -> None:
    async with opened() as office:
        await office.warn()
        await turn(office, 1)
        await office.hears("head", "1")
        await until(office, 345)
        await office.hears("head", "1", at=office.now)
        callout = await office.callout(GRIDS[0])

        assert callout.state is State.TAKEN
        assert (await to_number(office, NUMBERS["head"])).parts == []


async def test_after_his_key_the_rest_is_read_whether_it_is_settled_yet_or_not() -> (
    None
):
    async with opened() as office:
        await office.warn(**FLOOD)
        office.later(1)
        await office.warn()
        await turn(office)
        newest, older = (await to_number(office, NUMBERS["lead"])).parts
        place = Place(Phase.TEXT, newest.message)
        for _ in range(2):
            talk = await to_number(office, NUMBERS["lead"], newest.message)
            said = [prompt.text for prompt in talk.after(place, "1")]

            assert said[:2] == ["已记录,谢谢。", older.opening]

            await office.hears("lead", "61")


async def test_a_call_that_was_picked_up_tells_what_it_read() -> None:
    async with opened(lines=10) as office:
        await office.warn()
        await turn(office)
        await picks_up(office, "head")
        [row] = await voice(office, "head")
        village = await office.callout(VILLAGE, Post.VILLAGE_HEAD)
        [part] = (await in_call(office, "head")).parts

        assert (part.message, part.asks, part.wanted) == (row.id, True, True)
        assert village.state is State.CALLING

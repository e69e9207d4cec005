"""Whom we dial, and whom never; what calls leave at a number."""

from __future__ import annotations

from dataclasses import replace

import pytest

from channels.contract import Channel, Failed, FailureKind, Keyed, RangBack
from contacts.model import AddressId, AddressKind, Flag, PersonId
from contacts.roster import Roster
from dispatcher.core.callout import State
from dispatcher.engine.context import CARRIES
from dispatcher.store import flags, people
from dispatcher.store.flags import Flagging
from tests.engine.office import GRIDS, NUMBERS, Office, opened, village

CODES = ("+86110", "110", "+8612379", "+864008123456", "+8610086", "+86431120")
WORDS = ("1", "收到", "5", "TD", "67 2 35", "9", "在吗?", "")


def dialled(office: Office) -> set[str]:
    """Every number that any provider was given."""
    providers = (office.provider, office.telephones)
    return {message.to for one in providers for message in one.sent}


def with_number(number: str) -> Roster:
    """The village, where by some mistake this is the number of its new lead."""
    plain = village()
    lead = plain.people[PersonId("lead")]
    address = replace(lead.addresses[0], id=AddressId("new0"), value=number)
    new = replace(lead, id=PersonId("new"), addresses=(address,))
    people_now = [new, *(one for one in plain.people.values() if one is not lead)]
    holdings = [
        replace(one, person=new.id) if one.person == lead.id else one
        for one in plain.holdings
    ]
    return Roster.build(plain.units.values(), people_now, holdings)


async def hours(office: Office, turns: int = 8) -> None:
    """Let a while pass."""
    for _ in range(turns):
        office.later(60)
        await office.sweep()
        await office.engine.turn()


@pytest.mark.parametrize("code", CODES)
async def test_a_short_code_that_got_into_the_roster_is_never_dialled(
    code: str,
) -> None:
    async with opened(lines=4) as office:
        roster = with_number(code)
        await office.database.write(lambda c: people.save_roster(c, roster))
        await office.keeper.refresh()
        await office.warn()
        await hours(office)
        callout = await office.callout(GRIDS[0])
        tried = await office.messages("new")

        assert code not in dialled(office)
        assert dialled(office) <= {*NUMBERS.values()}
        assert {(m.channel, m.failure_code) for m in tried} == {
            ("sms", "dial_guard"),
            ("voice", "dial_guard"),
        }
        assert callout.open
        assert await office.database.read(flags.standing) == {}


@pytest.mark.parametrize("stranger", ["+99900000999", *CODES, ""])
async def test_a_stranger_is_neither_answered_nor_called_back(stranger: str) -> None:
    async with opened(lines=4) as office:
        await office.warn()
        await office.engine.turn()
        before = len(await office.messages())
        for words in WORDS:
            assert await office.hears(stranger, words) == "unknown_sender"
        rang = RangBack(event_key="in", provider_id="CA1", number=stranger)
        keyed = Keyed(
            event_key="key",
            message=None,
            provider_id="CA1",
            number=stranger,
            place=f"t{(await office.messages('lead'))[0].id}",
            keys="1",
        )

        assert await office.told(rang, keyed) == ["unknown_sender", "no_message"]
        assert len(await office.messages()) == before

        await hours(office)

        assert dialled(office) <= {*NUMBERS.values()}
        assert (await office.callout(GRIDS[0])).state is not State.ANSWERED
        assert await office.database.read(flags.standing) == {}


def test_every_kind_of_address_has_its_channels() -> None:
    assert {*CARRIES} == {*AddressKind}
    assert CARRIES[AddressKind.SATELLITE] == {Channel.SMS, Channel.VOICE}


async def trail(office: Office) -> list[Flagging]:
    return await office.database.read(lambda c: flags.trail(c, cleared=True))


async def test_who_is_somebody_else_leaves_a_flag_with_its_trail(
    office: Office,
) -> None:
    await office.warn()
    await office.engine.turn()
    office.later(5)

    assert await office.hears("lead", "5") == "wrong_person"

    [flag] = await trail(office)
    callouts = {(await office.callout(grid)).id for grid in GRIDS}
    assert (flag.address, flag.flag, flag.at, flag.by) == (
        "lead0",
        Flag.WRONG_PERSON,
        office.now,
        "person:lead",
    )
    assert flag.callout in callouts


async def test_who_opts_out_is_flagged_and_called_as_before(office: Office) -> None:
    await office.warn()
    await office.engine.turn()
    office.later(5)
    [message] = await office.messages("lead")

    assert await office.hears("lead", "TD") == "opt_out"
    assert await office.hears("lead", "TD") == "opt_out"
    assert await trail(office) == [
        Flagging(
            address=message.address,
            flag=Flag.OPTED_OUT,
            at=office.now,
            by="person:lead",
            message=message.id,
        )
    ]

    await hours(office, turns=20)

    assert len(await office.messages("lead")) > 1


async def test_who_opts_out_of_nothing_is_flagged_too(office: Office) -> None:
    assert await office.hears("backup-1", "退订") == "nothing_sent"
    assert [(one.address, one.by, one.message) for one in await trail(office)] == [
        ("backup-10", "person:backup-1", None),
        ("backup-20", "person:backup-2", None),
    ]


async def test_a_number_dead_in_two_warnings_is_flagged_and_still_tried(
    office: Office,
) -> None:
    gone = Failed(kind=FailureKind.PERMANENT_ADDRESS, code="30005")
    seen = []
    for name in ("W-1", "W-2", "W-3"):
        office.provider.outcomes.extend([gone] * 20)
        await office.warn(identifier=name, event_code=EVENTS[name])
        await hours(office, turns=1)
        office.provider.outcomes.clear()
        tried = [m.state for m in await office.messages("lead")]
        seen.append((len(tried), [one.flag for one in await trail(office)][:1]))
        office.later(3 * 3600)

    assert [count for count, _ in seen] == [1, 2, 3]
    assert [flag for _, flag in seen] == [[], [Flag.DEAD], [Flag.DEAD]]
    assert {one.by for one in await trail(office)} == {"system"}


EVENTS = {"W-1": "11B03", "W-2": "11A51", "W-3": "11B06"}

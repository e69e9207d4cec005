"""An officer tries a channel with his own number, and sees what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import ConfigDict
from sqlalchemy import Connection

from channels.contract import Channel
from dispatcher.api.auth import Scope, SignedIn, needs
from dispatcher.api.body import documented, read_as
from dispatcher.api.front import Front, FrontOf
from dispatcher.api.lookup import CHANNEL, TRIAL, unknown
from dispatcher.api.problem import answers, refused
from dispatcher.api.session import too_often
from dispatcher.api.views import View
from dispatcher.core.journal import HOUSE, ChannelTried
from dispatcher.core.officer import USER
from dispatcher.engine import trial
from dispatcher.engine.trial import Own
from dispatcher.intake.officer_form import TrialForm
from dispatcher.intake.problem import Problem
from dispatcher.store import journal, outbox, trials
from dispatcher.store.outbox import MessageState
from dispatcher.store.trials import Trial

router = APIRouter(prefix="/api/v1/channels/{name}/test", tags=["channels"])

WRITES = [Depends(needs(Scope.CALLOUTS_WRITE))]
ChannelNamed = Annotated[str, Path(alias="name", max_length=64)]


class TrialView(View):
    """A try of a channel, and how far it came.

    :ivar reason: why it waits or was dropped, where something keeps it
    :ivar picked_up_at: of a call
    :ivar failure: kind of failure; null: none so far
    :ivar failure_code: as the provider calls it
    """

    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: str
    state: MessageState
    reason: str | None
    created_at: datetime
    accepted_at: datetime | None
    picked_up_at: datetime | None
    delivered_at: datetime | None
    failure: str | None
    failure_code: str | None


@router.post(
    "",
    status_code=202,
    dependencies=WRITES,
    responses=answers(400, 401, 403, 404, 408, 409, 413, 415, 422, 429, 503),
    openapi_extra=documented(TrialForm),
)
async def try_channel(
    front: FrontOf,
    own: SignedIn,
    name: ChannelNamed,
    form: Annotated[TrialForm, Depends(read_as(TrialForm))],
) -> TrialView:
    """Send the officer one message by this channel, to a number that is his."""
    channel = _route(front, name)
    officer, now = own.officer, front.now()
    if seconds := front.limits.trials.take(officer.name, now):
        raise too_often(seconds)
    to = await _his(front, officer.display, form.to, channel)
    context = await front.runtime.keeper.context()
    sent = trial.message(context, name, channel, to, now)
    entry = ChannelTried(
        at=now,
        by=f"{USER}{officer.name}",
        channel=name,
        message=sent.id,
        person=to.person.id,
    )

    def put(connection: Connection) -> Trial | None:
        outbox.put(connection, [sent])
        journal.note(connection, HOUSE, [entry])
        return trials.find(connection, name, sent.id)

    kept = await front.runtime.database.write(put)
    front.committed()
    return TrialView.model_validate(kept)


def _route(front: Front, name: str) -> Channel:
    """What a channel carries to people.

    :raises RefusedError: with 404; with 409 for one that reaches no person
    """
    settings = front.runtime.settings
    if name not in settings.channels:
        raise unknown(CHANNEL, name)
    channel = front.runtime.providers[name].capabilities.channel
    if name not in settings.routes.get(channel.value, ()):
        raise refused(409, NO_ROUTE)
    return channel


async def _his(front: Front, display: str, written: str, channel: Channel) -> Own:
    """The officer's own address.

    :raises RefusedError: with 422, whosever else it may be
    """
    context = await front.runtime.keeper.context()
    allowed = front.runtime.settings.security.allow_test_numbers
    found = trial.own(context.roster, display, written, channel, test_numbers=allowed)
    if found is None:
        raise refused(
            422,
            Problem(
                loc=("to",),
                code="not_your_number",
                zh=f"花名册里“{display}”没有这个号码。"
                "请核对号码;称呼或花名册不对,请找管理员改",
                en=f"the roster has no such number for {display}: check the number,"
                " or have your name or the roster corrected",
            ),
        )
    return found


@router.get("/{id}", dependencies=WRITES, responses=answers(401, 403, 404))
async def show_trial(
    front: FrontOf,
    _own: SignedIn,
    name: ChannelNamed,
    trial_id: Annotated[str, Path(alias="id", max_length=32)],
) -> TrialView:
    """What became of a try."""
    found = await front.runtime.database.read(lambda c: trials.find(c, name, trial_id))
    if found is None:
        raise unknown(TRIAL, trial_id)
    return TrialView.model_validate(found)


NO_ROUTE = Problem(
    loc=("path",),
    code="no_route",
    zh="这个通道不通向个人,不能试发:它没有列入 [routes]",
    en="this channel reaches no person: no route in [routes] uses it",
)

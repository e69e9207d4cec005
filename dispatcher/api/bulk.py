"""One order for many callouts over HTTP, and what became of each."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Depends

from contacts.model import PersonId
from dispatcher.api.auth import Caller, Scope, needs
from dispatcher.api.body import IdempotencyKey, documented, read_as
from dispatcher.api.callouts import check_heard, check_route
from dispatcher.api.front import FrontOf
from dispatcher.api.problem import answers, refused
from dispatcher.api.views import View
from dispatcher.core.answer import Meaning
from dispatcher.core.callout import CalloutId
from dispatcher.engine import bulk, verbs
from dispatcher.engine.bulk import Bulk, OtherOrderError
from dispatcher.intake.form import BulkForm
from dispatcher.intake.problem import Problem, problem
from dispatcher.store.orders import Request

router = APIRouter(prefix="/api/v1/callouts", tags=["callouts"])

Orderer = Annotated[Caller, Depends(needs(Scope.CALLOUTS_WRITE))]


class OutcomeView(View):
    """What became of the order for one callout; ``code`` tells why nothing did."""

    id: CalloutId
    ok: bool
    code: str | None = None


class BulkView(View):
    """What became of an order for many."""

    done: int
    refused: int
    results: list[OutcomeView]


@router.post(
    "/bulk",
    responses=answers(400, 401, 403, 408, 409, 413, 415, 422, 503),
    openapi_extra=documented(BulkForm),
)
async def order_many(
    front: FrontOf,
    caller: Orderer,
    form: Annotated[BulkForm, Depends(read_as(BulkForm))],
    idempotency_key: IdempotencyKey = None,
) -> BulkView:
    """Do one thing to many callouts; one that refuses keeps none of the others."""
    if missing := tuple(_missing(form)):
        raise refused(422, *missing)
    await check_route(front, form.channel)
    if form.at:
        check_heard(front, form.at)
    by = caller.by
    digest = hashlib.blake2b(form.model_dump_json().encode(), digest_size=16)
    request = idempotency_key and Request(
        by=by, key=idempotency_key, digest=digest.hexdigest()
    )
    names = [CalloutId(name) for name in form.callouts]
    ordered = Bulk(order=_order(form, by), names=names, request=request or None)
    runtime = front.runtime
    try:
        codes = await bulk.carry_out_all(
            runtime.database, runtime.keeper, ordered, front.now
        )
    except OtherOrderError:
        where = ("header", "Idempotency-Key")
        raise refused(409, problem(where, "key_of_other_order")) from None
    front.committed()
    return _told(codes)


def _told(codes: bulk.Codes) -> BulkView:
    results = [
        OutcomeView(id=name, ok=code is None, code=code) for name, code in codes.items()
    ]
    done = sum(one.ok for one in results)
    return BulkView(done=done, refused=len(results) - done, results=results)


def _missing(form: BulkForm) -> Iterator[Problem]:
    """What an answer on behalf needs beside the reason."""
    wanted = ("meaning", "how", "at") if form.verb == "answers" else ()
    for name in wanted:
        if getattr(form, name) is None:
            yield problem((name,), "required")


def _order(form: BulkForm, by: str) -> verbs.Order:
    if form.meaning and form.how and form.at and form.verb == "answers":
        return verbs.OnBehalf(
            person=PersonId(form.person) if form.person else None,
            meaning=Meaning(form.meaning),
            how=form.how,
            at=form.at,
            note=form.reason,
            by=by,
        )
    if form.verb == "retry":
        return verbs.Retry(by=by, channel=form.channel, note=form.reason)
    if form.verb == "escalate":
        return verbs.Escalate(by=by, reason=form.reason)
    return verbs.TakeOver(by=by, note=form.reason)

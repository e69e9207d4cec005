"""The HTTP application, made from a running house."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from fastapi import Depends, FastAPI
from pydantic.json_schema import models_json_schema
from typing_extensions import override

from dispatcher.api import (
    alerts,
    areas,
    board,
    bulk,
    callouts,
    channels,
    checking,
    feeds,
    health,
    house_log,
    imports,
    inbox,
    keys,
    map_layer,
    metrics,
    monitors,
    officers,
    own,
    parked,
    people,
    phone,
    policies,
    posts,
    problem,
    replay,
    roster_history,
    session,
    shifts,
    texts,
    trials,
    units,
)
from dispatcher.api.access import AccessLog
from dispatcher.api.body import BodyLimit, Limit
from dispatcher.api.front import Front
from dispatcher.api.hooks import event, sms, voice
from dispatcher.api.letterbox import Letterbox
from dispatcher.api.query import each_once
from dispatcher.api.watching import Watch
from dispatcher.console.page import console
from dispatcher.engine.runtime import Runtime
from dispatcher.intake.duty_form import (
    LeaveForm,
    OverrideForm,
    RotationForm,
    SwapForm,
)
from dispatcher.intake.form import (
    AlertForm,
    AnswerForm,
    ApproveForm,
    BulkForm,
    CancelForm,
    CorrectForm,
    EchoForm,
    EscalateForm,
    FeedbackForm,
    RejectForm,
    RenewForm,
    RetryForm,
    SettleForm,
    TakeoverForm,
)
from dispatcher.intake.officer_form import (
    KeyForm,
    OfficerEditForm,
    OfficerForm,
    PasswordForm,
    SignInForm,
    TotpForm,
    TrialForm,
    WatchForm,
)
from dispatcher.intake.roster_form import (
    EraseForm,
    NewHolderForm,
    NewUnitForm,
    PersonForm,
    PostForm,
    UnitForm,
)

FORMS = (
    *(AlertForm, CancelForm, RenewForm, AnswerForm, TakeoverForm, EchoForm),
    *(UnitForm, NewUnitForm, PersonForm, PostForm, NewHolderForm, EraseForm),
    *(RotationForm, OverrideForm, SwapForm, LeaveForm),
    *(SignInForm, PasswordForm, TotpForm, WatchForm),
    *(OfficerForm, OfficerEditForm, KeyForm, TrialForm),
    *(CorrectForm, RetryForm, EscalateForm, FeedbackForm, BulkForm),
    *(ApproveForm, RejectForm, SettleForm),
)
# Rooms that officers and machines ask, and those that providers and people come to.
ASKED = (
    *(alerts, board, replay, map_layer, monitors, feeds, areas, checking, callouts),
    *(bulk, people, units, posts, roster_history, imports, shifts, texts, policies),
    *(parked, inbox, channels, trials, session, own, officers, keys, house_log),
)
TOLD = (sms, voice, event, phone, health, metrics)
SCHEMAS = "#/components/schemas/{model}"


class Api(FastAPI):
    """An app whose OpenAPI page knows the bodies that we read ourselves."""

    @override
    def openapi(self) -> dict[str, Any]:
        """The page as FastAPI makes it, with our forms and the problem."""
        page = super().openapi()
        _, forms = models_json_schema(
            [(form, "validation") for form in FORMS], ref_template=SCHEMAS
        )
        page["components"]["schemas"] |= forms["$defs"] | {"Problem": problem.SCHEMA}
        return page


def create_app(runtime: Runtime, committed: Callable[[], None]) -> FastAPI:
    """Serve a running house.

    :param committed: called after each commit that the worker should look at
    """
    app = Api(
        title="jiaoying 叫应",
        version=version("jiaoying-dispatcher"),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    watch = Watch(runtime)
    app.state.front = Front(
        runtime=runtime,
        committed=committed,
        watch=watch,
        letterbox=Letterbox(runtime.database),
    )
    server = runtime.settings.server
    usual = Limit(most=server.body_limit_bytes, seconds=server.body_seconds)
    upload = Limit(most=imports.UPLOAD_MOST, seconds=imports.UPLOAD_SECONDS)
    app.add_middleware(BodyLimit, usual=usual, others={imports.PREFIX: upload})
    problem.install(app)
    app.add_middleware(AccessLog)
    for room in ASKED:
        app.include_router(room.router, dependencies=[Depends(each_once)])
    for room in TOLD:
        app.include_router(room.router)
    tiles = [one.url for one in runtime.settings.desk.tiles]
    app.include_router(console(tiles=tiles))
    return app


def farewell(app: FastAPI) -> Callable[[], None]:
    """What to call before the server of an app stops: open streams end by it."""
    watch: Watch = app.state.front.watch
    return watch.close

"""Officers, keys and the log; and for every route, which role may use it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from fastapi.routing import APIRoute

from dispatcher.api.app import create_app
from dispatcher.core.officer import OfficerRole
from tests.api.desk import PASSWORD, SESSION, Browser, at_desk, hire
from tests.api.hamlet import NOON, Hamlet, alert, codes

OFFICERS, KEYS, LOG = "/api/v1/officers", "/api/v1/keys", "/api/v1/log"
VIEWER, OFFICER, LEADER, ADMINISTRATOR = OfficerRole
# Every route that asks who it is, and the least role that may use it.
LEAST = {
    "POST /api/v1/alerts": OFFICER,
    "GET /api/v1/alerts": VIEWER,
    "GET /api/v1/alerts/{id}": VIEWER,
    "GET /api/v1/alerts/{id}/summary": VIEWER,
    "GET /api/v1/alerts/{id}/callouts": VIEWER,
    "GET /api/v1/alerts/{id}/record": VIEWER,
    "GET /api/v1/alerts/{id}/sheets/{unit}": OFFICER,
    "POST /api/v1/alerts/{id}/cancel": OFFICER,
    "POST /api/v1/alerts/{id}/renew": OFFICER,
    "GET /api/v1/callouts": VIEWER,
    "GET /api/v1/callouts/{id}": VIEWER,
    "POST /api/v1/callouts/{id}/answers": OFFICER,
    "POST /api/v1/callouts/{id}/takeover": OFFICER,
    "GET /api/v1/people": VIEWER,
    "GET /api/v1/people/{id}": VIEWER,
    "POST /api/v1/monitors/{kind}": OFFICER,
    "GET /api/v1/feeds": VIEWER,
    "POST /api/v1/areas/echo": VIEWER,
    "GET /api/v1/roster/check": VIEWER,
    "GET /api/v1/session": VIEWER,
    "DELETE /api/v1/session": VIEWER,
    "POST /api/v1/session/password": VIEWER,
    "POST /api/v1/session/totp": VIEWER,
    "PUT /api/v1/session/totp": VIEWER,
    "DELETE /api/v1/session/totp": VIEWER,
    "PUT /api/v1/session/watch": OFFICER,
    "DELETE /api/v1/session/watch": VIEWER,
    "GET /api/v1/watch": VIEWER,
    "GET /api/v1/officers": ADMINISTRATOR,
    "POST /api/v1/officers": ADMINISTRATOR,
    "GET /api/v1/officers/{name}": ADMINISTRATOR,
    "PUT /api/v1/officers/{name}": ADMINISTRATOR,
    "DELETE /api/v1/officers/{name}": ADMINISTRATOR,
    "POST /api/v1/officers/{name}/password": ADMINISTRATOR,
    "DELETE /api/v1/officers/{name}/totp": ADMINISTRATOR,
    "GET /api/v1/keys": ADMINISTRATOR,
    "POST /api/v1/keys": ADMINISTRATOR,
    "DELETE /api/v1/keys/{name}": ADMINISTRATOR,
    "GET /api/v1/log": LEADER,
    "POST /api/v1/alerts/{id}/approve": LEADER,
    "POST /api/v1/alerts/{id}/reject": LEADER,
    "POST /api/v1/alerts/{id}/correct": OFFICER,
    "GET /api/v1/alerts/{id}/board": VIEWER,
    "GET /api/v1/alerts/{id}/replay": VIEWER,
    "GET /api/v1/map": VIEWER,
    "GET /api/v1/map/tiles": VIEWER,
    "POST /api/v1/callouts/bulk": OFFICER,
    "POST /api/v1/callouts/{id}/retry": OFFICER,
    "POST /api/v1/callouts/{id}/escalate": OFFICER,
    "POST /api/v1/callouts/{id}/feedback": OFFICER,
    "GET /api/v1/channels": VIEWER,
    "POST /api/v1/channels/{name}/test": OFFICER,
    "GET /api/v1/channels/{name}/test/{id}": OFFICER,
    "GET /api/v1/hazards": VIEWER,
    "GET /api/v1/policies": VIEWER,
    "GET /api/v1/policies/{name}": VIEWER,
    "POST /api/v1/texts/preview": VIEWER,
    "GET /api/v1/inbox": VIEWER,
    "GET /api/v1/inbox/counts": VIEWER,
    "GET /api/v1/inbox/{id}": VIEWER,
    "POST /api/v1/inbox/{id}": OFFICER,
    "POST /api/v1/people": LEADER,
    "PUT /api/v1/people/{id}": LEADER,
    "DELETE /api/v1/people/{id}": LEADER,
    "POST /api/v1/people/{id}/erase": ADMINISTRATOR,
    "GET /api/v1/units": VIEWER,
    "POST /api/v1/units": LEADER,
    "GET /api/v1/units/{id:path}": VIEWER,
    "PUT /api/v1/units/{id:path}": LEADER,
    "DELETE /api/v1/units/{id:path}": LEADER,
    "GET /api/v1/posts": VIEWER,
    "POST /api/v1/posts": LEADER,
    "GET /api/v1/posts/{unit:path}/{post}": VIEWER,
    "PUT /api/v1/posts/{unit:path}/{post}": LEADER,
    "DELETE /api/v1/posts/{unit:path}/{post}": LEADER,
    "GET /api/v1/shifts": VIEWER,
    "POST /api/v1/shifts": LEADER,
    "GET /api/v1/shifts/on-duty": VIEWER,
    "GET /api/v1/shifts/{id:int}": VIEWER,
    "PUT /api/v1/shifts/{id:int}": LEADER,
    "DELETE /api/v1/shifts/{id:int}": LEADER,
    "GET /api/v1/roster/history": VIEWER,
    "GET /api/v1/roster/imports": VIEWER,
    "POST /api/v1/roster/imports": LEADER,
    "GET /api/v1/roster/imports/{id}": VIEWER,
    "GET /api/v1/roster/imports/{id}/changes": VIEWER,
    "GET /api/v1/roster/imports/{id}/errors": VIEWER,
    "POST /api/v1/roster/imports/{id}/apply": LEADER,
    "POST /api/v1/roster/imports/{id}/undo": LEADER,
}
# Those that stay open as long as who asked still may.
STREAMS = {"GET /api/v1/stream", "GET /api/v1/alerts/{id}/stream"}
OPEN = {
    "POST /api/v1/session",
    "GET /healthz",
    "GET /metrics",
    "GET /readyz",
    "GET /a/{token}",
    "HEAD /a/{token}",
    "POST /a/{token}",
    "GET /",
    "HEAD /",
    "GET /console",
    "HEAD /console",
    "GET /console/{path:path}",
    "HEAD /console/{path:path}",
    "GET /static/{path:path}",
    "HEAD /static/{path:path}",
}
NAMES = {
    "id": "none",
    "id:path": "none",
    "id:int": "7",
    "unit": "none",
    "unit:path": "none",
    "post": "none",
    "kind": "grafana",
    "name": "none",
}
PLACE = re.compile(r"\{([^}]+)\}")
FORBIDDEN = {"scope_missing"}


def routes(found: Any) -> set[str]:
    """Every method and path of an app or of what it includes."""
    named = set()
    for route in found:
        if isinstance(route, APIRoute):
            named |= {f"{method} {route.path}" for method in route.methods or ()}
        elif hasattr(route, "original_router"):
            named |= routes(route.original_router.routes)
    return named


async def test_every_route_has_been_decided_on(hamlet: Hamlet) -> None:
    found = routes(create_app(hamlet.runtime, lambda: None).routes)
    asked = {one for one in found if not one.split()[1].startswith("/hooks/")}

    assert asked == set(LEAST) | STREAMS | OPEN


@pytest.mark.parametrize("role", OfficerRole)
async def test_a_role_may_what_it_may_and_nothing_else(
    hamlet: Hamlet, role: OfficerRole
) -> None:
    browser = await at_desk(hamlet, "limin", role)
    order = [*OfficerRole]
    wrong = []
    for operation, least in LEAST.items():
        method, path = operation.split()
        again = await Browser(hamlet, browser.cookie, browser.token).ask(
            method, PLACE.sub(lambda place: NAMES[place[1]], path)
        )
        if operation == "DELETE /api/v1/session":
            browser = Browser(hamlet)
            await browser.sign_in("limin")
        refused = again.status_code == 403 and set(codes(again)) <= FORBIDDEN
        if refused != (order.index(role) < order.index(least)):
            wrong.append((operation, again.status_code, again.text))

    assert wrong == []


@pytest.mark.parametrize("operation", sorted(STREAMS))
async def test_no_stream_opens_for_a_stranger(hamlet: Hamlet, operation: str) -> None:
    method, path = operation.split()
    again = await Browser(hamlet).ask(method, path.format(**NAMES))

    assert again.status_code == 401


async def test_an_officer_sends_for_the_house_and_it_is_told_of_him(
    hamlet: Hamlet,
) -> None:
    browser = await at_desk(hamlet, "limin")
    foreign = await browser.ask("POST", "/api/v1/alerts", alert())
    own = await browser.ask("POST", "/api/v1/alerts", alert(sender="desk@jiaoying"))
    await hamlet.launch()
    record = await browser.ask("GET", f"/api/v1/alerts/{own.json()['id']}/record")

    assert (foreign.status_code, codes(foreign)) == (403, ["sender_not_allowed"])
    assert own.status_code == 202
    assert {row["by"] for row in record.json()["rows"]} <= {"limin的称呼", "system"}


async def test_a_new_officer_changes_his_one_time_password(hamlet: Hamlet) -> None:
    boss = await at_desk(hamlet, "boss", ADMINISTRATOR)
    made = await boss.ask(
        "POST", OFFICERS, {"name": "李敏", "role": "officer", "display": "李敏"}
    )
    taken = await boss.ask("POST", OFFICERS, {"name": "李敏", "role": "viewer"})
    bad = await boss.ask("POST", OFFICERS, {"name": "li min", "role": "viewer"})
    signed = await Browser(hamlet).sign_in("李敏", made.json()["password"])

    assert (made.status_code, signed.status_code) == (201, 200)
    assert signed.json()["must_change"] is True
    assert (taken.status_code, codes(taken)) == (409, ["officer_name_taken"])
    assert (bad.status_code, codes(bad)) == (422, ["bad_login_name"])


async def test_who_is_disabled_is_out_at_once_and_his_watch_ends(
    hamlet: Hamlet,
) -> None:
    boss = await at_desk(hamlet, "boss", ADMINISTRATOR)
    browser = await at_desk(hamlet, "limin")
    await browser.ask("PUT", f"{SESSION}/watch", {})
    gone = await boss.ask("DELETE", f"{OFFICERS}/limin")
    out = await browser.ask("GET", SESSION)
    refused = await Browser(hamlet).sign_in("limin")
    back = await boss.ask("PUT", f"{OFFICERS}/limin", {"disabled": False})

    assert (gone.json()["disabled"], gone.json()["watch_since"]) == (True, None)
    assert (out.status_code, refused.status_code) == (401, 401)
    assert back.json()["disabled"] is False
    assert (await browser.ask("GET", SESSION)).status_code == 401
    assert (await Browser(hamlet).sign_in("limin")).status_code == 200


async def test_who_may_only_look_does_not_take_the_watch(hamlet: Hamlet) -> None:
    boss = await at_desk(hamlet, "boss", ADMINISTRATOR)
    browser = await at_desk(hamlet, "limin")
    taken = await browser.ask("PUT", f"{SESSION}/watch", {})
    changed = await boss.ask("PUT", f"{OFFICERS}/limin", {"role": "viewer"})
    again = await browser.ask("PUT", f"{SESSION}/watch", {})

    assert taken.json()["watch"] is not None
    assert changed.json()["watch_since"] is None
    assert (again.status_code, codes(again)) == (403, ["scope_missing"])


async def test_a_role_holds_from_the_next_request_on(hamlet: Hamlet) -> None:
    boss = await at_desk(hamlet, "boss", ADMINISTRATOR)
    browser = await at_desk(hamlet, "limin", LEADER)
    before = await browser.ask("GET", LOG)
    changed = await boss.ask("PUT", f"{OFFICERS}/limin", {"role": "viewer"})

    assert (before.status_code, changed.json()["role"]) == (200, "viewer")
    assert (await browser.ask("GET", LOG)).status_code == 403


@pytest.mark.parametrize(
    ("method", "body"),
    [("DELETE", None), ("PUT", {"role": "leader"}), ("PUT", {"disabled": True})],
)
async def test_the_last_administrator_stays(
    hamlet: Hamlet, method: str, body: object
) -> None:
    boss = await at_desk(hamlet, "boss", ADMINISTRATOR)
    await hire(hamlet, "gone", "administrator", disabled=True)
    refused = await boss.ask(method, f"{OFFICERS}/boss", body)
    await hire(hamlet, "other", "administrator")
    done = await boss.ask(method, f"{OFFICERS}/boss", body)

    assert (refused.status_code, codes(refused)) == (409, ["last_administrator"])
    assert done.status_code == 200


async def test_an_administrator_helps_who_lost_password_or_telephone(
    hamlet: Hamlet,
) -> None:
    boss = await at_desk(hamlet, "boss", ADMINISTRATOR)
    browser = await at_desk(hamlet, "limin")
    await hire(hamlet, "wangwei", totp="A" * 32, totp_on=True)
    reset = await boss.ask("POST", f"{OFFICERS}/limin/password")
    password = reset.json()["password"]
    await boss.ask("DELETE", f"{OFFICERS}/wangwei/totp")

    assert (await browser.ask("GET", SESSION)).status_code == 401
    assert (await Browser(hamlet).sign_in("limin")).status_code == 401
    assert (await Browser(hamlet).sign_in("limin", password)).status_code == 200
    assert (await Browser(hamlet).sign_in("wangwei")).status_code == 200


async def test_a_key_is_shown_once_works_and_ends(hamlet: Hamlet) -> None:
    boss = await at_desk(hamlet, "boss", ADMINISTRATOR)
    body = {"name": "new", "scopes": ["alerts:read"]}
    key = (await boss.ask("POST", KEYS, body)).json()["key"]
    taken = await boss.ask("POST", KEYS, body)
    scopes = ["all", "alerts:write"]
    wrong = await boss.ask("POST", KEYS, {"name": "x", "scopes": scopes})
    head = {"Authorization": f"Bearer {key}"}
    works = await hamlet.http.get("/api/v1/alerts", headers=head)
    listed = await boss.ask("GET", KEYS)
    ended = await boss.ask("DELETE", f"{KEYS}/new")
    dead = await hamlet.http.get("/api/v1/alerts", headers=head)

    assert (works.status_code, ended.status_code, dead.status_code) == (200, 204, 401)
    assert codes(taken) == ["key_name_taken"]
    assert codes(wrong) == ["unknown_value", "senders_needed"]
    assert key not in listed.text
    assert "new" in [one["name"] for one in listed.json()["items"]]


async def test_the_log_tells_the_newest_first_of_whom_and_what(hamlet: Hamlet) -> None:
    boss = await at_desk(hamlet, "boss", ADMINISTRATOR)
    await hire(hamlet, "limin")
    await boss.ask("PUT", f"{OFFICERS}/limin", {"role": "leader"})
    await boss.ask("POST", KEYS, {"name": "new", "scopes": ["alerts:read"]})
    browser = Browser(hamlet)
    await browser.sign_in("limin")
    await browser.ask("PUT", f"{SESSION}/watch", {"note": "夜班"})
    told = (await browser.ask("GET", LOG)).json()["items"]
    first = (await browser.ask("GET", f"{LOG}?limit=2")).json()
    rest = (await browser.ask("GET", f"{LOG}?limit=2&cursor={first['cursor']}")).json()
    his = (await browser.ask("GET", f"{LOG}?by=user:limin")).json()["items"]
    keys = (await browser.ask("GET", f"{LOG}?kind=key_made")).json()["items"]

    assert [one["kind"] for one in told] == [
        "watch_begun",
        "key_made",
        "officer_changed",
    ]
    assert told[0]["by_name"] == "limin的称呼"
    assert told[0]["about"] == {"note": "夜班"}
    assert told[2]["about"] == {"officer": "limin", "what": "edited", "role": "leader"}
    assert [*first["items"], *rest["items"]] == told
    assert (his, keys) == ([told[0]], [told[1]])


async def test_the_log_is_asked_for_a_span_and_tells_how_far_it_is_sealed(
    hamlet: Hamlet,
) -> None:
    boss = await at_desk(hamlet, "boss", ADMINISTRATOR)
    unsealed = (await boss.ask("GET", LOG)).json()["sealed"]
    moments = []
    for minutes, name in enumerate(("first", "second", "third")):
        hamlet.clock.move_to(NOON + timedelta(minutes=minutes))
        moments.append(hamlet.clock.now().isoformat().replace("+", "%2B"))
        await boss.ask("POST", OFFICERS, {"name": name, "role": "viewer"})
    await hamlet.runtime.engine.sealer.seal()
    span = f"{LOG}?from={moments[1]}&to={moments[2]}"
    found = (await boss.ask("GET", span)).json()
    bad = await boss.ask("GET", f"{LOG}?from=yesterday")

    assert unsealed is None
    assert [one["about"]["officer"] for one in found["items"]] == ["second"]
    assert found["sealed"] == {"n": 3, "at": "2026-07-12T04:02:00Z"}
    assert bad.status_code == 422


async def test_somebody_of_the_roster_is_no_officer(hamlet: Hamlet) -> None:
    answer = await Browser(hamlet).sign_in("王建国1", PASSWORD)

    assert (answer.status_code, codes(answer)) == (401, ["sign_in_failed"])


async def test_a_key_administers_with_the_scope_only(hamlet: Hamlet) -> None:
    boss = await at_desk(hamlet, "boss", ADMINISTRATOR)
    body = {"name": "new", "scopes": ["admin"]}
    key = (await boss.ask("POST", KEYS, body)).json()["key"]
    without = await hamlet.get(OFFICERS)
    head = {"Authorization": f"Bearer {key}"}
    answer = await hamlet.http.get(OFFICERS, headers=head)

    assert (without.status_code, codes(without)) == (403, ["scope_missing"])
    assert [one["name"] for one in answer.json()["items"]] == ["boss"]

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from dispatcher.api.auth import Scope
from tests.api.hamlet import Hamlet, codes

API = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
ROW = re.compile(
    r"^\| (GET|POST|PUT|DELETE) \| `(/\S+)` \| (.+?) \| ([\d ]+) \|$", re.MULTILINE
)
TABLE = {
    (method, path): (scope.strip("`"), {int(status) for status in statuses.split()})
    for method, path, scope, statuses in ROW.findall(API)
}
PUBLIC = {
    ("POST", "/api/v1/session"),
    ("POST", "/hooks/{channel}/sms/reply"),
    ("POST", "/hooks/{channel}/sms/status"),
    ("POST", "/hooks/{channel}/voice/answer"),
    ("POST", "/hooks/{channel}/voice/keys"),
    ("POST", "/hooks/{channel}/voice/inbound"),
    ("POST", "/hooks/{channel}/voice/status"),
    ("GET", "/hooks/{channel}/event"),
    ("POST", "/hooks/{channel}/event"),
    ("GET", "/healthz"),
    ("GET", "/metrics"),
    ("GET", "/readyz"),
    ("GET", "/openapi.json"),
}
NAMES = {
    "id": "1",
    "unit": "none",
    "kind": "grafana",
    "post": "grid_lead",
    "name": "none",
}
SCOPES = re.search(r"^- Scopes: ([^.]+)\.$", API, re.MULTILINE)


async def page(hamlet: Hamlet) -> dict[tuple[str, str], dict[str, Any]]:
    """Give every operation of the OpenAPI page; the page itself is not on it."""
    found = (await hamlet.http.get("/openapi.json")).json()
    return {
        (method.upper(), path): operation
        for path, operations in found["paths"].items()
        for method, operation in operations.items()
    }


async def test_the_page_and_our_documentation_name_the_same_routes(
    hamlet: Hamlet,
) -> None:
    assert {*await page(hamlet), ("GET", "/openapi.json")} == set(TABLE)


async def test_the_page_and_our_documentation_name_the_same_answers(
    hamlet: Hamlet,
) -> None:
    shown = {
        name: {int(status) for status in operation["responses"] if status.isdecimal()}
        for name, operation in (await page(hamlet)).items()
    }

    assert shown == {
        name: statuses
        for name, (_, statuses) in TABLE.items()
        if name != ("GET", "/openapi.json")
    }


async def test_only_the_public_routes_need_no_key(hamlet: Hamlet) -> None:
    locked = {name for name, op in (await page(hamlet)).items() if "security" in op}

    assert locked == set(TABLE) - PUBLIC


@pytest.mark.parametrize(("method", "path"), sorted(set(TABLE) - PUBLIC))
async def test_without_a_key_nothing_is_told(
    hamlet: Hamlet, method: str, path: str
) -> None:
    answer = await hamlet.http.request(method, path.format(**NAMES))

    assert (answer.status_code, codes(answer)) == (401, ["no_valid_key"])


@pytest.mark.parametrize(("method", "path"), sorted(set(TABLE) - PUBLIC))
async def test_a_key_without_the_scope_is_told_which_it_lacks(
    hamlet: Hamlet, method: str, path: str
) -> None:
    scope, _ = TABLE[method, path]
    headers = {"Authorization": "Bearer key-of-idle"}
    answer = await hamlet.http.request(method, path.format(**NAMES), headers=headers)

    if scope == "officer":
        assert (answer.status_code, codes(answer)) == (403, ["officer_expected"])
        return
    assert (answer.status_code, codes(answer)) == (403, ["scope_missing"])
    assert scope in answer.json()["detail"]


def test_our_documentation_lists_every_scope() -> None:
    listed = re.findall(r"`([\w:]+)`", SCOPES.group(1)) if SCOPES else []

    assert listed == [scope.value for scope in Scope]


async def test_the_bodies_we_read_are_described(hamlet: Hamlet) -> None:
    found = (await hamlet.http.get("/openapi.json")).json()

    assert {
        "AlertForm",
        "AreaForm",
        "CancelForm",
        "RenewForm",
        "AnswerForm",
        "UnitForm",
        "NewUnitForm",
        "PersonForm",
        "PostForm",
        "NewHolderForm",
        "EraseForm",
        "RotationForm",
        "SwapForm",
        "Problem",
    } <= set(found["components"]["schemas"])
    assert '"$ref": "#/$defs' not in str(found)

"""Whatever the page of our API allows, and what it forbids, is answered as it says.

Schemathesis reads the page and knocks at every operation: with examples, at the bounds
of each field, and at random. What it finds is found again: nothing here is by chance.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation.hypothesis.builder import (
    HypothesisTestConfig,
    HypothesisTestMode,
    create_test,
)
from schemathesis.specs.openapi import checks
from twilio.request_validator import RequestValidator

from dispatcher.api.body import CAP, JSON
from tests.api.hamlet import NOON, PUBLIC, TOKEN, VILLAGE, alert
from tests.api.served import MASTER, Served, served
from tests.api.test_openapi import TABLE
from tests.intake import alarms, documents
from tests.intake.spoiling import altered, spoilt

ALERTS = "/api/v1/alerts"
LATER = "2026-07-14T12:00:00+08:00"
OWN = "/openapi.json"
GOLDEN = Path(__file__).parents[1] / "intake" / "golden" / "cn12379"
SOUND = [
    documents.CAP.encode(),
    documents.CN.encode(),
    *(file.read_bytes() for file in sorted(GOLDEN.glob("*.xml"))),
]
XML = st.sampled_from(SOUND) | spoilt(SOUND) | altered(SOUND)
schemathesis.openapi.media_type(CAP, XML)
schemathesis.openapi.media_type("application/xml", XML)

KNOCKS = settings(
    max_examples=int(os.environ.get("KNOCKS", "20")),
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[*HealthCheck],
)
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.ignored_auth,
    checks.unsupported_method,
]
TOO_LARGE = "413"


def negative_data_rejection(context: Any, response: Any, case: Any) -> bool | None:
    """Wrong data is refused; a list or an object in an address is written as texts."""
    written = any(isinstance(one, dict | list) for one in (case.query or {}).values())
    if written:
        return None
    return checks.negative_data_rejection(context, response, case)


STRICT = [*CHECKS, negative_data_rejection]

# The link page is for people, so the page of the API leaves it out.
LINK = "/a/{token}"
SHOWN, PRESSED = (200, 404, 410, 429, 503), (303, 400, 404, 410, 413, 422, 429, 503)
FORM = "application/x-www-form-urlencoded"
PRESS = {
    "answer": ["mine", "help", "figures", "relay", "not_me"],
    "people": ["35", "many", "999999"],
    "last4": ["0001", "9999"],
}
CALLBACK = {
    "MessageSid": ["SM1"],
    "MessageStatus": ["delivered", "failed", "queued"],
    "SmsStatus": ["received"],
    "From": ["+99913800000001"],
    "Body": ["1", "收到"],
    "CallSid": ["CA1"],
    "CallStatus": ["in-progress", "completed", "busy"],
    "Digits": ["1", "35#"],
    "Direction": ["inbound"],
}
DESCRIBED = {"name": "李卫民", "numbers": [{"value": "+99913900000001"}]}
OVERRIDE = {
    "type": "override",
    "unit": VILLAGE,
    "post": "village_head",
    "people": ["p1"],
    "begins": "2026-07-12T08:30:00+08:00",
    "ends": "2026-07-13T08:30:00+08:00",
}
DONE = {200, 201, 202, 204, 303}
SEALED = {"/hooks/{channel}/event"}  # nobody here can seal what WeCom seals
SOUND_BODIES = {
    (ALERTS, JSON): alert(identifier="from-the-page"),
    ("/api/v1/alerts/{id}/renew", JSON): {"reason": "雨还在下", "expires": LATER},
    ("/api/v1/callouts/{id}/answers", JSON): {
        "person": "p1",
        "meaning": "received",
        "how": "phone",
        "at": NOON.isoformat(),
        "figures": {"people": 35},
    },
    ("/api/v1/callouts/{id}/feedback", JSON): {
        "figures": {"people": 35},
        "at": NOON.isoformat(),
    },
    ("/api/v1/units", JSON): {
        "id": f"{VILLAGE}009",
        "kind": "grid",
        "name": "河湾网格",
        "parent": VILLAGE,
    },
    ("/api/v1/units/{id}", JSON): {"name": "东沟网格", "parent": VILLAGE},
    ("/api/v1/people", JSON): DESCRIBED,
    ("/api/v1/people/{id}", JSON): DESCRIBED,
    ("/api/v1/people/{id}/erase", JSON): {"reason": "离任"},
    ("/api/v1/posts", JSON): {
        "unit": VILLAGE,
        "post": "village_duty",
        "person": "p8",
    },
    ("/api/v1/posts/{unit}/{post}", JSON): {"holders": [{"person": "p8"}]},
    ("/api/v1/shifts", JSON): OVERRIDE,
    ("/api/v1/shifts/{id}", JSON): OVERRIDE,
    ("/api/v1/texts/preview", JSON): alert(),
    ("/api/v1/inbox/{id}", JSON): {"action": "dismiss", "note": "已看"},
    ("/api/v1/alerts/{id}/approve", JSON): {"reason": "已核实", "units": [VILLAGE]},
    ("/api/v1/alerts/{id}/reject", JSON): {"reason": "误报"},
    ("/api/v1/monitors/{kind}", JSON): alarms.group(alarms.alarm()),
    ("/api/v1/officers", JSON): {"name": "wangwei", "role": "officer"},
    ("/api/v1/keys", JSON): {"name": "k2", "scopes": ["alerts:read"]},
    (LINK, FORM): {"answer": "mine", "people": "35"},
}
# What is an officer's alone is no matter of keys: tests/api/test_session.py and
# test_own.py, and tests/stories/test_trial.py.
TRIALS = "/api/v1/channels/{name}/test"
SESSIONS = {name for name in TABLE if name[1].startswith(("/api/v1/session", TRIALS))}
PAGES = {("GET", LINK), ("POST", LINK)}
OPERATIONS = sorted({*TABLE, *PAGES} - {("GET", OWN)} - SESSIONS)


@pytest.fixture
def county() -> Iterator[Served]:
    with served() as county:
        yield county


def told(county: Served) -> dict[str, Any]:
    """Give the page, bound to what is said: no answer but those it names by status.

    Names of the county stand in it as examples.
    """
    said = copy.deepcopy(county.page)
    said["paths"][LINK] = {
        "get": for_people(SHOWN),
        "post": for_people(PRESSED) | form_of(PRESS),
    }
    for path, operations in said["paths"].items():
        for operation in operations.values():
            operation["responses"].pop("default", None)
            if path != LINK and FORM in str(operation.get("requestBody")):
                operation.update(form_of(CALLBACK))
            for parameter in operation.get("parameters", ()):
                name_some(parameter, path, county)
    for (path, kind), example in SOUND_BODIES.items():
        operations = said["paths"][path]
        asked = operations.get("put") or operations["post"]
        content = asked["requestBody"]["content"]
        content[kind]["examples"] = {"sound": {"value": example}}
    return said


def for_people(statuses: Iterable[int]) -> dict[str, Any]:
    token = {"name": "token", "in": "path", "required": True}
    return {
        "parameters": [token | {"schema": {"type": "string"}}],
        "responses": {str(status): {"description": "a page"} for status in statuses},
    }


def form_of(fields: Mapping[str, list[str]]) -> dict[str, Any]:
    """Give a form in which these fields often say something that is known."""
    text = {"type": "string"}
    some = {name: {"anyOf": [{"enum": known}, text]} for name, known in fields.items()}
    form = {
        "type": "object",
        "properties": some,
        "required": [next(iter(fields))],
        "additionalProperties": text,
    }
    return {"requestBody": {"content": {FORM: {"schema": form}}}}


def name_some(parameter: dict[str, Any], path: str, county: Served) -> None:
    """Let a parameter sometimes name what there is."""
    for (begin, name), known in county.known.items():
        if path.startswith(begin) and parameter["name"] == name:
            parameter["examples"] = {one: {"value": one} for one in known}
            parameter["schema"] = {"anyOf": [{"enum": known}, parameter["schema"]]}


def signed(request: Any) -> Any:
    """Sign a request as the provider of our channels does."""
    body = request.body or ""
    body = body.decode() if isinstance(body, bytes) else body
    form = dict(parse_qsl(body, keep_blank_values=True))
    own = RequestValidator(TOKEN).compute_signature(PUBLIC + request.path_url, form)
    request.headers["X-Twilio-Signature"] = own
    return request


def knocked(county: Served, said: dict[str, Any], method: str, path: str) -> set[int]:
    """Knock at an operation in every way; give the statuses that it answered with."""
    seen: set[int] = set()
    hooked = path.startswith("/hooks/")

    def holds(case: schemathesis.Case[Any]) -> None:
        county.tick()
        answer = case.call_and_validate(
            base_url=county.url,
            headers={} if hooked else {"Authorization": f"Bearer {MASTER}"},
            checks=CHECKS if hooked or path == LINK else STRICT,
            auth=signed if hooked else None,
            allow_redirects=False,
        )
        seen.add(answer.status_code)

    page = schemathesis.openapi.from_dict(said)
    refused = page.config.checks.negative_data_rejection
    refused.expected_statuses = [*refused.expected_statuses, TOO_LARGE]
    whole = HypothesisTestConfig(
        project=page.config, modes=[*HypothesisTestMode], settings=KNOCKS
    )
    create_test(operation=page[path][method], test_func=holds, config=whole)()
    return seen


@pytest.mark.timeout(180)
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_operation_answers_as_its_page_says(
    county: Served, method: str, path: str
) -> None:
    seen = knocked(county, told(county), method, path)

    assert seen & DONE or path in SEALED, "nothing got past the door"


@pytest.mark.timeout(180)
def test_documents_are_answered_as_the_page_says(county: Served) -> None:
    said = told(county)
    del said["paths"][ALERTS]["post"]["requestBody"]["content"][JSON]
    seen = knocked(county, said, "POST", ALERTS)

    assert {202, 400, 422} <= seen

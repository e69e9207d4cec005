"""Signed CAP by HTTP: certificates of the settings decide who is believed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from cryptography.hazmat.primitives.asymmetric import ec

from config.settings import Intake
from tests.api.conftest import opened
from tests.api.hamlet import SETTINGS, Hamlet, alert, codes
from tests.api.test_dialects import cap, post
from tests.intake.documents import swap
from tests.intake.signing import Centre, centre, founded

OURS = centre()
ENDED = datetime(2026, 7, 1, tzinfo=UTC)  # ten days before the alert
LATE = founded("迟换证书的台", ec.generate_private_key(ec.SECP256R1()), ends=ENDED)


@pytest.fixture
async def hamlet(tmp_path: Path) -> AsyncIterator[Hamlet]:
    """The hamlet, where a rain gauge signs what it sends."""
    files = []
    for name, signer in {"ours.pem": OURS, "late.pem": LATE}.items():
        files.append(tmp_path / name)
        files[-1].write_bytes(signer.pem)
    system = SETTINGS.intake.code_system
    intake = Intake(code_system=system, certificates={"rain-*@chengxi": files})
    async with opened(SETTINGS.model_copy(update={"intake": intake})) as found:
        yield found


def signed(signer: Centre = OURS) -> str:
    return signer.sign(cap().partition("?>\n")[2])


async def test_a_signed_alert_calls_the_units_it_names(hamlet: Hamlet) -> None:
    with structlog.testing.capture_logs() as logs:
        answer = await post(hamlet, signed())

    assert (answer.status_code, answer.json()["state"]) == (202, "active")
    assert [line for line in logs if line["log_level"] == "warning"] == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param(cap(), "signature_missing", id="unsigned"),
        pytest.param(signed(centre("stranger")), "signature_wrong", id="stranger"),
        pytest.param(
            swap((">Alert<", ">Update<"))(signed()), "signature_wrong", id="changed"
        ),
    ],
)
async def test_what_nobody_can_believe_is_refused_and_leaves_no_trace(
    hamlet: Hamlet, body: str, code: str
) -> None:
    with structlog.testing.capture_logs() as logs:
        answer = await post(hamlet, body, Accept_Language="en")

    assert (answer.status_code, codes(answer)) == (403, [code])
    assert "rain-gauge-7@chengxi" in answer.json()["detail"]
    assert [(line["event"], line["code"]) for line in logs if "code" in line] == [
        ("intake.signature.refused", code)
    ]
    assert await hamlet.kept() == (0, 0, 0)


async def test_a_certificate_that_ran_out_is_told_to_the_operator(
    hamlet: Hamlet,
) -> None:
    with structlog.testing.capture_logs() as logs:
        answer = await post(hamlet, signed(LATE))
    warnings = [line for line in logs if line["log_level"] == "warning"]

    assert answer.status_code == 202
    assert [(line["event"], line["ends"]) for line in warnings] == [
        ("intake.certificate.out_of_date", ENDED.isoformat())
    ]


async def test_json_of_one_who_signs_is_a_matter_of_keys(hamlet: Hamlet) -> None:
    assert (await hamlet.send(alert())).status_code == 202

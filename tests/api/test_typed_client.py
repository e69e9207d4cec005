from __future__ import annotations

import os
from pathlib import Path

import anyio

from hatch_build import PATH
from tests.api.hamlet import Hamlet
from tests.console.desk import WEB, need

GENERATOR = WEB / "node_modules" / ".bin" / "openapi-typescript"
TYPES = WEB / "src" / "api" / "schema.d.ts"


async def test_the_typed_client_is_made_from_our_openapi_page(
    hamlet: Hamlet, tmp_path: Path
) -> None:
    need(GENERATOR)
    page = await hamlet.http.get("/openapi.json")
    asked, made = tmp_path / "openapi.json", tmp_path / "schema.d.ts"
    asked.write_bytes(page.content)

    await anyio.run_process(
        [str(GENERATOR), str(asked), "--output", str(made)],
        env=os.environ | {"PATH": PATH},
    )

    assert made.read_text() == TYPES.read_text(), (
        f"the API has changed: write {TYPES} anew, see CONTRIBUTING.md"
    )

"""Options that many commands have, and how each says its result."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

CONFIG_VARIABLE = "JIAOYING_CONFIG"

Config = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="FILE", help="配置文件;或环境变量 JIAOYING_CONFIG"
    ),
]
Json = Annotated[bool, typer.Option("--json", help="标准输出只有一个 JSON 对象")]


def shown(result: Mapping[str, object], words: str, *, as_json: bool) -> None:
    """Print a result on stdout: for people, or as one line of JSON."""
    text = json.dumps(result, ensure_ascii=False) if as_json else words
    sys.stdout.write(f"{text}\n")

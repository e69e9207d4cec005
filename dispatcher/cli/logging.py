"""Logs: one JSON object a line on stderr, without telephone numbers."""

from __future__ import annotations

import logging
import sys
from typing import cast

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from contacts.numbers import only_last_four

TALKATIVE = ("httpx", "httpcore", "uvicorn.access", "apscheduler", "alembic")


def set_up() -> None:
    """Send our logs and those of every library the same way."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        masked,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def masked(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Hide whatever looks like a telephone number, at any depth."""
    return cast("EventDict", _hidden(event))


def _hidden(value: object) -> object:
    match value:
        case str():
            return only_last_four(value)
        case dict():
            return {
                key: one if str(key).startswith("_") else _hidden(one)
                for key, one in value.items()
            }
        case list() | tuple():
            return [_hidden(one) for one in value]
        case int() | float() | bool() | None:
            return value
        case _:
            return _hidden(str(value))

"""What all tests share: plain tracebacks in the log.

structlog draws them with rich where that is installed, with every local variable; a
test that lets things fail a hundred times would spend its time on that.
"""

from __future__ import annotations

import structlog


def pytest_configure() -> None:
    renderer = structlog.dev.ConsoleRenderer(
        exception_formatter=structlog.dev.plain_traceback
    )
    processors = structlog.get_config()["processors"]
    structlog.configure(processors=[*processors[:-1], renderer])

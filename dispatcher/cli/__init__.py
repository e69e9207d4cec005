"""The command line, where everything is put together."""

from __future__ import annotations

from dispatcher.cli.app import main

__all__ = ["main"]

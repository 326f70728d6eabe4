"""Loads the shared test support for every suite, so that plain `pytest server/tests` has it too."""

from __future__ import annotations

pytest_plugins = ["tests.support.plugin", "tests.support.blocking"]

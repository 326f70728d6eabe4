"""Loads the shared test support for every suite, so that plain `pytest server/tests` has it too."""

from __future__ import annotations

from hypothesis import settings

pytest_plugins = ["tests.support.plugin", "tests.support.blocking"]

# How long an example takes says more of the machine than of the code; pytest-timeout ends what hangs.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

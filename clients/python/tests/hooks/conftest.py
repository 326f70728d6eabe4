"""Fixtures of the hook runner's tests."""

from __future__ import annotations

from pathlib import Path

import hypothesis
import pytest
from mnemos.hooks.settings import HookSettings
from mnemos.hooks.state import State

# A test that shares two cores with others isn't wrong for being slow.
hypothesis.settings.register_profile("shared cores", deadline=None)
hypothesis.settings.load_profile("shared cores")


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path / "state")


@pytest.fixture
def settings() -> HookSettings:
    return HookSettings("http://127.0.0.1:9", "key", "tester", 500, 3)

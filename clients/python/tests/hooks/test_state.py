from __future__ import annotations

from pathlib import Path

import pytest
from mnemos.hooks import state as state_module
from mnemos.hooks.state import find_state_folder


@pytest.mark.parametrize(
    ("environment", "platform", "folder"),
    [
        ({"HOME": "/h"}, "linux", "/h/.local/state/mnemos"),
        ({"HOME": "/h", "XDG_STATE_HOME": "/x"}, "linux", "/x/mnemos"),
        ({"HOME": "/h", "XDG_STATE_HOME": "relative"}, "linux", "/h/.local/state/mnemos"),
        ({"HOME": "/h"}, "darwin", "/h/Library/Application Support/mnemos/state"),
        ({"USERPROFILE": "/h", "LOCALAPPDATA": "/l"}, "win32", "/l/mnemos/state"),
    ],
)
def test_state_lies_where_the_platform_keeps_it(environment, platform, folder) -> None:
    assert find_state_folder(environment, platform) == Path(folder)


def test_the_log_is_bounded(state, monkeypatch) -> None:
    monkeypatch.setattr(state_module, "MAX_LOG_BYTES", 1000)
    for number in range(100):
        state.log(f"line {number}")

    files = list((state.folder / "log").iterdir())
    assert len(files) == 2
    assert all(file.stat().st_size < 1100 for file in files)


def test_a_lock_is_held_by_one_and_free_afterwards(state) -> None:
    with state.lock("x", 0.0) as first, state.lock("x", 0.02) as second:
        assert (first, second) == (True, False)
    with state.lock("x", 0.0) as third:
        assert third

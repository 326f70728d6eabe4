"""A blocking call of our code on the event loop fails the test that made it."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import pytest
from blockbuster import BlockBuster, blockbuster_ctx

OUR_PACKAGES = ("mnemos_redaction", "mnemos_contract", "mnemo_server", "mnemos")


@pytest.fixture(scope="session", autouse=True)
def event_loop_guard() -> Iterator[BlockBuster]:
    """Raise `BlockingError` where a call that started in our packages blocks a running event loop.

    Threads have no running loop, so SQLite's own threads and executors stay free to block.
    """
    installed = [package for package in OUR_PACKAGES if find_spec(package)]
    with blockbuster_ctx(installed) as guard:
        yield guard

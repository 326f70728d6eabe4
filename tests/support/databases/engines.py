"""The two databases that the API and end-to-end suites run on, named in test ids."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.databases.launchers import find_launchers
from tests.support.databases.livedb import GIVEN_DSN
from tests.support.plugin import fresh_database

SQLITE = "sqlite"
LIVE = "live"


def name_live_engine(environment: Mapping[str, str] = os.environ) -> str:
    """Return `tidb`, `mariadb` or `mysql`, whichever this run is going to use, or `live` for none."""
    if given := environment.get(GIVEN_DSN):
        return urlsplit(given).scheme
    titles = [launcher.title.lower() for launcher in find_launchers(environment)]
    return next((name for title in titles for name in ("tidb", "mariadb") if name in title), LIVE)


#: Values for a parametrized fixture; their ids name the engine.
ENGINES = (pytest.param(SQLITE, id=SQLITE), pytest.param(LIVE, id=name_live_engine()))
#: The live database alone, for tests that can't use a file.
LIVE_ONLY = (pytest.param(LIVE, id=name_live_engine()),)


@contextmanager
def empty_database(engine: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """Yield the DSN of an empty database; skip where there is no live one."""
    if engine == SQLITE:
        yield f"sqlite:///{folder / 'memories.db'}"
        return
    with fresh_database(request.getfixturevalue("live_server")) as dsn:
        yield dsn

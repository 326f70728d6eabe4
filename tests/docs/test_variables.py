"""Prefixes of server settings and client variables differ by one letter; typos are noticed all the same."""

from __future__ import annotations

from mnemo_server.cli import unknown_variables
from mnemo_server.settings import Settings
from mnemos import variables
from mnemos.address import DEFAULT_URL


def test_the_server_listens_where_the_client_looks_by_default() -> None:
    host, port = (Settings.model_fields[name].default for name in ("host", "port"))
    assert f"http://{host}:{port}" == DEFAULT_URL


def test_both_sides_know_which_names_they_share() -> None:
    server = {name.upper() for name in Settings.model_fields}
    client = {variable.name.partition("_")[2] for variable in variables.VARIABLES}
    assert server & client == set(variables.SHARED_NAMES) == set(unknown_variables.SHARED_NAMES)


def test_neither_side_takes_a_name_of_the_other_for_a_typo() -> None:
    server = [f"MNEMO_{name.upper()}" for name in Settings.model_fields]
    client = [variable.name for variable in variables.VARIABLES]
    assert unknown_variables.describe_unknown(client) == []
    assert variables.find_unknown(server) == ()

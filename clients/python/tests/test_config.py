"""Where the client learns the server's address."""

from __future__ import annotations

import pytest
from mnemos.config import DEFAULT_URL, BadAddress, ServerAddress, read_address, read_agent_id


def test_without_variables_the_server_is_the_one_on_this_machine():
    assert read_address({}) == ServerAddress(DEFAULT_URL, "")
    assert read_agent_id({}) == ""


def test_the_first_variable_that_is_not_blank_counts():
    environ = {
        "MEM9_API_URL": " ",
        "CLAUDE_PLUGIN_OPTION_API_URL": "https://m.example/",
        "MEM9_TENANT_ID": "k",
    }
    assert read_address(environ) == ServerAddress("https://m.example", "k")


def test_what_is_given_outright_goes_before_the_environment():
    environ = {"MEM9_API_URL": "http://other", "MEM9_API_KEY": "other"}
    assert read_address(environ, url="http://this", api_key="") == ServerAddress("http://this", "")


def test_an_address_without_a_scheme_is_refused_with_an_example():
    with pytest.raises(BadAddress, match=r"'localhost:7077' is no server address; it looks like http://127"):
        ServerAddress("localhost:7077")


@pytest.mark.parametrize("key", ["two words", "línea", "a\nb"])
def test_a_key_that_no_header_can_carry_is_refused_without_being_shown(key):
    with pytest.raises(BadAddress) as caught:
        ServerAddress("http://localhost", key)
    assert key not in str(caught.value)


def test_the_key_is_not_in_the_repr():
    assert repr(ServerAddress("http://h", "secret")) == "ServerAddress(url='http://h', api_key='***')"

"""Where the client finds the server's address, and where it never sends a key."""

from __future__ import annotations

import json

import pytest
from mnemos.address import DEFAULT_URL, BadAddress, ServerAddress
from mnemos.config import read_address, read_agent_id, trace_address

WORK = {"url": "https://work.example", "api_key": "mnk_work"}
HOME = {"url": "http://home.example:8080", "api_key": "mnk_home"}


@pytest.fixture
def environ(tmp_path):
    """An environment with two profiles, of which `work` counts."""
    folder = tmp_path / "config" / "mnemos"
    folder.mkdir(parents=True)
    path = folder / "credentials.json"
    path.write_text(json.dumps({"default": "work", "profiles": {"work": WORK, "home": HOME}}))
    path.chmod(0o600)
    return {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}


@pytest.fixture
def bare(tmp_path):
    """An environment without anything."""
    return {"HOME": str(tmp_path)}


def test_without_anything_the_server_is_the_one_on_this_machine(bare):
    assert read_address(bare) == ServerAddress(DEFAULT_URL, "")
    assert read_agent_id(bare) == ""


def test_the_first_variable_that_is_not_blank_counts(bare):
    variables = {"MEM9_API_URL": "https://m.example/", "MEM9_API_KEY": " ", "MEM9_TENANT_ID": "k"}
    assert read_address(bare | variables) == ServerAddress("https://m.example", "k")


def test_what_a_host_had_no_value_for_is_nothing(environ):
    variables = {
        "CLAUDE_PLUGIN_OPTION_API_URL": "${user_config.api_url}",
        "CLAUDE_PLUGIN_OPTION_API_KEY": "${user_config.api_key}",
    }
    assert read_address(environ | variables) == ServerAddress(**WORK)


def test_what_is_given_outright_goes_before_the_environment(environ):
    variables = {"MEM9_API_URL": "http://other", "MEM9_API_KEY": "other"}
    assert read_address(environ | variables, url="http://this", api_key="") == ServerAddress(
        "http://this", ""
    )


@pytest.mark.parametrize(
    ("variables", "url", "key"),
    [
        ({}, "https://work.example", "mnk_work"),
        ({"MNEMOS_PROFILE": "home"}, "http://home.example:8080", "mnk_home"),
        ({"MEM9_API_URL": "http://a", "MEM9_API_KEY": "k"}, "http://a", "k"),
        ({"CLAUDE_PLUGIN_OPTION_API_URL": "http://p", "CLAUDE_PLUGIN_OPTION_API_KEY": "p"}, "http://p", "p"),
        ({"MNEMOS_PLUGIN_API_URL": "http://p", "MNEMOS_PLUGIN_API_KEY": "p"}, "http://p", "p"),
        (
            {"MEM9_API_URL": "http://a", "MEM9_API_KEY": "k", "CLAUDE_PLUGIN_OPTION_API_KEY": "p"},
            "http://a",
            "k",
        ),
    ],
)
def test_environment_then_plugin_then_profile(environ, variables, url, key):
    assert read_address(environ | variables) == ServerAddress(url, key)


def test_a_profile_that_is_given_goes_before_the_environment(environ):
    variables = {"MEM9_API_URL": "http://a", "MEM9_API_KEY": "k", "MNEMOS_PROFILE": "work"}
    assert read_address(environ | variables, profile="home") == ServerAddress(**HOME)


@pytest.mark.parametrize(
    "variables",
    [
        {"MEM9_API_URL": "http://elsewhere"},
        {"CLAUDE_PLUGIN_OPTION_API_URL": "http://elsewhere"},
        {"CLAUDE_PLUGIN_OPTION_API_URL": "http://elsewhere", "MNEMOS_PROFILE": "home"},
        {"MNEMOS_PLUGIN_API_URL": "http://elsewhere", "CLAUDE_PLUGIN_OPTION_API_KEY": ""},
        {"MEM9_API_URL": "https://work.example:8443"},
        {"MEM9_API_URL": "http://work.example"},
    ],
)
def test_a_key_of_the_file_is_not_sent_to_another_address(environ, variables):
    origin = trace_address(environ | variables)
    assert origin.address.api_key == ""
    assert origin.withheld.startswith("profile ")


def test_a_key_of_the_environment_is_not_sent_to_an_address_from_elsewhere(environ):
    bound = environ | {"MEM9_API_URL": "http://a", "MEM9_API_KEY": "k"}
    assert read_address(bound, url="http://b").api_key == ""
    assert read_address(bound, url="http://a/").api_key == "k"
    free = environ | {"MEM9_API_KEY": "k"}
    assert read_address(free, url="http://b").api_key == "k"
    assert read_address(free) == ServerAddress(DEFAULT_URL, "k")
    project = {"CLAUDE_PLUGIN_OPTION_API_URL": "http://project", "MEM9_API_KEY": "k"}
    assert read_address(environ | project) == ServerAddress(DEFAULT_URL, "k")


@pytest.mark.parametrize("url", ["https://work.example/", "HTTPS://Work.Example", "https://work.example:443"])
def test_the_same_address_written_otherwise_is_the_same(environ, url):
    assert read_address(environ | {"MEM9_API_URL": url}).api_key == "mnk_work"
    assert read_address(environ, url=url).api_key == "mnk_work"


def test_what_said_address_and_key_is_told(environ):
    origin = trace_address(environ | {"MEM9_API_URL": "https://work.example"})
    assert (origin.url_from, origin.key_from) == ("MEM9_API_URL", "profile 'work'")
    assert trace_address(environ | {"MEM9_TENANT_ID": "k"}).url_from == "the default"


def test_a_file_that_is_not_needed_is_not_read(environ, tmp_path):
    (tmp_path / "config" / "mnemos" / "credentials.json").write_text("damaged")
    variables = {"MEM9_API_URL": "http://a", "MEM9_API_KEY": "k"}
    assert read_address(environ | variables).url == "http://a"


def test_an_address_without_a_scheme_is_refused_with_an_example():
    with pytest.raises(
        BadAddress, match=r"'localhost:8080' isn't a server address; use one such as http://127"
    ):
        ServerAddress("localhost:8080")


@pytest.mark.parametrize("key", ["two words", "línea", "a\nb"])
def test_a_key_that_no_header_can_carry_is_refused_without_being_shown(key):
    with pytest.raises(BadAddress) as caught:
        ServerAddress("http://localhost", key)
    assert key not in str(caught.value)


def test_the_key_is_not_in_the_repr():
    assert repr(ServerAddress("http://h", "secret")) == "ServerAddress(url='http://h', api_key='***')"


def test_a_key_that_is_given_alone_goes_to_the_address_of_the_environment(environ):
    assert read_address(environ | {"MEM9_API_URL": "http://a"}, api_key="mnk_given") == ServerAddress(
        "http://a", "mnk_given"
    )


def test_equal_addresses_are_one_in_a_set():
    assert (
        len({ServerAddress("http://a", "k"), ServerAddress("http://a", "k"), ServerAddress("http://b")}) == 2
    )


def test_an_address_is_not_equal_to_its_url():
    assert ServerAddress("http://a") != "http://a"


def test_the_key_of_a_named_profile_stays_with_its_address(environ):
    assert read_address(environ, url="http://other", profile="home") == ServerAddress("http://other", "")

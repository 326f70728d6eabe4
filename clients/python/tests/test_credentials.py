"""The file of profiles: where it is, and what is reported when it can't be used."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from mnemos.address import BadAddress
from mnemos.credentials import find_config_folder, find_credentials_file, find_profile, read_credentials

PROFILES = {"default": "a", "profiles": {"a": {"url": "http://a", "api_key": "mnk_secret"}}}


@pytest.fixture
def environ(tmp_path):
    return {"HOME": str(tmp_path)}


@pytest.fixture
def write(tmp_path):
    """Writes the file, by default readable by its owner alone."""

    def write(content: str | dict, mode: int = 0o600) -> None:
        path = tmp_path / ".config" / "mnemos" / "credentials.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        path.chmod(mode)

    return write


@pytest.mark.parametrize(
    ("environ", "platform", "folder"),
    [
        ({"HOME": "/h"}, "linux", "/h/.config/mnemos"),
        ({"HOME": "/h", "XDG_CONFIG_HOME": "/x"}, "linux", "/x/mnemos"),
        ({"HOME": "/h", "XDG_CONFIG_HOME": "relative"}, "linux", "/h/.config/mnemos"),
        ({"HOME": "/h"}, "darwin", "/h/Library/Application Support/mnemos"),
        ({"USERPROFILE": "/h", "APPDATA": "/a"}, "win32", "/a/mnemos"),
    ],
)
def test_it_lies_where_the_platform_keeps_settings(environ, platform, folder):
    assert find_config_folder(environ, platform) == folder


def test_no_file_is_no_profile(environ):
    assert find_profile(environ) is None


def test_the_default_counts_unless_another_is_named(environ, write):
    other = {"url": "http://b", "api_key": "k"}
    write({"default": "a", "profiles": {**PROFILES["profiles"], "b": other}})
    assert find_profile(environ).url == "http://a"
    assert find_profile(environ, "b").url == "http://b"
    assert find_profile(environ | {"MNEMOS_PROFILE": "b"}).url == "http://b"


@pytest.mark.parametrize("content", [PROFILES, None])
def test_a_named_profile_that_is_not_there_is_told(environ, write, content):
    if content:
        write(content)
    with pytest.raises(BadAddress, match="there is no profile 'x' in"):
        find_profile(environ, "x")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o666])
def test_a_file_that_others_can_read_is_refused_with_what_mends_it(environ, write, mode):
    write(PROFILES, mode)
    path = find_credentials_file(environ)
    with pytest.raises(BadAddress, match=f"chmod 600 {path}"):
        find_profile(environ)
    assert read_credentials(path, is_careful=False).default == "a"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '"mnk_secret"',
        '{"profiles": {"a": "mnk_secret"}}',
        '{"profiles": {"a": {"url": 5, "api_key": "mnk_secret"}}}',
        '{"profiles": ["mnk_secret"]}',
        "[" * 100_000,
    ],
)
def test_a_damaged_file_is_told_without_its_content(environ, write, content):
    write(content)
    with pytest.raises(BadAddress, match="is damaged") as caught:
        find_profile(environ)
    assert "mnk_secret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_folder_in_its_place_is_told(environ, tmp_path):
    (tmp_path / ".config" / "mnemos" / "credentials.json").mkdir(parents=True)
    with pytest.raises(BadAddress, match="can't be read"):
        find_profile(environ)


def test_no_repr_shows_a_key(environ, write):
    write(PROFILES)
    assert "mnk_secret" not in repr(find_profile(environ))


@pytest.mark.parametrize(("content", "mode"), [("{", 0o600), (PROFILES, 0o644), ({}, 0o600)])
def test_a_hook_ends_well_whatever_the_file_is(environ, write, content, mode):
    write(content, mode)
    done = subprocess.run(
        [sys.executable, "-m", "mnemos", "hook", "UserPromptSubmit", "--harness", "claude"],
        input=b'{"hook_event_name": "UserPromptSubmit", "prompt": "hello", "session_id": "s"}',
        env=environ,
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_a_file_without_profiles_is_no_profile(environ, write):
    write({"profiles": {}})
    assert find_profile(environ) is None

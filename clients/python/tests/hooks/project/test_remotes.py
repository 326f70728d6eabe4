from __future__ import annotations

import pytest
from mnemos.hooks.project.remotes import (
    Remote,
    expand_abbreviation,
    find_remote,
    is_abbreviation,
    read_remote,
)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/ada/boat.git",
        "https://ada:secret@example.org/ada/boat",
        "http://Example.ORG:8080/ada/boat/",
        "ssh://git@example.org:22/ada/boat.git",
        "git+ssh://git@EXAMPLE.org/ada/boat",
        "ssh://git@example.org//ada//boat.git/",
        "git@example.org:ada/boat.git",
        "example.org:/ada/boat.git/",
        " git://example.org/ada/boat ",
        "https://example.org/%61da/boat",
    ],
)
def test_a_remote_has_one_name_whatever_the_transport(url) -> None:
    assert read_remote(url) == Remote("example.org", "ada/boat")


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("/srv/git/boat.git", "/srv/git/boat"),
        ("file:///srv/git/boat.git", "/srv/git/boat"),
        ("../boat/.git", "../boat"),
        ("./a:b/boat", "./a:b/boat"),
        ("C:/git/boat.git", "C:/git/boat"),
    ],
)
def test_a_folder_of_this_machine_has_no_host(url, path) -> None:
    assert read_remote(url) == Remote("", path)


@pytest.mark.parametrize("url", ["", "https://example.org", "git@example.org:", "/", ".git"])
def test_a_remote_without_a_path_is_none(url) -> None:
    assert read_remote(url) is None


def test_what_differs_is_told_apart() -> None:
    urls = ["git@example.org:ada/boat", "git@example.com:ada/boat", "git@example.org:eve/boat", "/ada/boat"]

    assert len({read_remote(url) for url in urls}) == len(urls)


@pytest.mark.parametrize(
    "config",
    [
        '[core]\n\tbare = false\n[remote "origin"]\n\turl = git@x.org:a/b.git\n\tfetch = +refs/*:refs/*\n',
        '[REMOTE "origin"] URL = git@x.org:a/b.git # ours\n',
        '[remote "origin"]\r\n  url="git@x.org:a/b.git" ; ours\r\n  url = second\r\n',
        '[remote "fork"]\nurl = y\n[remote "origin"]\n# url = no\nurl = git@x.org:a/b.git\n',
    ],
)
def test_the_remote_is_found_however_the_file_is_written(config) -> None:
    assert find_remote(config) == "git@x.org:a/b.git"


@pytest.mark.parametrize(
    "config", ["", "[remote", '[remote "origin"]\nurl\n', "\0\xff=", "[branch]\nurl = x"]
)
def test_a_file_that_names_no_remote_gives_none(config) -> None:
    assert find_remote(config) is None


def test_the_longest_rule_replaces_an_abbreviation() -> None:
    configs = ['[url "ssh://git@a.org/"]\ninsteadOf = w:\n', '[url "ssh://git@b.org/x/"]\ninsteadof = w:x/\n']

    assert expand_abbreviation("w:x/boat", configs) == "ssh://git@b.org/x/boat"
    assert expand_abbreviation("w:boat", configs) == "ssh://git@a.org/boat"
    assert expand_abbreviation("v:boat", configs) == "v:boat"


def test_only_a_short_word_before_a_colon_is_an_abbreviation() -> None:
    whole = ["https://a.org/b", "git@a:b", "a.org:b", "/a:b", "b", "C:/b"]

    assert is_abbreviation("work:boat")
    assert not any(is_abbreviation(url) for url in whole)

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from mnemos.hooks.project import MAX_PROJECT_CHARACTERS, find_project, normalise_remote


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "boat"
    folder.mkdir()
    git(folder, "init", "-q")
    git(folder, "commit", "-q", "--allow-empty", "-m", "Begin")
    return folder


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/ada/boat.git",
        "https://ada:secret@example.org/ada/boat",
        "http://Example.ORG:8080/ada/boat/",
        "ssh://git@example.org:22/ada/boat.git",
        "git@example.org:ada/boat.git",
        "example.org:/ada/boat.git/",
        " git://example.org/ada/boat ",
    ],
)
def test_a_remote_has_one_name_whatever_the_transport(url) -> None:
    assert normalise_remote(url) == "example.org/ada/boat"


def test_a_local_remote_is_named_by_its_path() -> None:
    assert normalise_remote("/srv/git/boat.git") == "/srv/git/boat"
    assert normalise_remote("file:///srv/git/boat.git") == "/srv/git/boat"


def test_subfolder_worktree_and_clone_are_one_project(repository, tmp_path) -> None:
    git(repository, "remote", "add", "origin", "https://ada:secret@example.org/ada/boat.git")
    git(repository, "worktree", "add", "-q", str(tmp_path / "tree"), "-b", "other")
    git(tmp_path, "clone", "-q", str(repository), "second")
    git(tmp_path / "second", "remote", "set-url", "origin", "git@example.org:ada/boat.git")
    (repository / "deep" / "down").mkdir(parents=True)

    folders = [repository, repository / "deep" / "down", tmp_path / "tree", tmp_path / "second"]

    assert {find_project(str(folder)) for folder in folders} == {"example.org/ada/boat"}


def test_without_a_remote_worktrees_share_the_place_of_the_main_one(repository, tmp_path) -> None:
    git(repository, "worktree", "add", "-q", str(tmp_path / "tree"), "-b", "other")

    name = find_project(str(repository))

    assert name is not None
    assert name.startswith("local/boat-")
    assert find_project(str(tmp_path / "tree")) == name


def test_two_repositories_of_the_same_name_are_two_projects(tmp_path) -> None:
    folders = [tmp_path / "a" / "boat", tmp_path / "b" / "boat"]
    for folder in folders:
        folder.mkdir(parents=True)
        git(folder, "init", "-q")

    first, second = (find_project(str(folder)) for folder in folders)

    assert first != second


def test_origin_is_preferred_and_any_remote_will_do(repository) -> None:
    git(repository, "remote", "add", "fork", "git@example.org:eve/boat.git")
    assert find_project(str(repository)) == "example.org/eve/boat"
    git(repository, "remote", "add", "origin", "git@example.org:ada/boat.git")
    assert find_project(str(repository)) == "example.org/ada/boat"


def test_a_folder_outside_every_repository_has_no_project(tmp_path) -> None:
    assert find_project(tmp_path.anchor) is None  # the temporary folder itself may lie in a checkout
    assert find_project("") is None
    assert find_project(str(Path(tmp_path.anchor) / "absent" / "folder")) is None


@pytest.mark.parametrize("marker", ["", "gitdir: nowhere", "gitdir:", "nonsense"])
def test_a_broken_git_file_is_no_project(tmp_path, marker) -> None:
    (tmp_path / ".git").write_text(marker)

    assert find_project(str(tmp_path)) is None


def test_a_project_name_is_short_enough_for_the_server(repository) -> None:
    git(repository, "remote", "add", "origin", f"https://example.org/{'deep/' * 100}boat.git")

    assert len(find_project(str(repository)) or "") <= MAX_PROJECT_CHARACTERS

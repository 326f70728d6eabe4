from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from mnemos._generated.limits import MAX_NAME_CHARACTERS
from mnemos.hooks.project.find import find_project


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

    assert len(find_project(str(repository)) or "") <= MAX_NAME_CHARACTERS


def clone(source: Path, target: Path, *options: str) -> Path:
    git(target.parent, "clone", "-q", *options, str(source), target.name)
    return target


def test_a_clone_of_a_folder_is_the_same_project_as_the_folder(repository, tmp_path) -> None:
    clones = [
        clone(repository, tmp_path / "second"),
        clone(repository / ".git", tmp_path / "third"),
        clone(tmp_path / "second", tmp_path / "fourth"),
    ]
    git(clones[0], "remote", "set-url", "origin", f"file://{repository}")

    assert {find_project(str(folder)) for folder in clones} == {find_project(str(repository))}


def test_a_clone_of_a_clone_is_the_project_of_the_first_remote(repository, tmp_path) -> None:
    git(repository, "remote", "add", "origin", "https://example.org/ada/boat.git")

    assert find_project(str(clone(repository, tmp_path / "second"))) == "example.org/ada/boat"


def test_clones_of_a_bare_repository_are_one_project_with_it(repository, tmp_path) -> None:
    bare = clone(repository, tmp_path / "shared.git", "--bare")
    git(bare, "remote", "remove", "origin")
    clones = [clone(bare, tmp_path / "a"), clone(bare, tmp_path / "b")]
    git(clones[1], "remote", "set-url", "origin", str(tmp_path / "shared"))

    name = find_project(str(bare))

    assert name is not None
    assert name.startswith("local/shared-")
    assert find_project(str(bare / "refs" / "heads")) == name
    assert {find_project(str(folder)) for folder in clones} == {name}


def test_clones_whose_original_is_gone_stay_one_project(repository, tmp_path) -> None:
    bare = clone(repository, tmp_path / "shared.git", "--bare")
    git(bare, "remote", "remove", "origin")
    clones = [clone(bare, tmp_path / "a"), clone(bare, tmp_path / "b")]
    before = find_project(str(clones[0]))
    bare.rename(tmp_path / "elsewhere")

    assert {find_project(str(folder)) for folder in clones} == {before}


def test_worktrees_around_a_bare_repository_are_one_project(repository, tmp_path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    bare = clone(repository, top / ".bare", "--bare")
    git(bare, "remote", "set-url", "origin", "git@example.org:ada/boat.git")
    (top / ".git").write_text("gitdir: ./.bare\n")
    git(top, "worktree", "add", "-q", "main-tree", "-b", "other")

    folders = [top, top / "main-tree", bare]

    assert {find_project(str(folder)) for folder in folders} == {"example.org/ada/boat"}


def test_a_submodule_is_a_project_of_its_own(repository, tmp_path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    git(library, "init", "-q")
    git(library, "commit", "-q", "--allow-empty", "-m", "Begin")
    git(repository, "remote", "add", "origin", "git@example.org:ada/boat.git")
    git(repository, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(library), "lib")
    assert find_project(str(repository / "lib")) == find_project(str(library))

    git(repository / "lib", "remote", "set-url", "origin", "https://example.org/ada/library")

    assert find_project(str(repository / "lib")) == "example.org/ada/library"
    assert find_project(str(repository)) == "example.org/ada/boat"


def test_repositories_that_are_each_others_remote_still_have_names(repository, tmp_path) -> None:
    other = clone(repository, tmp_path / "other")
    git(repository, "remote", "add", "origin", str(other))

    assert (find_project(str(repository)) or "").startswith("local/")
    assert (find_project(str(other)) or "").startswith("local/")


def test_an_abbreviation_is_read_as_git_reads_it(repository, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".gitconfig").write_text('[url "git@example.org:"]\n\tinsteadOf = work:\n')
    git(repository, "remote", "add", "origin", "work:ada/boat")

    assert find_project(str(repository)) == "example.org/ada/boat"


def test_a_mirror_changes_nothing(repository) -> None:
    git(repository, "remote", "add", "origin", "https://example.org/ada/boat")
    git(repository, "config", "url.https://mirror.example.net/.insteadOf", "https://example.org/")

    assert find_project(str(repository)) == "example.org/ada/boat"


def test_what_gits_own_variables_say_changes_nothing(repository, tmp_path, monkeypatch) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    name = find_project(str(repository))
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path))

    assert find_project(str(repository)) == name
    assert find_project(str(repository / ".git")) == name


def test_a_link_to_a_folder_leads_to_its_project(repository, tmp_path) -> None:
    (tmp_path / "short").symlink_to(repository)

    assert find_project(str(tmp_path / "short")) == find_project(str(repository))


def test_a_repository_inside_another_is_its_own_project(repository) -> None:
    inner = repository / "vendor" / "inner"
    inner.mkdir(parents=True)
    git(inner, "init", "-q")
    git(inner, "remote", "add", "origin", "git@example.org:eve/inner.git")

    assert find_project(str(inner)) == "example.org/eve/inner"
    assert find_project(str(inner.parent)) == find_project(str(repository))

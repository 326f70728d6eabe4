"""The plugin as it is published: bundled, packed by npm, installed by OpenCode itself."""

from __future__ import annotations

import json
import subprocess
import tarfile
from pathlib import Path

import pytest
from mnemos import Client

from tests.hosts.opencode.program import PLUGIN, ROOT, OpenCode, Project
from tests.support.models.scripted_model import CallTool, Rule, Say, ScriptedModel
from tools import bundle_plugins

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that is published."""
    folders = bundle_plugins.bundle(ROOT, tmp_path_factory.mktemp("bundles"))
    return next(folder for folder in folders if folder.name == "opencode")


@pytest.fixture(scope="module")
def tarball(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive that `npm publish` would send."""
    folder = tmp_path_factory.mktemp("packed")
    packed = subprocess.run(
        ["npm", "pack", "--json", "--pack-destination", str(folder)],
        cwd=bundle,
        check=True,
        capture_output=True,
    )
    return folder / json.loads(packed.stdout)[0]["filename"]


def test_the_package_contains_what_the_plugin_needs_and_no_tests(tarball: Path) -> None:
    with tarfile.open(tarball) as package:
        files = {name.removeprefix("package/") for name in package.getnames()}

    modules = {path.name for path in PLUGIN.glob("*.js")}
    skills = {str(path.relative_to(PLUGIN)) for path in PLUGIN.glob("skills/*/SKILL.md")}
    assert len(skills) == 3
    assert files == modules | skills | {"package.json", "tools.json", "README.md", "LICENSE"}


@pytest.fixture(params=["package", "folder"])
def specification(request: pytest.FixtureRequest, bundle: Path, tarball: Path) -> str:
    """How the plugin is named in OpenCode's configuration."""
    return f"@mnemos/opencode@file:{tarball}" if request.param == "package" else str(bundle)


@pytest.fixture
def folder(opencode: OpenCode, specification: str, options: dict[str, str], tmp_path: Path) -> Path:
    """A project's folder, with that plugin and its options in it."""
    return opencode.add_project(tmp_path.name, [specification, options])


def test_opencode_installs_the_plugin_and_remembers(
    project: Project, script: ScriptedModel, notes: Client
) -> None:
    notes.store_memory(content="The user is called Ada Quill.", memory_type="pinned")
    script.rules = [Rule("who am I", (CallTool("memory_search", {"q": "Ada"}), Say("Ada.")))]

    assert project.ask(project.create_session(), "who am I") == "Ada."

    assert "Ada Quill" in script.requests[0].text
    assert "skills/memory-recall/SKILL.md" in script.requests[0].text
    assert "Ada Quill" in script.requests[-1].tool_results[-1]

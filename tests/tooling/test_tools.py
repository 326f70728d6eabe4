"""The pins, the host installer and the closing line of a nox run."""

from __future__ import annotations

import pytest

from tests.support import counts
from tools import check_javascript, hosts, pin

PYPROJECT = (
    '[tool.uv]\nconstraint-dependencies = [\n    "old==1",\n]\n\n[tool.uv.workspace]\nmembers = ["a"]\n'
)


def test_pins_replace_the_old_ones_one_per_line_and_nothing_else():
    changed = pin.with_pins(PYPROJECT, ["aiohttp==3.1", "yarl==1.2"])
    assert changed == PYPROJECT.replace('    "old==1",\n', '    "aiohttp==3.1",\n    "yarl==1.2",\n')
    assert pin.with_pins(pin.with_pins(changed, []), ["old==1"]) == PYPROJECT


def test_a_marker_stays_only_where_a_package_has_several_versions():
    exported = [
        "b==2 ; sys_platform == 'win32'",
        "a==1 ; python_version < '3.12'",
        "a==2 ; python_version >= '3.12'",
    ]
    assert pin.merge(exported) == [
        "a==1 ; python_version < '3.12'",
        "a==2 ; python_version >= '3.12'",
        "b==2",
    ]


@pytest.mark.parametrize(
    "line", ["a @ file:///opt/wheels/a.whl", "a==1+local", "--find-links /opt", "-e ./a"]
)
def test_what_only_this_machine_can_install_is_never_pinned(line):
    with pytest.raises(pin.CannotPin, match="not a package of a public index"):
        pin.merge([line])


def test_a_host_is_kept_outside_the_clone_under_its_exact_version(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(hosts, "platform_name", lambda: "linux-x64")
    home = tmp_path / "mnemos-hosts" / f"claude-code-linux-x64-{hosts.HOSTS['claude'].version}"
    program = home / "node_modules" / "@anthropic-ai" / "claude-code-linux-x64" / "claude"
    program.parent.mkdir(parents=True)
    program.touch()
    assert hosts.ensure("claude") == program


@pytest.mark.parametrize(("flags", "name"), [("sse avx2 bmi", "linux-x64"), ("sse", "linux-x64-baseline")])
def test_an_old_processor_gets_a_program_that_it_can_run(tmp_path, monkeypatch, flags, name):
    monkeypatch.setattr(hosts, "platform_name", lambda: "linux-x64")
    (tmp_path / "cpuinfo").write_text(f"flags : {flags}\n", encoding="utf-8")
    assert hosts.baseline_name(tmp_path / "cpuinfo") == name


def test_a_portable_package_is_available_on_a_machine_without_tested_hosts(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(hosts.platform, "system", lambda: "Windows")
    program = tmp_path / "mnemos-hosts" / f"prettier-{hosts.PRETTIER.version}" / "node_modules" / "prettier"
    (program / "bin").mkdir(parents=True)
    (program / "bin" / "prettier.cjs").touch()

    assert hosts.ensure_package(hosts.PRETTIER) == program / "bin" / "prettier.cjs"
    with pytest.raises(hosts.HostUnavailable, match="no agent host is tested on Windows"):
        hosts.ensure("claude")


def test_without_node_the_check_of_javascript_names_what_to_install(monkeypatch, capsys):
    monkeypatch.setenv("PATH", "")
    assert check_javascript.main([]) == hosts.UNAVAILABLE
    assert "install Node.js 20 or newer" in capsys.readouterr().err


def test_without_npm_the_message_names_what_to_install(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    assert hosts.main(["claude"]) == hosts.UNAVAILABLE
    assert "install Node.js with npm" in capsys.readouterr().err


def test_an_install_that_fails_leaves_nothing_half_done(tmp_path, monkeypatch):
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho no route to the registry >&2\nexit 1\n", encoding="utf-8")
    npm.chmod(0o755)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(hosts.HostUnavailable, match="no route to the registry"):
        hosts.ensure("claude")
    assert list((tmp_path / "cache" / "mnemos-hosts").iterdir()) == []


def test_the_closing_line_adds_up_all_runs(tmp_path):
    target = tmp_path / "counts.jsonl"
    counts.record(str(target), {"passed": [1, 2], "failed": [], "skipped": [3]})
    counts.record(str(target), {"passed": [4], "failed": [5], "": [6]})
    assert counts.summarize(target, 1.5).strip("=") == " 1 failed, 3 passed, 1 skipped in 1.50s "

"""Every check of this repository, by name. `./run tests` runs them all, `./run tests -l` lists them.

Most sessions run in the environment that nox itself runs in (`uv run --group dev nox`), where all members
and tools are installed; sessions that need fewer packages have an environment of their own. Arguments after
`--` go to the tool: `./run tests -s stores -- -k paging`.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import nox

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))

from tests.support import counts  # noqa: E402  (needs the path above)
from tests.support.databases import livedb  # noqa: E402
from tools import check_javascript  # noqa: E402
from tools import hosts as agent_hosts  # noqa: E402

nox.needs_version = ">=2026.4"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.error_on_external_run = True

PACKAGES = {
    "redaction": "mnemos_redaction",
    "contract": "mnemos_contract",
    "server": "mnemo_server",
    "client": "mnemos",
}
FOLDERS = {
    "redaction": ("redaction",),
    "contract": ("contract",),
    "server": ("redaction", "contract", "server"),
    "client": ("redaction", "contract", "clients/python"),
}
TESTS = {
    "redaction": ("redaction/tests",),
    "contract": ("contract/tests",),
    "server": ("server/tests/unit", "server/tests/http"),
    "client": ("clients/python/tests",),
}

#: What `bench` measures.
SUBJECTS = ("load", "search", "recall", "recall_blocks", "hooks")

Found = TypeVar("Found")

shared = functools.partial(nox.session, venv_backend="none")


@shared(tags=["static"])
def lint(session: nox.Session) -> None:
    """Format and lint rules (ruff)."""
    python(session, "-m", "ruff", "format", "--check", ".")
    python(session, "-m", "ruff", "check", ".")


@shared(tags=["static"])
def types(session: nox.Session) -> None:
    """Strict types in all members, tools, benchmarks and test support (mypy)."""
    members = ("redaction/src", "contract/src", "server/src", "clients/python/src")
    python(session, "-m", "mypy", *members, "tools", "bench", "tests/support", "conftest.py", "noxfile.py")


@nox.session(tags=["static"])
def imports(session: nox.Session) -> None:
    """Allowed imports between packages (import-linter); redaction and the contract import on their own."""
    for folder, package in (("redaction", "mnemos_redaction"), ("contract", "mnemos_contract")):
        session.install(*pins(session), f"./{folder}")
        session.run("python", "-I", "tools/import_all.py", package)
    session.install(*pins(session), *dependency_group("lint"))
    session.install("--no-deps", "-e", "redaction", "-e", "contract", "-e", "server", "-e", "clients/python")
    session.run("lint-imports")


@shared(tags=["static"])
def generated(session: nox.Session) -> None:
    """Generated files match the contract; all packages have one version."""
    python(session, "tools/version.py", "--check")
    python(session, "tools/generate.py", "--check")


@shared(default=False)
def generate(session: nox.Session) -> None:
    """Write the generated files: clients, path constants, openapi.json, docs/http-api.md."""
    python(session, "tools/generate.py")


@shared(default=False)
def version(session: nox.Session) -> None:
    """Write the version into every package and every generated file; `-- 0.2.0` sets a new one first."""
    python(session, "tools/version.py", *session.posargs)
    python(session, "tools/generate.py")


@shared(tags=["static"])
def workflows(session: nox.Session) -> None:
    """Workflows, issue forms and update rules: their schemas (check-jsonschema) and security (zizmor)."""
    python(session, "tools/check_workflows.py")


@shared(tags=["static"])
def plugins(session: nox.Session) -> None:
    """Plugin manifests and skills, by our own rules and by Claude Code's."""
    python(session, "tools/check_plugins.py")
    claude = need_host(session, "claude")
    home = {"HOME": session.create_tmp(), "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}
    for manifest in (ROOT / ".claude-plugin", *ROOT.glob("plugins/*/.claude-plugin")):
        folder = str(manifest.parent)
        session.run(claude, "plugin", "validate", "--strict", folder, env=home, external=True)


@shared(tags=["tests"])
def tooling(session: nox.Session) -> None:
    """What the other sessions rely on: the live-database provider, the event-loop guard and the tools."""
    pytest(session, "tests/tooling")


@nox.session(tags=["tests"])
@nox.parametrize("package", [nox.param(name, id=name) for name in PACKAGES])
def tests(session: nox.Session, package: str) -> None:
    """One package with nothing but its own dependencies: it imports, its tests pass and cover enough."""
    members = [argument for folder in FOLDERS[package] for argument in ("-e", folder)]
    session.install(*pins(session), *members)
    session.run("python", "-I", "tools/import_all.py", PACKAGES[package])
    session.install(*pins(session), *dependency_group("test"))
    environment = count_file() | {"COVERAGE_FILE": str(Path(session.create_tmp()) / "coverage")}
    measured = () if session.posargs else ("--cov", PACKAGES[package], "--cov-report", "", "--timeout", "180")
    arguments = (*TESTS[package], *measured, *side_by_side(session), *session.posargs)
    session.run("python", "-m", "pytest", *arguments, env=environment)
    if measured:
        session.run("python", "tools/check_coverage.py", package, env=environment)


@shared(tags=["tests", "live"])
def stores(session: nox.Session) -> None:
    """Database layer, stores, services and migrations of the server, on SQLite and on the live database."""
    pytest(session, "server/tests/live", live=True)


@shared(tags=["tests", "live"])
def api(session: nox.Session) -> None:
    """The five tools through every interface (REST, client, MCP), on SQLite and on the live database."""
    pytest(session, "tests/api", live=True)


@shared(tags=["tests", "live"])
def e2e(session: nox.Session) -> None:
    """A fresh process, many writers, kill -9: nothing acknowledged is lost, and all of it is found."""
    pytest(session, "tests/e2e", live=True)


@shared(tags=["tests", "live"])
def hosts(session: nox.Session) -> None:
    """The real Claude Code, OpenCode and OpenClaw with a scripted model: they store, capture and recall."""
    need_host(session, "claude")
    need_host(session, "opencode")
    want_host(session, "openclaw")
    pytest(session, "tests/hosts", live=True)


@shared(tags=["tests"])
def javascript(session: nox.Session) -> None:
    """The plugins' JavaScript: its format (prettier) and its tests (Node's runner)."""
    need(session, "Node.js and prettier", check_javascript.find_programs)
    python(session, "tools/check_javascript.py")


@nox.session(tags=["tests"])
def build(session: nox.Session) -> None:
    """Wheels, source distributions and npm tarballs: their contents, and that they work once installed."""
    need(session, "Node.js", check_javascript.find_node)
    session.install(*pins(session), *dependency_group("build"))
    session.run("python", "tools/build.py", *session.posargs)


@shared(tags=["tests"])
def docs(session: nox.Session) -> None:
    """The documentation is correct: commands, settings, routes, links."""
    pytest(session, "tests/docs")


@nox.session(default=False)
@nox.parametrize("subject", [nox.param(name, id=name) for name in SUBJECTS])
def bench(session: nox.Session, subject: str) -> None:
    """Measure load, the time of a search, what it finds, what a model is shown, or what a hook adds."""
    if subject == "hooks":  # installed as users install it
        session.install(*pins(session), "./redaction", "./contract", "./clients/python")
        python(session, "-m", "bench.hooks", "--program", f"{session.bin}/mnemos", *session.posargs)
    else:
        environment = live_environment(session) if subject in ("load", "search") else {}
        python(session, "-m", f"bench.{subject}", *session.posargs, env=environment)


@shared(default=False)
def pin(session: nox.Session) -> None:
    """Write the exact versions of all dependencies into pyproject.toml (-- --upgrade for newer ones)."""
    python(session, "tools/pin.py", *session.posargs)


def python(session: nox.Session, *arguments: str, env: dict[str, str] | None = None) -> None:
    """Run the Python that runs nox."""
    session.run(sys.executable, *arguments, env=env, external=True)


def pytest(session: nox.Session, *folders: str, live: bool = False) -> None:
    """Run test folders in the shared environment; with `live`, on the database of this nox run."""
    env = count_file() | (live_environment(session) if live else {})
    python(session, "-m", "pytest", *folders, *session.posargs, env=env)


def side_by_side(session: nox.Session) -> tuple[str, ...]:
    """Return pytest's options to run a unit suite on up to 4 cores; none with arguments after `--`."""
    return () if session.posargs else ("-n", "auto", "--maxprocesses", "4", "--dist", "worksteal")


def pins(session: nox.Session) -> list[str]:
    """Return the installer's arguments for the exact versions in pyproject.toml."""
    file = Path(session.create_tmp()) / "pins.txt"
    versions = nox.project.load_toml(ROOT / "pyproject.toml")["tool"]["uv"]["constraint-dependencies"]
    file.write_text("\n".join(versions), encoding="utf-8")
    return ["-c", str(file)]


def dependency_group(name: str) -> tuple[str, ...]:
    """Return the requirements of one group in pyproject.toml."""
    return tuple(nox.project.dependency_groups(nox.project.load_toml(ROOT / "pyproject.toml"), name))


def need_host(session: nox.Session, name: str) -> str:
    """Return the path of a host's program; without it, skip the session, or fail in CI."""
    return need(session, name, lambda: str(agent_hosts.ensure(name)))


def need(session: nox.Session, title: str, find: Callable[[], Found]) -> Found:
    """Return what `find` returns; if that is unavailable, skip the session, or fail in CI."""
    try:
        return find()
    except agent_hosts.HostUnavailable as reason:
        leave = session.error if os.environ.get("CI") == "true" else session.skip
        leave(f"left out, needs {title}: {reason}")


def want_host(session: nox.Session, name: str) -> None:
    """Like `need_host`, but only warn outside CI: its tests skip themselves, and it takes 830 MB."""
    try:
        agent_hosts.ensure(name)
    except agent_hosts.HostUnavailable as reason:
        leave = session.error if os.environ.get("CI") == "true" else session.warn
        leave(f"the tests of {name} are left out: {reason}")


def live_environment(session: nox.Session) -> dict[str, str]:
    """Return the variable that names the live database, and log which one it is; empty if there is none."""
    try:
        server = live_server()
    except livedb.NoLiveDatabase as reason:
        session.warn(f"{reason}; the tests that need one are left out")
        return {}
    except livedb.UnusableDatabase as reason:
        session.error(str(reason))
    session.log(f"live database: {server}")
    return {livedb.GIVEN_DSN: server.dsn("test")}


@functools.cache
def live_server() -> livedb.LiveServer:
    """Start one database for all sessions; it stops when nox exits."""
    stack = contextlib.ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(livedb.open_live_server())


@functools.cache
def count_file() -> dict[str, str]:
    """Return the variable that collects all pytest outcomes in one file; print their sum when nox exits."""
    file = ROOT / ".nox" / "counts.jsonl"
    file.parent.mkdir(exist_ok=True)
    file.write_text("", encoding="utf-8")
    started_at = time.monotonic()
    atexit.register(lambda: sys.stdout.write(counts.summarize(file, time.monotonic() - started_at) + "\n"))
    return {counts.TARGET: str(file)}

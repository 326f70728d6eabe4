"""`python -m bench.hooks`: measure how long a hook delays its host, whatever the server does."""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from bench.common import machine
from bench.common.api import provision
from bench.common.client import Address, HttpConnection, UnexpectedResponse, fetch
from bench.common.pages import describe_command, publish
from bench.common.processes import mnemo_server
from bench.hooks.conditions import BAD_CONDITIONS, UP, open_bad_server
from bench.hooks.events import HARNESSES, Scene
from bench.hooks.report import Setting, render
from bench.hooks.timing import Case, Clock, make_environment
from bench.load.operations import store_many
from bench.load.texts import Texts

#: Limit for embedding all memories.
_READY_SECONDS = 300
_PLUGIN_HOST = Path(__file__).parent / "host.mjs"
_EMBEDDING = "/v1alpha2/mem9s/embedding"


def main() -> None:
    """Measure as the arguments say; print the report, or write it into docs/benchmarks.md."""
    options = _parser().parse_args()
    try:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mnemos-bench-")))
            faults = _run(options, folder, stack)
    except (UnexpectedResponse, RuntimeError, TimeoutError, OSError) as error:
        sys.exit(f"bench: {error or type(error).__name__}")
    if faults:
        sys.exit("\n".join(f"bench: {fault}" for fault in sorted(set(faults))))


def _run(options: argparse.Namespace, folder: Path, stack: ExitStack) -> list[str]:
    """Measure and publish; return the faults, which must never happen."""
    program = stack.enter_context(mnemo_server(folder, f"sqlite:///{folder / 'memories.db'}"))
    tenant = asyncio.run(_fill(program.address, options.memories))
    urls = {UP: f"http://{tenant.host}:{tenant.port}"}
    urls |= {name: open_bad_server(name, stack) for name in options.only or BAD_CONDITIONS if name != UP}
    if options.only and UP not in options.only:
        del urls[UP]
    harness = HARNESSES[options.harness]
    hooks: list[Case] = []
    for place, (condition, url) in enumerate(urls.items()):
        scene = Scene(folder / f"home-{place}", Texts(seed=place))
        scene.prepare()
        environment = make_environment(scene.folder, url, tenant.api_key)
        for event in harness.events:
            command = [str(options.program), "hook", event.partition(",")[0], "--harness", options.harness]
            hooks.append(Case(condition, event, command, environment, scene))
            if event in harness.by_plugin:
                host = (options.javascript, str(_PLUGIN_HOST), options.harness)
                hooks.append(Case(condition, event, command, environment, scene, host))
    bare = _make_bare(options.program)
    clock = Clock(harness)
    clock.run_round([*bare, *hooks], is_measured=False)  # from here on, everything is compiled and cached
    before = _read_clocks(program.pid)
    for number in range(options.runs):
        clock.run_round([*bare, *hooks])
        print(f"round {number + 1} of {options.runs}", file=sys.stderr, flush=True)
    disturbance = _disturbance(before, _read_clocks(program.pid))
    setting = Setting(
        describe_command("bench.hooks"),
        options.runs,
        options.memories,
        _describe(options.program),
        disturbance,
    )
    report = render(bare, hooks, setting, harness.recalling)
    publish(f"hooks-{options.harness}", report, write=options.write)
    return clock.faults


async def _fill(server: Address, count: int) -> Address:
    """Store memories, wait until they are embedded, and search once, so that everything is loaded."""
    connection = await HttpConnection.open(server)
    tenant = await provision(connection, server)
    await store_many([connection], tenant, count, seed=1)
    async with asyncio.timeout(_READY_SECONDS):
        while True:
            status = json.loads(await fetch(connection, tenant.request("GET", _EMBEDDING), 200))
            if status["state"] == "ready" and not status["pending"]:
                break
            await asyncio.sleep(0.2)
    await fetch(connection, tenant.request("GET", "/v1alpha2/mem9s/memories?q=cache"), 200)
    connection.close()
    return tenant


def _make_bare(program: Path) -> list[Case]:
    """Return cases of that environment's Python with nothing to do: normally and in isolated mode."""
    python = program.parent / "python"
    interpreter = str(python if python.exists() else sys.executable)
    environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    return [
        Case("", f"python {' '.join(arguments)}", [interpreter, *arguments], environment)
        for arguments in (["-c", "pass"], ["-I", "-S", "-c", "pass"])
    ]


def _describe(program: Path) -> str:
    """Return how the program is installed: an editable install has more paths to search."""
    libraries = program.resolve().parent.parent / "lib"
    is_editable = any(libraries.glob("python*/site-packages/_editable_impl_mnemos_client.pth"))
    return "in an editable environment" if is_editable else "installed from its wheel"


def _read_clocks(server_pid: int) -> tuple[float, float, float]:
    """Return processor times so far, in ms: used by this benchmark's programs, used by all, and available."""
    hooks = resource.getrusage(resource.RUSAGE_CHILDREN)
    ours = time.process_time() + hooks.ru_utime + hooks.ru_stime
    return (ours * 1_000 + machine.cpu_ms(server_pid), *machine.machine_cpu_ms())


def _disturbance(before: Sequence[float], after: Sequence[float]) -> float:
    ours, busy, available = (late - early for early, late in zip(before, after, strict=True))
    return max(0.0, (busy - ours) / available)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.hooks", description=__doc__)
    add = parser.add_argument
    program = Path(sys.executable).parent / "mnemos"
    add("--program", type=Path, default=program, help="the `mnemos` to run (default: this environment's)")
    add("--harness", choices=list(HARNESSES), default="claude", help="the host to play")
    add("--javascript", default="node", help="what runs the plugins of hosts that are JavaScript")
    add("--runs", type=int, default=60, metavar="N", help="runs of each event in each condition")
    add("--memories", type=int, default=1_000, metavar="N", help="stored before measuring")
    add("--only", nargs="+", choices=[UP, *BAD_CONDITIONS], help="measure these conditions only")
    add("--write", action="store_true", help="write the report into docs/benchmarks.md")
    return parser


if __name__ == "__main__":
    main()

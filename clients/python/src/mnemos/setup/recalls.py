"""What doctor and setup report about recalls: of the hooks as they run now, and of the last real prompts."""

from __future__ import annotations

from collections.abc import Iterable

import mnemos
from mnemos.address import ServerAddress
from mnemos.hooks.circuit import Record, change_record, list_urls, read_record, show_time
from mnemos.hooks.settings import read_number
from mnemos.hooks.state import State
from mnemos.hosts.install_port import Host, PromptHook, is_present
from mnemos.machine.machine import Machine, SetupFailed
from mnemos.setup.findings import Finding
from mnemos.setup.hook_check import Timing, describe_recent, find_address, time_hook
from mnemos.variables import HOOK_TIMEOUT_MS

#: Name of the findings about hooks that were run.
HOOKS = "hooks"
#: What the reason of a miss contains if more time could help.
_LATE = ("timed out", "out of time", "no end after")
#: The longest limit that is proposed: hosts end a hook after five seconds.
_LONGEST_LIMIT_MS = 4000


def look_at_recalls(
    machine: Machine, hosts: Iterable[Host], own_url: str, now: float, *, has_server: bool = True
) -> list[Finding]:
    """Run the hooks of every host that has the plugin, and report how the last real recalls went.

    Without a server the hooks aren't run.
    """
    found, urls = [], [own_url] if own_url else []
    for host in hosts:
        try:
            hook = host.find_prompt_hook(machine) if is_present(machine, host) else None
            if hook is None:
                continue
            address = find_address(machine, hook)
        except SetupFailed as error:
            found.append(Finding(HOOKS, "--", f"{host.title}: not checked: {error}"))
            continue
        urls.append(address.url)
        if has_server:
            found.append(_look_at_hook(machine, host, hook, address))
    for url in dict.fromkeys(urls):
        found += _look_at_record(machine, url, now)
    return found


def close_circuits(machine: Machine) -> None:
    """Let hooks ask every server again at once."""
    state = State(machine.state_folder)
    for url in list_urls(state):
        change_record(state, url, Record.close)


def _look_at_hook(machine: Machine, host: Host, hook: PromptHook, address: ServerAddress) -> Finding:
    try:
        timing = time_hook(machine, hook, address)
    except (SetupFailed, mnemos.MnemosError) as error:
        return Finding(HOOKS, "BAD", f"{host.title}: not checked: {error}", "mnemos status")
    words = f"{host.title}: {timing.describe()}"
    if timing.is_well:
        return Finding(HOOKS, "ok", words)
    return Finding(HOOKS, "BAD", words, advise({**machine.environ, **hook.environ}, timing))


def _look_at_record(machine: Machine, url: str, now: float) -> list[Finding]:
    """Report the last recalls from a server, and whether hooks don't ask it at the moment."""
    record = read_record(State(machine.state_folder), url)
    found = []
    if record.recent:
        is_well = not any(outcome.reason for outcome in record.recent)
        found.append(
            Finding("recalls", "ok" if is_well else "--", f"the last ones {describe_recent(record)}")
        )
    end = record.find_pause_end(now)
    if end is not None:
        words = f"hooks don't ask {url} until {show_time(end)}, in {end - now:.0f} s, after: {record.reason}"
        found.append(Finding("circuit", "BAD", words, "mnemos doctor --fix"))
    return found


def advise(environ: dict[str, str], timing: Timing) -> str:
    """Return a command that may help: more time for a server that is far, otherwise a look at the server."""
    limit_ms = read_number(environ, HOOK_TIMEOUT_MS)
    if limit_ms < _LONGEST_LIMIT_MS and any(word in timing.reason for word in _LATE):
        return f"export {HOOK_TIMEOUT_MS.name}={min(max(2 * limit_ms, 1000), _LONGEST_LIMIT_MS)}"
    return "mnemos status"

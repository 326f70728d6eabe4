"""What doctor checks on this machine: program, credentials, address, hosts, and the data of hooks."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path

from mnemos._generated.paths import VERSION
from mnemos.address import BadAddress
from mnemos.config import Origin
from mnemos.credentials import PROFILE_VARIABLE
from mnemos.hosts.install_port import Host, is_present
from mnemos.machine.linking import PATH_LINE, is_linked, is_reachable
from mnemos.machine.machine import Machine, SetupFailed
from mnemos.setup import profiles
from mnemos.variables import describe_unknown, find_unknown

#: Messages that wait for longer than this are a problem: an uploader runs with every turn.
STALE_SECONDS = 3600
#: Lines of the log that are checked, and how many lines about problems are shown.
_LOG_LINES = 200
_SHOWN_LINES = 3
_PROBLEM = re.compile(r"not sent|nothing recalled|rejected|dropped|Error|Bad|unknown")
_DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check."""

    name: str
    #: ok, BAD, or -- for information only.
    mark: str
    words: str
    #: The command that fixes it; "" if there is nothing to do.
    fix: str = ""


def look_at_program(machine: Machine) -> Finding:
    """Check that hosts find `mnemos`, and that it is this one."""
    found = machine.find_program("mnemos")
    if found is None:
        own = machine.own_program or "mnemos"
        if is_linked(machine):
            return Finding(
                "mnemos", "BAD", "~/.local/bin isn't on the PATH, so hosts can't start it", PATH_LINE
            )
        return Finding(
            "mnemos", "BAD", f"not on the PATH, so hosts can't start it; this is {own}", "mnemos setup --link"
        )
    if is_reachable(machine):
        return Finding("mnemos", "ok", f"{machine.shorten(found)}, version {VERSION}")
    words = f"hosts start {machine.shorten(found)}, but this is {machine.own_program}"
    return Finding("mnemos", "--", words, "mnemos setup --link")


def look_at_credentials(machine: Machine, origin: Origin | None) -> Finding:
    """Check that the credentials file exists, is valid, and is only readable by its owner."""
    path = machine.credentials_path
    short = machine.shorten(path)
    if not path.exists():
        if origin and origin.address.api_key:
            return Finding("credentials", "--", f"no {short}; {origin.key_from} has the key")
        return Finding("credentials", "BAD", f"no {short}", "mnemos setup")
    try:
        known = profiles.load(machine)
    except BadAddress as error:
        return Finding("credentials", "BAD", str(error), "mnemos setup")
    if profiles.has_loose_mode(path):
        fix = f"chmod 700 '{path.parent}'; chmod 600 '{path}'"
        return Finding("credentials", "BAD", f"other users can read {short} or its folder", fix)
    names = ", ".join(sorted(known.profiles)) or "no profile"
    return Finding("credentials", "ok", f"{short}, mode {path.stat().st_mode & 0o777:o}: {names}")


def look_at_address(machine: Machine, origin: Origin | BadAddress) -> Finding:
    """Check that there is an address and a key for it, and report where they come from."""
    if isinstance(origin, BadAddress):
        if str(machine.credentials_path) in str(origin) and not machine.environ.get(PROFILE_VARIABLE):
            return Finding("address", "--", "unknown without the credentials")
        fix = f"unset {PROFILE_VARIABLE}" if machine.environ.get(PROFILE_VARIABLE) else "mnemos setup"
        return Finding("address", "BAD", str(origin), fix)
    words = f"{origin.address.url}, from {origin.url_from}"
    if origin.address.api_key:
        key = "with its key" if origin.key_from == origin.url_from else f"with the key from {origin.key_from}"
        return Finding("address", "ok", f"{words}, {key}")
    if origin.withheld:
        fix = f"unset {origin.url_from}" if origin.url_from.isupper() else "mnemos setup"
        return Finding(
            "address", "BAD", f"{words}; no key, since that of {origin.withheld} is for another address", fix
        )
    return Finding("address", "BAD", f"{words}; no key", "mnemos setup")


def look_at_variables(machine: Machine) -> list[Finding]:
    """Name the variables that look like ours but mean nothing, such as mistyped ones."""
    return [Finding("variables", "--", describe_unknown(name)) for name in find_unknown(machine.environ)]


def look_at_host(machine: Machine, host: Host) -> list[Finding]:
    """Check that the host is installed, and has the plugin with the permissions that it needs."""
    if not is_present(machine, host):
        return [Finding(host.title, "--", f"not installed: no `{host.program}` on the PATH")]
    fix = f"mnemos setup --host {host.name}"
    try:
        state = host.inspect(machine)
    except SetupFailed as error:
        return [Finding(host.title, "BAD", str(error), fix)]
    if not state.is_installed:
        return [Finding(host.title, "--", f"{state.version}, without the plugin", fix)]
    words = f"{state.version}, plugin {state.plugin}"
    if not state.problems:
        return [Finding(host.title, "ok", words)]
    return [
        Finding(host.title, "BAD", f"{words}: {problem.words}", problem.fix) for problem in state.problems
    ]


def look_at_spool(machine: Machine, now: float) -> list[Finding]:
    """Check how many messages wait to be sent, and how many the server rejected."""
    waiting = _list_times(machine.state_folder / "spool", ".json")
    findings = [Finding("spool", "ok", "empty: all messages are sent")]
    if waiting:
        seconds = now - min(waiting)
        is_stale = seconds > STALE_SECONDS
        words = f"{_count(len(waiting), 'window')} to send, the oldest {_describe_age(seconds)} old"
        fix = "mnemos status" if is_stale else ""
        findings = [Finding("spool", "BAD" if is_stale else "--", words, fix)]
    rejected = _list_times(machine.state_folder / "rejected", ".json")
    if rejected:
        age = _describe_age(now - max(rejected))
        words = f"{_count(len(rejected), 'window')} rejected by the server, the latest {age} ago"
        folder = machine.state_folder / "rejected"
        findings.append(Finding("rejected", "--", words, f"cat '{folder}'/*.reason"))
    return findings


def look_at_log(machine: Machine, now: float) -> list[Finding]:
    """Return the last lines about problems from the hooks' log of the last day."""
    path = machine.state_folder / "log" / "hook.log"
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES:]
    except OSError:
        return [Finding("log", "--", "no hook has written a log yet")]
    oldest = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - _DAY_SECONDS))
    problems = [line for line in lines if line[:20] >= oldest and _PROBLEM.search(line[20:])]
    if not problems:
        return [Finding("log", "ok", "no problems in the last day")]
    last = [Finding("log", "--", line[:160]) for line in problems[-_SHOWN_LINES:]]
    return [*last[:-1], Finding("log", "--", last[-1].words, f"tail '{path}'")]


def _list_times(folder: Path, ending: str) -> list[float]:
    """Return when each file of a folder was written."""
    try:
        return [path.stat().st_mtime for path in folder.iterdir() if path.name.endswith(ending)]
    except OSError:
        return []


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _describe_age(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"

"""Install the agent hosts that the `hosts` session drives, each at one pinned version, once per machine.

They are kept in `$XDG_CACHE_HOME/mnemos-hosts/` (default `~/.cache`), outside the clone, by version.

    python tools/hosts.py claude     print the path of the program, installing it first if need be
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

INSTALL_SECONDS = 600
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
QUIETLY = ("--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1")
UNAVAILABLE = 69  # EX_UNAVAILABLE of sysexits.h
CPUS = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True, slots=True)
class Host:
    """An agent host: an npm package that contains its program."""

    package: str  # {platform} is such as "linux-x64"; {baseline} has a suffix for old processors
    version: str  # exact: without it npm picks what fits the running Node, and hosts differ by version
    program: str  # path inside the package
    beside: str = ""  # another package for its folder, such as the Node that it needs; with a version


HOSTS = {
    "claude": Host("@anthropic-ai/claude-code-{platform}", "2.1.330", "claude"),
    "opencode": Host("opencode-{baseline}", "1.18.33", "bin/opencode"),
    "openclaw": Host("openclaw", "2026.9.6", "openclaw.mjs", beside="node-{platform}@24.21.0"),
}
#: Formats the plugins' JavaScript; it needs Node.
PRETTIER = Host("prettier", "3.10.1", "bin/prettier.cjs")


class HostUnavailable(Exception):
    """The host is unavailable on this machine."""


def ensure(name: str) -> Path:
    """Return the path of a host's program, installing it into the cache the first time.

    Raises:
        HostUnavailable: npm is missing, or the install failed; the message says what to do.
    """
    return ensure_package(HOSTS[name])


def ensure_package(host: Host) -> Path:
    """Like `ensure`, for a package that isn't in `HOSTS`."""
    package = name_package(host.package)
    home = cache_folder() / f"{package.rsplit('/', 1)[-1]}-{host.version}"
    program = home / "node_modules" / package / host.program
    if not program.is_file():
        print(f"hosts: installing {package} {host.version} into {home} (once)", file=sys.stderr)
        beside = [name_package(host.beside)] if host.beside else []
        install([f"{package}@{host.version}", *beside], home)
    if not program.is_file():
        raise HostUnavailable(f"{package} {host.version} holds no {host.program}")
    return program


def name_package(pattern: str) -> str:
    """Return a package's name, filled in for this machine; one without placeholders runs on any machine."""
    if "{" not in pattern:
        return pattern
    return pattern.format(platform=platform_name(), baseline=baseline_name())


def find_node(program: Path) -> Path:
    """Return the path of the Node beside a host's program in the cache."""
    modules = next(folder for folder in program.parents if folder.name == "node_modules")
    return modules / f"node-{platform_name()}" / "bin" / "node"


def install(specifications: Sequence[str], home: Path) -> None:
    """Install npm packages in a temporary folder, then move it to `home`, which is never incomplete."""
    npm = shutil.which("npm")
    if npm is None:
        raise HostUnavailable(f"npm is needed to install {specifications[0]}: install Node.js with npm")
    home.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(dir=home.parent))
    try:
        run_npm([npm, "install", "--prefix", str(aside), *QUIETLY, *specifications])
        shutil.rmtree(home, ignore_errors=True)
        aside.rename(home)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def run_npm(command: Sequence[str]) -> None:
    """Run npm; raise `HostUnavailable` with the start of its error output when it fails."""
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
            env=npm_environment(),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise HostUnavailable(f"npm couldn't install {command[-1]}: {error}") from error
    if done.returncode:
        complaint = " ".join(done.stderr.split())[:300]
        raise HostUnavailable(f"npm couldn't install {command[-1]}: {complaint}")


def npm_environment() -> dict[str, str]:
    """Return this environment, with a variable that makes npm trust the machine's certificates."""
    machine = {"NODE_EXTRA_CA_CERTS": str(CERTIFICATES)} if CERTIFICATES.exists() else {}
    return machine | os.environ


def platform_name() -> str:
    """Return npm's name of this platform, such as "linux-x64"."""
    system, cpu = platform.system().lower(), CPUS.get(platform.machine().lower())
    if system not in {"linux", "darwin"} or cpu is None:
        raise HostUnavailable(f"no agent host is tested on {platform.system()} {platform.machine()}")
    return f"{system}-{cpu}"


def baseline_name(features: Path = Path("/proc/cpuinfo")) -> str:
    """Return this platform's name in packages with a separate build for processors without AVX2."""
    name = platform_name()
    is_old = name == "linux-x64" and features.exists() and " avx2" not in features.read_text()
    return f"{name}-baseline" if is_old else name


def cache_folder() -> Path:
    """Return the folder that keeps the hosts, `$XDG_CACHE_HOME/mnemos-hosts`."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "mnemos-hosts"


def main(arguments: Sequence[str]) -> int:
    """Print the path of each named host; return 69 and print the reason when one is unavailable."""
    try:
        for name in arguments or HOSTS:
            print(ensure(name))
    except HostUnavailable as reason:
        print(f"hosts: {reason}", file=sys.stderr)
        return UNAVAILABLE
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

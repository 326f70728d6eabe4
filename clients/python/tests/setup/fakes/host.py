# ruff: noqa: T201 - programs that print
"""The commands of Claude Code, OpenCode and OpenClaw that set-up uses, on files in the hosts' own format.

The name of the started program selects the host. Its arguments and the names of its MEM9 variables are
written to `$FAKE_LOG`; a command that begins with `$FAKE_BREAKS` fails after half of its work.
"""

import json
import os
import shutil
import sys
from pathlib import Path

HOME = Path(os.environ["HOME"])
NAME = Path(sys.argv[0]).name
ARGUMENTS = sys.argv[1:]


def read(path):
    return json.loads(path.read_text()) if path.is_file() else {}


def write(path, values):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values, indent=2))


def log():
    with Path(os.environ["FAKE_LOG"]).open("a") as file:
        variables = sorted(name for name in os.environ if name.startswith("MEM9"))
        file.write(json.dumps({"program": NAME, "arguments": ARGUMENTS, "variables": variables}) + "\n")


def claude():
    folder = HOME / ".claude"
    settings, known = folder / "settings.json", folder / "plugins" / "known_marketplaces.json"
    installed = folder / "plugins" / "installed_plugins.json"
    cache = folder / "plugins" / "cache" / "mnemos" / "mnemos" / "0.1.0"
    values = read(settings)
    match ARGUMENTS:
        case ["--version"]:
            print("2.1.330 (Claude Code)")
        case ["plugin", "list", "--json"]:
            names = read(installed).get("plugins", {})
            enabled = values.get("enabledPlugins", {})
            place = {"version": "0.1.0", "installPath": str(cache)}
            print(json.dumps([{"id": n, **place, "enabled": enabled.get(n, False)} for n in names]))
        case ["plugin", "marketplace", "list", "--json"]:
            print(json.dumps([{"name": n, "path": v["path"]} for n, v in read(known).items()]))
        case ["plugin", "marketplace", "add", source]:
            write(known, {**read(known), "mnemos": {"path": source}})
            write(settings, values | {"extraKnownMarketplaces": {"mnemos": {"path": source}}})
        case ["plugin", "marketplace", "remove", name]:
            left = {n: v for n, v in read(known).items() if n != name}
            write(known, left)
            write(settings, values | {"extraKnownMarketplaces": {}})
        case ["plugin", "install", name]:
            shutil.copytree(
                Path(read(known)["mnemos"]["path"], "plugins", "claude"), cache, dirs_exist_ok=True
            )
            write(settings, values | {"enabledPlugins": {**values.get("enabledPlugins", {}), name: True}})
            breaks()
            write(installed, {"version": 2, "plugins": {**read(installed).get("plugins", {}), name: []}})
        case ["plugin", "uninstall", name]:
            plugins = {n: v for n, v in read(installed).get("plugins", {}).items() if n != name}
            write(installed, {"version": 2, "plugins": plugins})
            enabled = {n: v for n, v in values.get("enabledPlugins", {}).items() if n != name}
            write(settings, values | {"enabledPlugins": enabled})
        case ["plugin", ("enable" | "disable") as verb, name]:
            write(settings, values | {"enabledPlugins": {**values["enabledPlugins"], name: verb == "enable"}})
        case _:
            sys.exit(f"unknown: {ARGUMENTS}")


def opencode():
    print("1.18.33")


def openclaw():  # noqa: C901 - a case for each command
    folder = HOME / ".openclaw"
    config = folder / "openclaw.json"
    values = read(config)
    plugins = values.setdefault("plugins", {})
    entries = plugins.setdefault("entries", {})
    extension = folder / "extensions" / "mnemos"
    match ARGUMENTS:
        case ["--version"]:
            print("OpenClaw 2026.9.6 (eb377ac)")
        case ["plugins", "list", "--json"]:
            enabled = entries.get("mnemos", {}).get("enabled", False)
            found = {"id": "mnemos", "version": "0.1.0", "enabled": enabled, "rootDir": str(extension)}
            print("a warning first\n" + json.dumps({"plugins": [found] if extension.exists() else []}))
        case ["plugins", "install", source, "--force", "--accept-capabilities"]:
            if any(path.is_symlink() or path.stat().st_nlink > 1 for path in Path(source).glob("*.json")):
                sys.exit("extension entry failed plugin directory boundary checks")
            shutil.copytree(source, extension, dirs_exist_ok=True)
            breaks()
            entries.setdefault("mnemos", {}).setdefault("enabled", True)
            plugins.setdefault("slots", {})["memory"] = "mnemos"
            back_up(config)
            write(config, values)
        case ["plugins", "uninstall", "mnemos", "--force"]:
            shutil.rmtree(extension)
            entries["mnemos"] = {"enabled": False}
            plugins.pop("slots", None)
            back_up(config)
            write(config, values)
        case ["config", "get", "plugins", "--json"]:
            if not read(config).get("plugins"):
                sys.exit("unset")
            print(json.dumps(plugins))
        case ["config", "set", "--batch-json", batch]:
            for change in json.loads(batch):
                place, last = find(values, change["path"])
                place[last] = change["value"]
            back_up(config)
            write(config, values)
        case ["config", "unset", path]:
            place, last = find(values, path)
            del place[last]
            write(config, values)
        case _:
            sys.exit(f"unknown: {ARGUMENTS}")


def find(values, path):
    *parents, last = path.split(".")
    for name in parents:
        values = values.setdefault(name, {})
    return values, last


def back_up(config):
    if config.is_file():
        shutil.copy(config, config.with_name("openclaw.json.bak"))


def breaks():
    if " ".join(ARGUMENTS).startswith(os.environ.get("FAKE_BREAKS") or "\0"):
        sys.exit("no space left on device")


log()
{"claude": claude, "opencode": opencode, "openclaw": openclaw}[NAME]()

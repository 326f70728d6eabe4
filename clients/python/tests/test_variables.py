"""One table names every environment variable of the client."""

from __future__ import annotations

import re
from pathlib import Path

import mnemos
import pytest
from mnemos.hooks.settings import HookSettings, read_settings
from mnemos.variables import VARIABLES, describe_unknown, find_unknown

SOURCE = Path(mnemos.__file__).parent
PLUGINS = Path(__file__).parents[3] / "plugins"
NAME = re.compile(r"\b(?:MNEMOS_|MEM9_|CLAUDE_PLUGIN_OPTION_)[A-Z_]+[A-Z]\b")
#: What stands in quotes alone is read rather than spoken of.
QUOTED = re.compile(r"""["'](?:MNEMOS_|MEM9_|CLAUDE_PLUGIN_OPTION_)[A-Z_]+["']""")
#: A constant of the client, whose name begins as those of variables do.
CONSTANTS = {"MEM9_URL"}


def list_sources() -> list[Path]:
    scripts = [path for path in PLUGINS.rglob("*.js") if "node_modules" not in path.parts]
    return sorted([*SOURCE.rglob("*.py"), *scripts])


def test_every_variable_that_is_spoken_of_is_in_the_table() -> None:
    known = {variable.name for variable in VARIABLES} | CONSTANTS
    unknown = {
        (path.name, name)
        for path in list_sources()
        for name in NAME.findall(path.read_text())
        if not name.startswith("MNEMOS_TEST_") and name not in known
    }
    assert unknown == set()


def test_no_other_module_of_the_client_spells_the_name_of_a_variable_that_it_reads() -> None:
    modules = [path for path in SOURCE.rglob("*.py") if path.name != "variables.py"]
    spelled = {path.name: found for path in modules if (found := QUOTED.findall(path.read_text()))}
    assert spelled == {}


def test_each_variable_has_a_name_of_its_own_and_a_meaning() -> None:
    assert len({variable.name for variable in VARIABLES}) == len(VARIABLES)
    assert all(variable.meaning for variable in VARIABLES)


@pytest.mark.parametrize("variable", [each for each in VARIABLES if each.default], ids=lambda each: each.name)
def test_a_variable_that_is_set_to_its_default_changes_nothing(variable) -> None:
    settings: HookSettings = read_settings({variable.name: variable.default}, "a")
    assert settings == read_settings({}, "a")


@pytest.mark.parametrize("script", sorted(PLUGINS.rglob("*.js")), ids=lambda path: path.name)
def test_a_default_in_a_plugin_is_the_one_of_the_table(script) -> None:
    found = re.findall(r"process\.env\.(\w+)\) \|\| (\d+)", script.read_text())
    assert found == [(each.name, each.default) for each in VARIABLES if each.name in dict(found)]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("MNEMOS_CAPTUR", "MNEMOS_CAPTURE"),
        ("MNEMOS_REDACTION", "MNEMOS_REDACT"),
        ("MNEMOS_API_KEY", "MEM9_API_KEY"),
        ("MNEMOS_URL", "MEM9_API_URL"),
        ("MNEMO_PROFILE", "MNEMOS_PROFILE"),
        ("MNEMO_API_KEY", "MEM9_API_KEY"),
    ],
)
def test_a_typo_is_named_with_the_variable_that_is_most_like_it(name, meant) -> None:
    assert find_unknown({name: "x"}) == (name,)
    assert describe_unknown(name) == f"{name} is set, but there is no such variable: did you mean {meant}?"


def test_a_name_like_no_variable_is_named_with_where_to_look() -> None:
    assert describe_unknown("MNEMOS_ZZZ").endswith(": docs/configuration.md lists them all")


def test_known_variables_and_those_of_others_are_no_typos() -> None:
    known = [variable.name for variable in VARIABLES]
    others = ["MNEMOS_TEST_MARK", "MNEMO_TEST_DSN", "MNEMO_PORT", "MNEMO_REDACT", "PATH", "MEM9_OTHER"]
    assert find_unknown([*known, *others]) == ()

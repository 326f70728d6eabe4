"""The settings of the hook runner, from the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mnemos import variables
from mnemos.config import read_address, read_agent_id
from mnemos.hooks.http.network import DIRECT, Network, read_network

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mnemos.hooks.state import State
    from mnemos.variables import Variable

#: What is captured: the messages that the guard keeps, all messages, or nothing.
CAPTURE_CHOICES = ("guarded", "all", "off")
_NO = ("false", "0", "no", "off")


class HookSettings(NamedTuple):
    """All settings of a hook."""

    url: str
    api_key: str
    agent_id: str
    recall_timeout_ms: int
    min_confidence: int
    recall_tokens: int = int(variables.RECALL_TOKENS.default)
    #: Whether memories of other projects are never recalled.
    stays_in_project: bool = False
    #: Whether secrets are removed from what is sent.
    redact: bool = True
    #: One of CAPTURE_CHOICES.
    capture: str = "guarded"
    #: Variables that look like ours but mean nothing.
    unknown_variables: tuple[str, ...] = ()
    #: Proxy and certificate authorities.
    network: Network = DIRECT


def read_settings(environment: Mapping[str, str], default_agent_id: str) -> HookSettings:
    """Read the settings. Raises BadAddress (a ValueError) if the server's URL or the key is invalid."""
    address = read_address(environment)
    return HookSettings(
        url=address.url,
        api_key=address.api_key,
        agent_id=read_agent_id(environment) or default_agent_id,
        recall_timeout_ms=read_number(environment, variables.HOOK_TIMEOUT_MS),
        min_confidence=read_number(environment, variables.RECALL_MIN_CONFIDENCE),
        recall_tokens=read_number(environment, variables.RECALL_TOKENS),
        stays_in_project=_read_word(environment, variables.RECALL_SCOPE) == "project",
        redact=_read_word(environment, variables.REDACT) not in _NO,
        capture=_read_capture(environment),
        unknown_variables=variables.find_unknown(environment),
        network=read_network(environment, address.url),
    )


def log_unknown_variables(settings: HookSettings, state: State) -> None:
    """Log the variables that were probably mistyped; once per session is enough."""
    for name in settings.unknown_variables:
        state.log(f"unknown variable {name}: `mnemos doctor` says which one was probably meant")


def _read_capture(environment: Mapping[str, str]) -> str:
    """Return what to capture; an unknown word means the careful choice, `guarded`."""
    word = _read_word(environment, variables.CAPTURE)
    if word in _NO:
        return "off"
    return word if word in CAPTURE_CHOICES else "guarded"


def _read_word(environment: Mapping[str, str], variable: Variable) -> str:
    return environment.get(variable.name, "").strip().lower()


def read_number(environment: Mapping[str, str], variable: Variable) -> int:
    """Return the value of a variable that is a whole number; its default if it is set to anything else."""
    text = environment.get(variable.name, "").strip()
    return int(text if text.isascii() and text.isdigit() else variable.default)

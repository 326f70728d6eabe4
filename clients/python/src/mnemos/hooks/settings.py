"""What the hook runner is told by the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mnemos.config import read_address, read_agent_id

if TYPE_CHECKING:
    from collections.abc import Mapping

#: For a whole recall: starting, connecting, asking, reading. Python starts in 30 ms and a search on the same
#: machine takes 15-30 ms; a hook stays below 150 ms even when the server hangs. One far away may need more.
DEFAULT_TIMEOUT_MS = 120
#: For each block that is recalled: ten memories of usual length.
DEFAULT_RECALL_TOKENS = 1500
#: Matches the server is less sure of (0-100) aren't shown. One rare word of a long prompt gives about 5.
DEFAULT_MIN_CONFIDENCE = 3
#: What is captured: what the guard keeps, everything that was said, or nothing.
CAPTURE_CHOICES = ("guarded", "all", "off")
_NO = ("false", "0", "no", "off")


class HookSettings(NamedTuple):
    """Everything a hook needs to know."""

    url: str
    api_key: str
    agent_id: str
    recall_timeout_ms: int
    min_confidence: int
    recall_tokens: int = DEFAULT_RECALL_TOKENS
    #: Whether memories of other projects are never recalled.
    stays_in_project: bool = False
    #: Whether secrets are taken out of what is sent.
    redact: bool = True
    #: One of CAPTURE_CHOICES.
    capture: str = "guarded"


def read_settings(environment: Mapping[str, str], default_agent_id: str) -> HookSettings:
    """Read the settings. Raises BadAddress (a ValueError) when the server's URL or the key can't be one."""
    address = read_address(environment)
    return HookSettings(
        url=address.url,
        api_key=address.api_key,
        agent_id=read_agent_id(environment) or default_agent_id,
        recall_timeout_ms=_read_number(environment, "MNEMOS_HOOK_TIMEOUT_MS", DEFAULT_TIMEOUT_MS),
        min_confidence=_read_number(environment, "MNEMOS_RECALL_MIN_CONFIDENCE", DEFAULT_MIN_CONFIDENCE),
        recall_tokens=_read_number(environment, "MNEMOS_RECALL_TOKENS", DEFAULT_RECALL_TOKENS),
        stays_in_project=environment.get("MNEMOS_RECALL_SCOPE", "").strip().lower() == "project",
        redact=_read_word(environment, "MNEMOS_REDACT") not in _NO,
        capture=_read_capture(environment),
    )


def _read_capture(environment: Mapping[str, str]) -> str:
    """Read what to capture; a word that says something else is taken for the careful choice."""
    word = _read_word(environment, "MNEMOS_CAPTURE")
    if word in _NO:
        return "off"
    return word if word in CAPTURE_CHOICES else "guarded"


def _read_word(environment: Mapping[str, str], name: str) -> str:
    return environment.get(name, "").strip().lower()


def _read_number(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() else default

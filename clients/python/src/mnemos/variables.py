"""Every environment variable that client and hooks read; no other module names one.

`docs/configuration.md` is generated from this table. Standard library only: each hook loads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from mnemos.address import DEFAULT_URL

if TYPE_CHECKING:
    from collections.abc import Iterable


class Variable(NamedTuple):
    """One variable."""

    name: str
    #: Its meaning, as in the documentation.
    meaning: str
    #: The value if it isn't set, as it would be typed; "" for none.
    default: str = ""
    #: Unit of a number; "" for anything else.
    unit: str = ""
    #: Whether plugins set it for the programs that they start, and users don't.
    is_for_plugins: bool = False


API_URL: Final = Variable("MEM9_API_URL", "address of the server", DEFAULT_URL)
API_KEY: Final = Variable("MEM9_API_KEY", "the key")
TENANT_ID: Final = Variable("MEM9_TENANT_ID", "the key too, under its name in older clients of mem9")
PROFILE: Final = Variable(
    "MNEMOS_PROFILE",
    "the [profile](setup.md#profiles) to use if neither address nor key is set; default: the default profile",
)
AGENT_ID: Final = Variable(
    "MNEMOS_AGENT_ID", "the agent that is recorded with each change; default: the host's name"
)
HOOK_TIMEOUT_MS: Final = Variable(
    "MNEMOS_HOOK_TIMEOUT_MS",
    "longest time of one recall, including the start of the hook's process",
    # A server 150 ms away needs up to four round trips: one for the connection, two for TLS, one for the
    # request. A server that hangs costs one prompt this long; then it isn't asked for a while.
    "1000",
    "ms",
)
RECALL_MIN_CONFIDENCE: Final = Variable(
    "MNEMOS_RECALL_MIN_CONFIDENCE",
    "memories below this confidence (0-100) aren't shown with a prompt, whatever the server thinks",
    "0",
    "%",
)
RECALL_SCOPE: Final = Variable(
    "MNEMOS_RECALL_SCOPE", "`all` projects, or `project`: never recall memories of other projects", "all"
)
RECALL_TOKENS: Final = Variable(
    "MNEMOS_RECALL_TOKENS",
    "longest block that is recalled",
    "480",  # nine memories of usual length
    "tokens",
)
CAPTURE: Final = Variable(
    "MNEMOS_CAPTURE", "what hooks capture: `guarded`, `all` or `off`; see [capture](capture.md)", "guarded"
)
REDACT: Final = Variable(
    "MNEMOS_REDACT", "remove secrets from what hooks send; see [redaction](redaction.md)", "true"
)
MEM9_HOME: Final = Variable(
    "MEM9_HOME", "folder of mem9's plugins, for `mnemos setup --from-mem9`; default: `~/.mem9`"
)
PLUGIN_API_URL: Final = Variable(
    "MNEMOS_PLUGIN_API_URL",
    "address of the server, from the options of the plugin for OpenCode or OpenClaw",
    is_for_plugins=True,
)
PLUGIN_API_KEY: Final = Variable(
    "MNEMOS_PLUGIN_API_KEY", "the key, from the same options", is_for_plugins=True
)
CLAUDE_API_URL: Final = Variable(
    "CLAUDE_PLUGIN_OPTION_API_URL",
    "address of the server, from the options of the plugin for Claude Code",
    is_for_plugins=True,
)
CLAUDE_API_KEY: Final = Variable(
    "CLAUDE_PLUGIN_OPTION_API_KEY", "the key, from the same options", is_for_plugins=True
)

VARIABLES: Final = (
    API_URL, API_KEY, TENANT_ID, PROFILE, AGENT_ID, HOOK_TIMEOUT_MS, RECALL_MIN_CONFIDENCE, RECALL_SCOPE,
    RECALL_TOKENS, CAPTURE, REDACT, MEM9_HOME, PLUGIN_API_URL, PLUGIN_API_KEY, CLAUDE_API_URL, CLAUDE_API_KEY,
)  # fmt: skip

#: Prefixes of the names of our variables, of the server's, and of those of our tests.
_PREFIX: Final = "MNEMOS_"
_SERVER_PREFIX: Final = "MNEMO_"
_TEST_PREFIXES: Final = ("MNEMOS_TEST_", "MNEMO_TEST_")
#: Names that the server has too, so they aren't typing errors.
SHARED_NAMES: Final = ("REDACT",)
#: Minimum similarity of two names for one to be a misspelling of the other, from 0 to 1.
_LIKENESS: Final = 0.6


def find_unknown(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names of an environment that look like ours but that nothing reads.

    The server checks its own names, except those that are ours with the server's prefix.
    """
    ours = {variable.name for variable in VARIABLES}
    mistyped = {f"{_SERVER_PREFIX}{name}" for name in _list_endings() if name not in SHARED_NAMES}
    return tuple(
        name
        for name in sorted(names)
        if (name.startswith(_PREFIX) and name not in ours and not name.startswith(_TEST_PREFIXES))
        or name in mistyped
    )


def describe_unknown(name: str) -> str:
    """Return a sentence about an unknown variable, with the name that was probably meant."""
    from difflib import get_close_matches  # noqa: PLC0415 - costs 5 ms, and only a typo needs it

    endings = _list_endings()
    likely = get_close_matches(name.partition("_")[2], endings, n=1, cutoff=_LIKENESS)
    advice = f"did you mean {endings[likely[0]]}?" if likely else "docs/configuration.md lists them all"
    return f"{name} is set, but there is no such variable: {advice}"


def _list_endings() -> dict[str, str]:
    """Return the names that users set, by what follows the prefix."""
    return {
        variable.name.partition("_")[2]: variable.name
        for variable in VARIABLES
        if not variable.is_for_plugins
    }

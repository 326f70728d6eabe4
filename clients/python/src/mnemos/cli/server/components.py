"""State of a server and its parts, for `mnemos status` and `mnemos doctor`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import mnemos
from mnemos.cli.failures import explain

if TYPE_CHECKING:
    from mnemos_contract.base import WireModel
    from mnemos_contract.service import EmbeddingStatus


def ask_parts(client: mnemos.Client) -> dict[str, WireModel | mnemos.MnemosError]:
    """Return the state of version, database, key and vectors; raises ServerUnreachable and similar errors."""
    version = client.get_version()
    return {
        "server": version,
        "database": _ask(client.get_readiness),
        "key": _ask(client.get_key_status),
        "vectors": _ask(client.get_embedding_status),
    }


def _ask(question: Callable[[], WireModel]) -> WireModel | mnemos.MnemosError:
    """Return the response or the error."""
    try:
        return question()
    except mnemos.MnemosError as error:
        return error


def is_well(part: WireModel | mnemos.MnemosError) -> bool:
    """Return whether a part works."""
    return not isinstance(part, mnemos.MnemosError) and (
        getattr(part, "status", "") != "inactive" and getattr(part, "state", "") != "unavailable"
    )


def to_json(part: WireModel | mnemos.MnemosError) -> dict[str, Any]:
    """Return the state of a part for programs."""
    if isinstance(part, mnemos.MnemosError):
        return {"error": str(part), "code": part.code}
    return part.model_dump(mode="json", exclude_none=True)


def describe(name: str, part: WireModel | mnemos.MnemosError, url: str) -> str:
    """Return the state of a part as one line."""
    if isinstance(part, mnemos.MnemosError):
        return explain(part).message
    if name == "server":
        return f"{url} is reachable, version {to_json(part)['version']}"
    if name == "vectors":
        return _describe_vectors(cast("EmbeddingStatus", part))
    return ", ".join(to_json(part).values())


def _describe_vectors(status: EmbeddingStatus) -> str:
    """Return how many memories have vectors, and why the others have none."""
    if status.state == "off":
        return "off: memories are found by keywords only"
    words = f"{status.embedded:,} of {status.total:,}"
    words += f" by {status.model}" if status.model else ""
    until = " until tomorrow's budget" if status.waiting_for_budget else ""
    rest = [f"{status.pending:,} pending{until}"] if status.pending else []
    rest += [f"{status.refused:,} rejected by the model"] if status.refused else []
    words += f" ({', '.join(rest)})" if rest else ""
    return f"{words}; {status.reason or status.state}" if status.state != "ready" else words

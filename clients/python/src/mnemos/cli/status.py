"""`mnemos status`: what of the way to the memory works."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import click

import mnemos
from mnemos.cli.failures import Failure, explain
from mnemos.cli.settings import Settings, json_option, pass_settings

if TYPE_CHECKING:
    from mnemos_contract.base import WireModel
    from mnemos_contract.service import EmbeddingStatus


@click.command("status")
@json_option
@pass_settings
def show_status(settings: Settings, *, as_json: bool) -> None:
    """Say whether server, database, key and vectors are well.

    Exits with 0 when all of it is so, with 1 when a part isn't, with 3 when no server answers.
    """
    with settings.open_client(attempts=1) as client:
        version = client.get_version()
        parts = {
            "server": version,
            "database": _ask(client.get_readiness),
            "key": _ask(client.get_key_status),
            "vectors": _ask(client.get_embedding_status),
        }
        url = client.url
    if as_json:
        click.echo(json.dumps({"url": url, **{name: _as_json(part) for name, part in parts.items()}}))
    else:
        _print_parts(url, parts)
    if not all(_is_well(part) for part in parts.values()):
        click.get_current_context().exit(Failure.exit_code)


def _ask(question: Callable[[], WireModel]) -> WireModel | mnemos.MnemosError:
    """Give the answer, or the error that was one."""
    try:
        return question()
    except mnemos.MnemosError as error:
        return error


def _is_well(part: WireModel | mnemos.MnemosError) -> bool:
    return not isinstance(part, mnemos.MnemosError) and (
        getattr(part, "status", "") != "inactive" and getattr(part, "state", "") != "unavailable"
    )


def _as_json(part: WireModel | mnemos.MnemosError) -> dict[str, Any]:
    if isinstance(part, mnemos.MnemosError):
        return {"error": str(part), "code": part.code}
    return part.model_dump(mode="json", exclude_none=True)


def _describe_vectors(status: EmbeddingStatus) -> str:
    """Say how many memories have vectors, and why the others have none."""
    if status.state == "off":
        return "off: memories are found by their words"
    words = f"{status.embedded:,} of {status.total:,}"
    words += f" by {status.model}" if status.model else ""
    until = " with tomorrow's budget" if status.waiting_for_budget else ""
    rest = [f"{status.pending:,} to go{until}"] if status.pending else []
    rest += [f"{status.refused:,} refused by the model"] if status.refused else []
    words += f" ({', '.join(rest)})" if rest else ""
    return f"{words}; {status.reason or status.state}" if status.state != "ready" else words


def _print_parts(url: str, parts: dict[str, WireModel | mnemos.MnemosError]) -> None:
    """Print one line for each part."""
    for name, part in parts.items():
        if isinstance(part, mnemos.MnemosError):
            words = explain(part).message
        elif name == "server":
            words = f"{url} answers, version {_as_json(part)['version']}"
        elif name == "vectors":
            words = _describe_vectors(cast("EmbeddingStatus", part))
        else:
            words = ", ".join(_as_json(part).values())
        click.echo(f"{'ok ' if _is_well(part) else 'BAD'}  {name:<8}  {words}")

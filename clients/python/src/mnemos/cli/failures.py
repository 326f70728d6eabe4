"""Errors as one sentence with the next step, and their exit codes."""

from __future__ import annotations

from typing import Final

import click

import mnemos

_CHECK_KEY: Final = "check MEM9_API_KEY: this server doesn't know that key"
#: The next step, by the code of the error.
_NEXT: Final = {
    "memory_not_found": "`mnemos search` and `mnemos list` show existing ids",
    "version_not_found": "`mnemos history` shows all versions",
    "job_not_found": "`mnemos jobs` shows existing ids; finished jobs are deleted after a week",
    "version_conflict": "`mnemos get` shows the current version",
    "invalid_api_key": _CHECK_KEY,
    "tenant_not_found": _CHECK_KEY,
    "key_not_found": _CHECK_KEY,
    "malformed_api_key": "set MEM9_API_KEY to the key that mnemo-server printed at its first start",
    "missing_api_key": "run `mnemos setup`; it asks for the key that mnemo-server printed, or creates one",
    "internal_error": "the server's log has the details",
}


class Failure(click.ClickException):
    """An error response of the server, to be printed on stderr."""

    exit_code = 1


class NoServer(Failure):
    """The server didn't respond."""

    exit_code = 3


def explain(error: mnemos.MnemosError) -> Failure:
    """Return the error with the next step."""
    sentence = str(error)
    if step := _NEXT.get(error.code):
        sentence = f"{sentence}; {step}"
    return (NoServer if isinstance(error, mnemos.ServerUnreachable) else Failure)(sentence)

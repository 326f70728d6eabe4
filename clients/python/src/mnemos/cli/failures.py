"""Errors as one sentence that says what to do next, with the exit code that belongs to them."""

from __future__ import annotations

from typing import Final

import click

import mnemos

_CHECK_KEY: Final = "check MEM9_API_KEY: it isn't a key of this server"
#: What to do next, by the code of the error.
_NEXT: Final = {
    "memory_not_found": "`mnemos search` and `mnemos list` show the ids there are",
    "version_not_found": "`mnemos history` shows the versions there were",
    "job_not_found": "`mnemos jobs` shows the ids there are; what was done a week ago is forgotten",
    "version_conflict": "`mnemos get` shows the current one",
    "invalid_api_key": _CHECK_KEY,
    "tenant_not_found": _CHECK_KEY,
    "key_not_found": _CHECK_KEY,
    "malformed_api_key": "set MEM9_API_KEY to the key that mnemo-server printed at its first start",
    "missing_api_key": "`mnemos setup` takes the one that mnemo-server printed at first, or makes one",
    "internal_error": "the server's log says more",
}


class Failure(click.ClickException):
    """An error that the server answered, on its way to stderr."""

    exit_code = 1


class NoServer(Failure):
    """There was no answer."""

    exit_code = 3


def explain(error: mnemos.MnemosError) -> Failure:
    """Give the error with what to do next."""
    sentence = str(error)
    if step := _NEXT.get(error.code):
        sentence = f"{sentence}; {step}"
    return (NoServer if isinstance(error, mnemos.ServerUnreachable) else Failure)(sentence)

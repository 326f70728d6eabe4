"""What all commands share: the server's address, the agent, and how a response is shown."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import click

import mnemos
from mnemos.config import AGENT_VARIABLE, KEY_VARIABLES, URL_VARIABLES, read_address, trace_address

if TYPE_CHECKING:
    from mnemos_contract.base import WireModel

Model = TypeVar("Model", bound="WireModel")


@dataclass(frozen=True, slots=True)
class Settings:
    """The global options; None means: use the environment."""

    url: str | None = None
    agent_id: str | None = None
    profile: str | None = None

    def open_client(self, *, attempts: int = 3) -> mnemos.Client:
        """Return a client, which the caller closes."""
        origin = trace_address(url=self.url, profile=self.profile)
        address = origin.address
        if origin.withheld and not address.api_key:
            click.echo(
                f"the key of {origin.withheld} is for another address, so it isn't sent to {address.url}",
                err=True,
            )
        retry = mnemos.RetryPolicy(attempts=attempts)
        return mnemos.Client(address.url, address.api_key, agent_id=self.agent_id, retry=retry)

    def export(self) -> None:
        """Set the options in the environment, for programs that read only the environment."""
        if self.agent_id is not None:
            os.environ[AGENT_VARIABLE] = self.agent_id
        if self.url is not None or self.profile is not None:
            address = read_address(url=self.url, profile=self.profile)
            for name in (*URL_VARIABLES, *KEY_VARIABLES):
                os.environ.pop(name, None)
            os.environ |= {URL_VARIABLES[0]: address.url, KEY_VARIABLES[0]: address.api_key}


pass_settings = click.make_pass_decorator(Settings, ensure=True)

json_option = click.option("--json", "as_json", is_flag=True, help="Print the server's JSON.")


def show(response: Model, *, as_json: bool, render: Callable[[Model], None]) -> None:
    """Print a response, as the server's JSON or for people."""
    if as_json:
        click.echo(response.to_json())
    else:
        render(response)

"""The caller of a request, after authentication."""

from __future__ import annotations

from dataclasses import dataclass

from mnemo_server.domain.memories.memory import Actor


@dataclass(frozen=True, slots=True)
class Caller:
    """The tenant of a request, and the defaults from its headers."""

    tenant_id: int
    key_id: int
    request_id: str
    agent_id: str | None = None
    project: str | None = None
    session_id: str | None = None

    @property
    def actor(self) -> Actor:
        """The actor that the event log names."""
        return Actor(self.agent_id, self.key_id, self.request_id)

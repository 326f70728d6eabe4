"""Who makes a request, once the key is known to be good."""

from __future__ import annotations

from dataclasses import dataclass

from mnemo_server.domain.memories.memory import Actor


@dataclass(frozen=True, slots=True)
class Caller:
    """The tenant a request works on, and what its headers say by default."""

    tenant_id: int
    key_id: int
    request_id: str
    agent_id: str | None = None
    project: str | None = None
    session_id: str | None = None

    @property
    def actor(self) -> Actor:
        """Who the event log names."""
        return Actor(self.agent_id, self.key_id, self.request_id)

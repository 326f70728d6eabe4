"""Handlers of memories."""

from __future__ import annotations

import re
from typing import Final

from aiohttp import web
from mnemos_contract.errors import InvalidRequest
from mnemos_contract.listing import ListQuery
from mnemos_contract.routes import CONFLICT_HEADER
from mnemos_contract.writing import BatchDeleteRequest, BatchDeleteResponse, StoreRequest, UpdateRequest

from mnemo_server.http.context import TenantCall
from mnemo_server.http.requests.idempotency import read_key
from mnemo_server.http.responses import idempotent_response, json_response
from mnemo_server.services.embedding.service import EmbeddingService
from mnemo_server.services.memories.service import MemoryService
from mnemo_server.services.messages.service import MessageService
from mnemo_server.services.search.service import SearchService

_ENTITY_TAG: Final = re.compile(r'(?:W/)?"(\d{1,9})"\Z')
_BARE_VERSION: Final = re.compile(r"\d{1,9}\Z")


class MemoryHandlers:
    """The routes below `/memories`, and the one for the status of their vectors."""

    def __init__(
        self,
        memories: MemoryService,
        messages: MessageService,
        search: SearchService,
        embedding: EmbeddingService,
    ) -> None:
        self._memories = memories
        self._messages = messages
        self._search = search
        self._embedding = embedding

    async def store_memory(self, call: TenantCall[StoreRequest]) -> web.Response:
        """Store one memory, or the messages of a session."""
        service = self._messages if call.sent.messages else self._memories
        once = await read_key(call.request, call.caller, "store")
        return idempotent_response(await service.store(call.caller, call.sent, once), store_status(call.sent))

    async def list_memories(self, call: TenantCall[ListQuery]) -> web.Response:
        """List or search memories."""
        return json_response(await self._search.find(call.caller, call.sent))

    async def get_embedding_status(self, call: TenantCall[None]) -> web.Response:
        """Return how many memories have vectors."""
        return json_response(await self._embedding.status(call.caller.tenant_id))

    async def get_memory(self, call: TenantCall[None]) -> web.Response:
        """Return a memory; 304 if the caller has this version."""
        memory = await self._memories.get(call.caller, call.path["memory_id"])
        tag = entity_tag(memory.version)
        if tag in (part.strip() for part in call.request.headers.get("If-None-Match", "").split(",")):
            return web.Response(status=304, headers={"ETag": tag})
        return json_response(memory, headers={"ETag": tag})

    async def update_memory(self, call: TenantCall[UpdateRequest]) -> web.Response:
        """Update a memory. A stale bare If-Match is reported in a header; a stale quoted one is refused."""
        enforced, advisory = read_if_match(call.request.headers.get("If-Match", ""))
        expected = call.sent.expected_version or enforced
        memory = await self._memories.update(call.caller, call.path["memory_id"], call.sent, expected)
        headers = {"ETag": entity_tag(memory.version)}
        if advisory not in (None, memory.version - 1):
            headers[CONFLICT_HEADER] = str(memory.version - 1)
        return json_response(memory, headers=headers)

    async def delete_memory(self, call: TenantCall[None]) -> web.Response:
        """Delete a memory."""
        await self._memories.delete(call.caller, call.path["memory_id"])
        return web.Response(status=204)

    async def delete_memories(self, call: TenantCall[BatchDeleteRequest]) -> web.Response:
        """Delete several memories."""
        deleted = await self._memories.delete_many(call.caller, call.sent.ids)
        return json_response(BatchDeleteResponse(deleted=deleted))


def store_status(request: StoreRequest) -> int:
    """Return the status of a successful store: clients of mem9 expect 201 for a pinned memory."""
    if request.is_pinned:
        return 201
    return 200 if request.sync else 202


def entity_tag(version: int) -> str:
    """Return a version as an entity tag."""
    return f'"{version}"'


def read_if_match(header: str) -> tuple[int | None, int | None]:
    """Read If-Match as (enforced version, advisory version).

    A quoted entity tag is enforced; a bare integer, which clients of mem9 send, is advisory.

    Raises:
        InvalidRequest: it is quoted, but not one of our versions.
    """
    value = header.strip()
    if quoted := _ENTITY_TAG.match(value):
        return int(quoted[1]), None
    if _BARE_VERSION.match(value):
        return None, int(value)
    if '"' in value:
        raise InvalidRequest(field="If-Match", reason='must be one entity tag such as "7"')
    return None, None

"""The Python client of mnemos: SDK, command line, MCP server and hook runner.

    from mnemos import Client

    with Client() as client:                      # MEM9_API_URL, MEM9_API_KEY, MNEMOS_AGENT_ID
        client.store_memory(content="The staging database is read-only on Fridays.", tags=["staging"])
        for memory in client.list_memories(q="staging database").memories:
            print(memory.confidence, memory.content)

`AsyncClient` has the same methods as coroutines. Names are loaded on first use: the hook runner imports this
package too and must not wait for libraries that it doesn't need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mnemos_contract import (
        ApiError,
        BatchDeleteResponse,
        History,
        Job,
        JobPage,
        KeyStatus,
        Memory,
        MemoryPage,
        Message,
        MnemosError,
        Readiness,
        Recall,
        RecallPage,
        RecallResponse,
        SessionMessages,
        StoreResponse,
        Version,
    )
    from mnemos_contract.errors import (
        InvalidRequest,
        MemoryNotFound,
        ServerUnreachable,
        UnexpectedResponse,
        VersionConflict,
    )

    from mnemos._generated.async_client import AsyncClient
    from mnemos._generated.client import Client
    from mnemos._transport import RetryPolicy, Timeouts
    from mnemos.address import BadAddress, ServerAddress

__all__ = [
    "ApiError",
    "AsyncClient",
    "BadAddress",
    "BatchDeleteResponse",
    "Client",
    "History",
    "InvalidRequest",
    "Job",
    "JobPage",
    "KeyStatus",
    "Memory",
    "MemoryNotFound",
    "MemoryPage",
    "Message",
    "MnemosError",
    "Readiness",
    "Recall",
    "RecallPage",
    "RecallResponse",
    "RetryPolicy",
    "ServerAddress",
    "ServerUnreachable",
    "SessionMessages",
    "StoreResponse",
    "Timeouts",
    "UnexpectedResponse",
    "Version",
    "VersionConflict",
]

#: The module of each name; names that aren't listed come from the contract.
_HOMES = {
    "AsyncClient": "mnemos._generated.async_client",
    "Client": "mnemos._generated.client",
    "RetryPolicy": "mnemos._transport",
    "Timeouts": "mnemos._transport",
    "BadAddress": "mnemos.address",
    "ServerAddress": "mnemos.address",
    "InvalidRequest": "mnemos_contract.errors",
    "MemoryNotFound": "mnemos_contract.errors",
    "ServerUnreachable": "mnemos_contract.errors",
    "UnexpectedResponse": "mnemos_contract.errors",
    "VersionConflict": "mnemos_contract.errors",
}


def __getattr__(name: str) -> object:
    """Load a public name on first use."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - hooks don't need it

    value: object = getattr(import_module(_HOMES.get(name, "mnemos_contract")), name)
    globals()[name] = value
    return value

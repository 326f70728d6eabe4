"""The wire contract of mnemos: everything that server and clients exchange.

Names are loaded on first use, so that a command that needs none of them doesn't wait for pydantic.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mnemos_contract.errors import ApiError, ErrorBody, MnemosError, error_from_body
    from mnemos_contract.history import Change, History, RestoreRequest
    from mnemos_contract.jobs import (
        Budget,
        Enrichment,
        Job,
        JobPage,
        JobQuery,
        JobState,
        RedactRequest,
        Spent,
        Usage,
    )
    from mnemos_contract.listing import ListQuery
    from mnemos_contract.memories import Memory, MemoryPage, MemoryState, MemoryType, Outcome
    from mnemos_contract.messages import Message, SessionMessage, SessionMessages, SessionMessagesQuery
    from mnemos_contract.recalls import (
        ConsideredMemory,
        LeftOut,
        Recall,
        RecallBlock,
        RecalledLine,
        RecallPage,
        RecallQuery,
        RecallRequest,
        RecallResponse,
        Silence,
    )
    from mnemos_contract.routes import ROUTES, ROUTES_BY_NAME, Access, Route
    from mnemos_contract.service import EmbeddingStatus, Health, Readiness, Version
    from mnemos_contract.tenants import KeyStatus, Provisioned
    from mnemos_contract.tools import TOOLS, Tool
    from mnemos_contract.writing import (
        BatchDeleteRequest,
        BatchDeleteResponse,
        StoreRequest,
        StoreResponse,
        UpdateRequest,
    )

__all__ = [
    "ROUTES",
    "ROUTES_BY_NAME",
    "TOOLS",
    "Access",
    "ApiError",
    "BatchDeleteRequest",
    "BatchDeleteResponse",
    "Budget",
    "Change",
    "ConsideredMemory",
    "EmbeddingStatus",
    "Enrichment",
    "ErrorBody",
    "Health",
    "History",
    "Job",
    "JobPage",
    "JobQuery",
    "JobState",
    "KeyStatus",
    "LeftOut",
    "ListQuery",
    "Memory",
    "MemoryPage",
    "MemoryState",
    "MemoryType",
    "Message",
    "MnemosError",
    "Outcome",
    "Provisioned",
    "Readiness",
    "Recall",
    "RecallBlock",
    "RecallPage",
    "RecallQuery",
    "RecallRequest",
    "RecallResponse",
    "RecalledLine",
    "RedactRequest",
    "RestoreRequest",
    "Route",
    "SessionMessage",
    "SessionMessages",
    "SessionMessagesQuery",
    "Silence",
    "Spent",
    "StoreRequest",
    "StoreResponse",
    "Tool",
    "UpdateRequest",
    "Usage",
    "Version",
    "error_from_body",
]

#: The names that each module defines.
_GIVEN = {
    "writing": (
        "BatchDeleteRequest",
        "BatchDeleteResponse",
        "StoreRequest",
        "StoreResponse",
        "UpdateRequest",
    ),
    "errors": ("ApiError", "ErrorBody", "MnemosError", "error_from_body"),
    "history": ("Change", "History", "RestoreRequest"),
    "jobs": (
        "Budget",
        "Enrichment",
        "Job",
        "JobPage",
        "JobQuery",
        "JobState",
        "RedactRequest",
        "Spent",
        "Usage",
    ),
    "listing": ("ListQuery",),
    "memories": ("Memory", "MemoryPage", "MemoryState", "MemoryType", "Outcome"),
    "messages": ("Message", "SessionMessage", "SessionMessages", "SessionMessagesQuery"),
    "recalls": (
        "ConsideredMemory",
        "LeftOut",
        "Recall",
        "RecallBlock",
        "RecallPage",
        "RecallQuery",
        "RecallRequest",
        "RecallResponse",
        "RecalledLine",
        "Silence",
    ),
    "routes": ("ROUTES", "ROUTES_BY_NAME", "Access", "Route"),
    "service": ("EmbeddingStatus", "Health", "Readiness", "Version"),
    "tenants": ("KeyStatus", "Provisioned"),
    "tools": ("TOOLS", "Tool"),
}
_HOMES = {name: module for module, names in _GIVEN.items() for name in names}


def __getattr__(name: str) -> object:
    """Load a public name on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value

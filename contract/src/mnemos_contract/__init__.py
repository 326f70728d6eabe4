"""The wire contract of mnemos: what server and clients say to each other, in one place."""

from __future__ import annotations

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
from mnemos_contract.memories import (
    BatchDeleteRequest,
    BatchDeleteResponse,
    ListQuery,
    Memory,
    MemoryPage,
    MemoryState,
    MemoryType,
    Outcome,
    StoreRequest,
    StoreResponse,
    UpdateRequest,
)
from mnemos_contract.messages import Message, SessionMessage, SessionMessages, SessionMessagesQuery
from mnemos_contract.routes import ROUTES, ROUTES_BY_NAME, Access, Route
from mnemos_contract.service import EmbeddingStatus, Health, Readiness, Version
from mnemos_contract.tenants import KeyStatus, Provisioned
from mnemos_contract.tools import TOOLS, Tool

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
    "RedactRequest",
    "RestoreRequest",
    "Route",
    "SessionMessage",
    "SessionMessages",
    "SessionMessagesQuery",
    "Spent",
    "StoreRequest",
    "StoreResponse",
    "Tool",
    "UpdateRequest",
    "Usage",
    "Version",
    "error_from_body",
]

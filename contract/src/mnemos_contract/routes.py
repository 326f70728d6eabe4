"""The route table: the one place that defines the requests of the API.

The server binds its handlers to it, and the client, the path constants of the hook runner, `openapi.json`
and `docs/http-api.md` are generated from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal

from mnemos_contract import errors
from mnemos_contract.base import WireModel
from mnemos_contract.history import History, RestoreRequest
from mnemos_contract.jobs import Job, JobPage, JobQuery, RedactRequest, Usage
from mnemos_contract.listing import ListQuery
from mnemos_contract.memories import Memory, MemoryPage
from mnemos_contract.messages import SessionMessages, SessionMessagesQuery
from mnemos_contract.recalls import Recall, RecallPage, RecallQuery, RecallRequest, RecallResponse
from mnemos_contract.service import EmbeddingStatus, Health, Readiness, Version
from mnemos_contract.tenants import KeyStatus, Provisioned
from mnemos_contract.writing import (
    BatchDeleteRequest,
    BatchDeleteResponse,
    StoreRequest,
    StoreResponse,
    UpdateRequest,
)

#: Where a tenant's routes live when the key is part of the path.
V1ALPHA1_BASE: Final = "/v1alpha1/mem9s/{api_key}"
#: Where a tenant's routes live when the key is in the X-API-Key header.
V1ALPHA2_BASE: Final = "/v1alpha2/mem9s"

API_KEY_HEADER: Final = "X-API-Key"
AGENT_HEADER: Final = "X-Mnemo-Agent-Id"
PROJECT_HEADER: Final = "X-Mnemo-Project"
SESSION_HEADER: Final = "X-Mnemo-Session-Id"
CONFLICT_HEADER: Final = "X-Mnemo-Conflict"
REQUEST_ID_HEADER: Final = "X-Request-Id"
IDEMPOTENCY_HEADER: Final = "Idempotency-Key"


class Access(Enum):
    """Who may call a route."""

    #: Anyone who can reach the server.
    ANYBODY = "anybody"
    #: Anyone with the tenant's key; the path is below both bases.
    TENANT = "tenant"


@dataclass(frozen=True, slots=True)
class Route:
    """One request of the API."""

    #: Name of the handler and of the client's method.
    name: str
    method: Literal["GET", "POST", "PUT", "DELETE"]
    #: Path, below the bases for `Access.TENANT`.
    path: str
    #: One sentence for the reference.
    doc: str
    #: Status of success.
    status: int
    access: Access = Access.TENANT
    #: Model of the body, for POST and PUT.
    body: type[WireModel] | None = None
    #: Model of the query string, for GET.
    query: type[WireModel] | None = None
    response: type[WireModel] | None = None
    #: Errors besides those that every route with its access can return.
    errors: tuple[type[errors.ApiError], ...] = ()
    #: Whether sending it twice has the same effect as once; a POST has it with an Idempotency-Key.
    idempotent: bool = True

    @property
    def paths(self) -> tuple[str, ...]:
        """Every full path of this route, the preferred one first."""
        if self.access is Access.ANYBODY:
            return (self.path,)
        return (V1ALPHA2_BASE + self.path, V1ALPHA1_BASE + self.path)

    @property
    def path_parameters(self) -> tuple[str, ...]:
        """Names in braces in `path`, in order."""
        return tuple(part[1:-1] for part in self.path.split("/") if part.startswith("{"))


#: Errors of every route.
COMMON_ERRORS: Final = (errors.RateLimited, errors.InternalError, errors.DatabaseUnavailable)
#: Errors of every route behind a key.
TENANT_ERRORS: Final = (errors.MissingApiKey, errors.InvalidApiKey, errors.TenantNotFound)
_BODY_ERRORS: Final = (errors.InvalidJson, errors.InvalidRequest, errors.PayloadTooLarge)

ROUTES: Final[tuple[Route, ...]] = (
    Route(
        name="store_memory",
        method="POST",
        path="/memories",
        doc="Store one memory, or the messages of a session. Everything is durable before the response.",
        status=202,
        body=StoreRequest,
        response=StoreResponse,
        errors=(*_BODY_ERRORS, errors.MemoryNotFound, errors.IdempotencyMismatch, errors.WriteConflict),
        idempotent=False,
    ),
    Route(
        name="list_memories",
        method="GET",
        path="/memories",
        doc="List memories, newest change first; with `q`, search them, best match first.",
        status=200,
        query=ListQuery,
        response=MemoryPage,
        errors=(errors.InvalidRequest,),
    ),
    Route(
        name="get_memory",
        method="GET",
        path="/memories/{memory_id}",
        doc="Return one memory, with its version as a quoted ETag.",
        status=200,
        response=Memory,
        errors=(errors.MemoryNotFound,),
    ),
    Route(
        name="update_memory",
        method="PUT",
        path="/memories/{memory_id}",
        doc="Change the fields that are sent, if a quoted If-Match or `expected_version` matches.",
        status=200,
        body=UpdateRequest,
        response=Memory,
        errors=(*_BODY_ERRORS, errors.MemoryNotFound, errors.VersionConflict, errors.WriteConflict),
        idempotent=False,
    ),
    Route(
        name="delete_memory",
        method="DELETE",
        path="/memories/{memory_id}",
        doc="Delete one memory and keep its last state. Deleting it again isn't an error.",
        status=204,
        errors=(errors.MemoryNotFound, errors.WriteConflict),
    ),
    Route(
        name="delete_memories",
        method="POST",
        path="/memories/batch-delete",
        doc="Delete up to 1,000 memories at once.",
        status=200,
        body=BatchDeleteRequest,
        response=BatchDeleteResponse,
        errors=(*_BODY_ERRORS, errors.WriteConflict),
    ),
    Route(
        name="get_history",
        method="GET",
        path="/memories/{memory_id}/history",
        doc="Return a memory in any state and all its changes, latest first.",
        status=200,
        response=History,
        errors=(errors.MemoryNotFound,),
    ),
    Route(
        name="restore_memory",
        method="POST",
        path="/memories/{memory_id}/restore",
        doc="Restore a deleted or superseded memory, or an earlier version, as a new version.",
        status=200,
        body=RestoreRequest,
        response=Memory,
        errors=(
            *_BODY_ERRORS,
            errors.MemoryNotFound,
            errors.VersionNotFound,
            errors.IdempotencyMismatch,
            errors.WriteConflict,
        ),
        idempotent=False,
    ),
    Route(
        name="list_session_messages",
        method="GET",
        path="/session-messages",
        doc="Return the messages of up to 100 sessions, in the order in which they were said.",
        status=200,
        query=SessionMessagesQuery,
        response=SessionMessages,
        errors=(errors.InvalidRequest,),
    ),
    Route(
        name="get_embedding_status",
        method="GET",
        path="/embedding",
        doc="Return which model embeds memories, and how many are embedded.",
        status=200,
        response=EmbeddingStatus,
    ),
    Route(
        name="list_jobs",
        method="GET",
        path="/jobs",
        doc="List jobs, latest change first.",
        status=200,
        query=JobQuery,
        response=JobPage,
        errors=(errors.InvalidRequest,),
    ),
    Route(
        name="get_job",
        method="GET",
        path="/jobs/{job_id}",
        doc="Return one job: its state, attempts, progress and error.",
        status=200,
        response=Job,
        errors=(errors.JobNotFound,),
    ),
    Route(
        name="redact_stored",
        method="POST",
        path="/redactions",
        doc="Start a job that redacts secrets in everything stored, or only counts them.",
        status=202,
        body=RedactRequest,
        response=Job,
        errors=(*_BODY_ERRORS, errors.WriteConflict),
        idempotent=False,
    ),
    Route(
        name="recall",
        method="POST",
        path="/recall",
        doc="Return what a model is to be shown for a prompt or at the start of a session, or why nothing.",
        status=200,
        body=RecallRequest,
        response=RecallResponse,
        errors=_BODY_ERRORS,
    ),
    Route(
        name="list_recalls",
        method="GET",
        path="/recalls",
        doc="List recent recalls, latest first: what was shown, what was left out, and why.",
        status=200,
        query=RecallQuery,
        response=RecallPage,
        errors=(errors.InvalidRequest,),
    ),
    Route(
        name="get_recall",
        method="GET",
        path="/recalls/{recall_id}",
        doc="Return the record of one recall.",
        status=200,
        response=Recall,
        errors=(errors.RecallNotFound,),
    ),
    Route(
        name="get_usage",
        method="GET",
        path="/usage",
        doc="Return what language and embedding models cost, and today's budgets.",
        status=200,
        response=Usage,
    ),
    Route(
        name="provision_tenant",
        method="POST",
        path="/v1alpha1/mem9s",
        doc="Create a tenant and its key, which is only shown once.",
        status=201,
        access=Access.ANYBODY,
        response=Provisioned,
        errors=(errors.AccessDenied,),
        idempotent=False,
    ),
    Route(
        name="get_key_status",
        method="GET",
        path="/v1alpha2/status",
        doc="Check whether the key in X-API-Key grants access to its tenant.",
        status=200,
        access=Access.ANYBODY,
        response=KeyStatus,
        errors=(errors.MalformedApiKey, errors.KeyNotFound),
    ),
    Route(
        name="get_health",
        method="GET",
        path="/healthz",
        doc="Check that the process responds, without the database.",
        status=200,
        access=Access.ANYBODY,
        response=Health,
    ),
    Route(
        name="get_readiness",
        method="GET",
        path="/readyz",
        doc="Check that the database responds too.",
        status=200,
        access=Access.ANYBODY,
        response=Readiness,
    ),
    Route(
        name="get_version",
        method="GET",
        path="/versionz",
        doc="Return the version and the start time of the server.",
        status=200,
        access=Access.ANYBODY,
        response=Version,
    ),
)

#: Every route by its name.
ROUTES_BY_NAME: Final = {route.name: route for route in ROUTES}

"""Memories as models read them: short names, days instead of times, nothing empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mnemos_contract.history import History
from mnemos_contract.memories import Memory, MemoryPage, MemoryState, MemoryType
from mnemos_contract.writing import StoreResponse

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

JsonObject = dict[str, object]

#: Members of a memory that a history shows if the change changed them.
_TOLD = ("content", "tags", "metadata", "source", "state", "superseded_by")


def show_memory(memory: Memory) -> JsonObject:
    """Return everything of a memory that a model can use."""
    changed = memory.updated_at if memory.version > 1 else None
    return _filled(
        id=memory.id,
        content=memory.content,
        **_show_kind(memory),
        source=memory.source if memory.source != memory.agent_id else None,
        agent_id=memory.agent_id,
        session_id=memory.session_id,
        metadata=memory.metadata,
        version=memory.version,
        created_at=_show_day(memory.created_at),
        updated_at=changed and _show_day(changed),
        updated_by=memory.updated_by if changed else None,
        **_show_successor(memory),
    )


def show_history(history: History) -> JsonObject:
    """Return a memory and its changes, latest first; each with the earlier values of what it changed."""
    after: dict[str, Any] = history.memory.model_dump(mode="json", exclude_none=True)
    changes = []
    for change in history.changes:
        before = change.before
        told = None
        if before is not None:
            told = {name: before.get(name) for name in _TOLD if before.get(name) != after.get(name)}
            after = before
        changes.append(
            _filled(
                action=change.action,
                version=change.version,
                at=change.happened_at.isoformat(timespec="seconds"),
                agent_id=change.agent_id,
                before=told,
                detail=change.detail,
            )
        )
    return show_memory(history.memory) | {"history": changes}


def show_page(page: MemoryPage) -> JsonObject:
    """Return a page of a list or a search, and its position."""
    memories = [show_hit(memory) for memory in page.memories]
    return {"memories": memories, "total": page.total, "limit": page.limit, "offset": page.offset}


def show_hit(memory: Memory) -> JsonObject:
    """Return one memory of a list or a search: enough to use it, and the id to get the rest."""
    return _filled(
        id=memory.id,
        content=memory.content,
        confidence=memory.confidence,
        relative_age=memory.relative_age,
        **_show_kind(memory),
        source=memory.source if memory.source != memory.agent_id else None,
        agent_id=memory.agent_id,
        metadata=memory.metadata,
        created_at=_show_day(memory.created_at),
        **_show_successor(memory),
    )


def show_stored(response: StoreResponse) -> JsonObject:
    """Return the result of a store, without the content: the model has just sent it."""
    memory = response.memory
    if memory is None:
        return _filled(id=response.id, outcome=response.outcome.value)
    return _filled(
        id=memory.id,
        outcome=response.outcome.value,
        version=memory.version,
        **_show_kind(memory),
        source=memory.source if memory.source != memory.agent_id else None,
        created_at=_show_day(memory.created_at),
        superseded=response.superseded,
    )


def _show_successor(memory: Memory) -> JsonObject:
    """Return what superseded the memory, and when."""
    since = memory.superseded_at
    return _filled(superseded_by=memory.superseded_by, superseded_at=since and _show_day(since))


def _show_kind(memory: Memory) -> JsonObject:
    """Return subject, tags and project, and type and state if they aren't the default."""
    return _filled(
        subject=memory.subject,
        tags=memory.tags,
        memory_type=None if memory.memory_type is MemoryType.INSIGHT else memory.memory_type.value,
        state=None if memory.state is MemoryState.ACTIVE else memory.state.value,
        project=memory.project,
    )


def _show_day(moment: datetime) -> str:
    return moment.date().isoformat()


def _filled(**members: object) -> JsonObject:
    """Leave out what is empty; a confidence of 0 isn't empty."""
    return {name: value for name, value in members.items() if value is not None and value not in ("", [], {})}

"""The five tools that agents see: one JSON schema for MCP and for every plugin.

Names and parameters are those of mem9, so that prompts written for it work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from mnemos_contract.base import Tags
from mnemos_contract.limits import MAX_CONTENT_BYTES, MAX_NAME_CHARACTERS, MAX_PAGE_SIZE


class ToolArguments(BaseModel):
    """Arguments of a tool. Unknown ones are rejected by name, so that a model can correct its call."""

    model_config = ConfigDict(extra="forbid", frozen=True)


_Text = Annotated[str, StringConstraints(min_length=1, max_length=MAX_CONTENT_BYTES)]
_Name = Annotated[str, StringConstraints(max_length=MAX_NAME_CHARACTERS)]
_Id = Annotated[str, StringConstraints(min_length=1), Field(description="Id of the memory.")]


class StoreArguments(ToolArguments):
    """Arguments of memory_store."""

    content: Annotated[_Text, Field(description="One fact, understandable on its own.")]
    tags: Annotated[Tags, Field(max_length=20, description="Up to 20 tags.")] = []
    source: Annotated[_Name | None, Field(description="Where the fact comes from.")] = None
    metadata: Annotated[dict[str, Any] | None, Field(description="JSON object to keep with it.")] = None
    pinned: Annotated[bool, Field(description="Protect it from automatic changes.")] = False
    project: Annotated[
        _Name | None, Field(description="Project it belongs to; omit if it applies everywhere.")
    ] = None
    subject: Annotated[
        _Name | None,
        Field(
            description="Key of a fact with one current value, e.g. user/employer. Supersedes the old memory "
            "with this subject."
        ),
    ] = None
    replaces: Annotated[str | None, Field(description="Id of a memory that it supersedes.")] = None


class SearchArguments(ToolArguments):
    """Arguments of memory_search."""

    q: Annotated[str, Field(description="Query in plain words; omit to list by age.")] = ""
    tags: Annotated[str, Field(description="Comma-separated; hits have all of these tags.")] = ""
    source: Annotated[_Name | None, Field(description="Only from this source.")] = None
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE_SIZE, description="Maximum number of hits.")] = 10
    offset: Annotated[int, Field(ge=0, description="Number of hits to skip.")] = 0
    memory_type: Annotated[
        str, Field(description="Comma-separated types: pinned, insight, session. Default: all.")
    ] = ""
    project: Annotated[_Name | None, Field(description="Only from this project.")] = None
    as_of: Annotated[
        str | None,
        Field(
            description="Search what was current at this time: a date (2026-11-24) or a time "
            "(2026-11-24T10:00:00Z)."
        ),
    ] = None


class GetArguments(ToolArguments):
    """Arguments of memory_get."""

    id: _Id
    history: Annotated[bool, Field(description="Add its changes; also finds deleted memories.")] = False


class UpdateArguments(ToolArguments):
    """Arguments of memory_update."""

    id: _Id
    content: Annotated[_Text | None, Field(description="New text; omit to keep the old one.")] = None
    tags: Annotated[Tags | None, Field(max_length=20, description="Replaces all its tags.")] = None
    source: Annotated[_Name | None, Field(description="Where the fact comes from.")] = None
    metadata: Annotated[dict[str, Any] | None, Field(description="Replaces the whole metadata.")] = None
    expected_version: Annotated[
        int | None, Field(ge=1, description="Only update if this is the memory's current version.")
    ] = None


class DeleteArguments(ToolArguments):
    """Arguments of memory_delete."""

    id: _Id


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool: its name, the description that models read, and its arguments."""

    name: str
    description: str
    arguments: type[ToolArguments]

    @property
    def input_schema(self) -> dict[str, Any]:
        """JSON schema of the arguments, without the titles that pydantic adds."""
        schema: dict[str, Any] = plain_schema(self.arguments.model_json_schema())
        schema.pop("description", None)
        return schema


def plain_schema(node: Any) -> Any:
    """Drop titles and write `X | null` as X: hosts read simple schemas best, and null means absent."""
    if isinstance(node, list):
        return [plain_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    options = [option for option in node.get("anyOf", []) if option != {"type": "null"}]
    if len(options) == 1:
        node = {**options[0], **{key: value for key, value in node.items() if key != "anyOf"}}
    return {
        key: {name: plain_schema(value) for name, value in item.items()}
        if key == "properties"
        else plain_schema(item)
        for key, item in node.items()
        if key != "title" and not (key == "default" and item is None)
    }


TOOLS: Final[tuple[Tool, ...]] = (
    Tool(
        name="memory_store",
        description="Store a lasting memory for all agents with this key. Returns its id.",
        arguments=StoreArguments,
    ),
    Tool(
        name="memory_search",
        description="Search the shared memory: best hits first, confidence 0-100. Without q: newest first.",
        arguments=SearchArguments,
    ),
    Tool(
        name="memory_get",
        description="Read a memory by its id.",
        arguments=GetArguments,
    ),
    Tool(
        name="memory_update",
        description="Change a memory by its id; omitted fields stay unchanged.",
        arguments=UpdateArguments,
    ),
    Tool(
        name="memory_delete",
        description="Delete a memory by its id. The server keeps its last state.",
        arguments=DeleteArguments,
    ),
)

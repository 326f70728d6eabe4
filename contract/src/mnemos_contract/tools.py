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
    """Arguments of a tool. Unknown ones are refused by name, so that a model can mend its call."""

    model_config = ConfigDict(extra="forbid", frozen=True)


_Text = Annotated[str, StringConstraints(min_length=1, max_length=MAX_CONTENT_BYTES)]
_Name = Annotated[str, StringConstraints(max_length=MAX_NAME_CHARACTERS)]
_Id = Annotated[str, StringConstraints(min_length=1), Field(description="Id of the memory.")]


class StoreArguments(ToolArguments):
    """Arguments of memory_store."""

    content: Annotated[_Text, Field(description="The statement to remember: one fact, understandable alone.")]
    tags: Annotated[Tags, Field(max_length=20, description="Up to 20 tags.")] = []
    source: Annotated[_Name | None, Field(description="Where it comes from.")] = None
    metadata: Annotated[dict[str, Any] | None, Field(description="Any JSON object kept with it.")] = None
    pinned: Annotated[bool, Field(description="Keep it exactly as it is; nothing automatic changes it.")] = (
        False
    )
    project: Annotated[
        _Name | None, Field(description="The project it belongs to; leave out for what holds everywhere.")
    ] = None
    subject: Annotated[
        _Name | None,
        Field(
            description="What it says something about, such as user/employer: it takes the place of what "
            "was said about the same before."
        ),
    ] = None
    replaces: Annotated[str | None, Field(description="Id of a memory whose place it takes.")] = None


class SearchArguments(ToolArguments):
    """Arguments of memory_search."""

    q: Annotated[str, Field(description="What to look for, in plain words; leave out to list by age.")] = ""
    tags: Annotated[str, Field(description="Comma-separated tags that must all be there.")] = ""
    source: Annotated[_Name | None, Field(description="Only from this source.")] = None
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE_SIZE, description="How many, 10 by default.")] = 10
    offset: Annotated[int, Field(ge=0, description="How many to skip.")] = 0
    memory_type: Annotated[
        str, Field(description="Comma-separated types: pinned, insight, session. All by default.")
    ] = ""
    project: Annotated[_Name | None, Field(description="Only of this project.")] = None
    as_of: Annotated[
        str | None,
        Field(
            description="What was known at this time: a date such as 2026-11-24, or a moment such as "
            "2026-11-24T10:00:00Z."
        ),
    ] = None


class GetArguments(ToolArguments):
    """Arguments of memory_get."""

    id: _Id
    history: Annotated[bool, Field(description="Also what happened to it; finds deleted memories too.")] = (
        False
    )


class UpdateArguments(ToolArguments):
    """Arguments of memory_update."""

    id: _Id
    content: Annotated[_Text | None, Field(description="The new text; leave out to keep the old one.")] = None
    tags: Annotated[Tags | None, Field(max_length=20, description="All tags it shall have from now on.")] = (
        None
    )
    source: Annotated[_Name | None, Field(description="Where it comes from.")] = None
    metadata: Annotated[dict[str, Any] | None, Field(description="Replaces the whole metadata.")] = None
    expected_version: Annotated[
        int | None, Field(ge=1, description="Refuse the update when the memory has another version by now.")
    ] = None


class DeleteArguments(ToolArguments):
    """Arguments of memory_delete."""

    id: _Id


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool: its name, what a model reads about it, and its arguments."""

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
    """Drop titles and write `X | null` as X: hosts read simple schemas best, and absent means the same."""
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
        description="Store a lasting memory that every agent with this key can find. Answers with its id.",
        arguments=StoreArguments,
    ),
    Tool(
        name="memory_search",
        description="Search the shared memory: best first, confidence 0-100. Without q: newest first.",
        arguments=SearchArguments,
    ),
    Tool(
        name="memory_get",
        description="Read one memory by its id.",
        arguments=GetArguments,
    ),
    Tool(
        name="memory_update",
        description="Change a memory by its id; what you leave out stays as it is.",
        arguments=UpdateArguments,
    ),
    Tool(
        name="memory_delete",
        description="Delete a memory by its id. Its last state is kept on the server.",
        arguments=DeleteArguments,
    ),
)

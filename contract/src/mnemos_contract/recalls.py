"""Recall: what a model is shown at the start of a session and with a prompt, and the record of it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from mnemos_contract.base import Moment, Name, WireModel
from mnemos_contract.limits import MAX_PROMPT_CHARACTERS, MAX_RECALL_TOKENS, MAX_SHOWN


class Silence(StrEnum):
    """Why a block has no lines."""

    #: The prompt has too few words, or is a command of the host.
    NO_QUESTION = "no_question"
    #: Nothing is stored yet that could be shown.
    NOTHING_STORED = "nothing_stored"
    #: Nothing that is stored is near enough to the prompt.
    NOTHING_NEAR = "nothing_near"
    #: The prompt doesn't depend on anything that is remembered.
    NOT_NEEDED = "not_needed"
    #: Everything that fits was shown in this session already.
    SHOWN_ALREADY = "shown_already"


class LeftOut(StrEnum):
    """Why a memory that was found isn't shown."""

    #: It has less to do with the prompt than the ones shown.
    WEAK = "weak"
    #: It repeats the prompt.
    REPEATS_PROMPT = "repeats_prompt"
    #: It says the same as one that is shown.
    SAME = "same"
    #: A newer one that is shown corrects it.
    CORRECTED = "corrected"
    #: It was said in this session.
    THIS_SESSION = "this_session"
    #: It was shown in this session already.
    SHOWN_ALREADY = "shown_already"
    #: The budget of tokens was used up.
    OVER_BUDGET = "over_budget"
    #: It belongs to another project.
    OTHER_PROJECT = "other_project"


def _check_prompt(prompt: str) -> str:
    if len(prompt) > MAX_PROMPT_CHARACTERS:
        raise ValueError(f"too long (max {MAX_PROMPT_CHARACTERS} characters)")
    return prompt


#: Text of a prompt, at most 20,000 characters.
Prompt = Annotated[str, AfterValidator(_check_prompt)]


class RecallRequest(WireModel):
    """What a model may be shown now: for a prompt, for the start of a session, or both."""

    prompt: Prompt | None = None
    """The prompt, as the person wrote it. Absent: no block for a prompt."""
    begins: bool = False
    """Whether a block for the start of the session is wanted."""
    session_id: Name | None = None
    """The session; what was said in it isn't shown."""
    project: Name | None = None
    """The project that the agent works in."""
    only_project: bool = False
    """Show only memories of this project, and those of no project."""
    shown: list[str] = Field(default=[], max_length=MAX_SHOWN)
    """Keys of the lines that the conversation already shows, at most 1,000. The key of a line is the CRC-32
    of its UTF-8 text, as eight hexadecimal digits."""
    max_tokens: int = Field(default=480, ge=1, le=MAX_RECALL_TOKENS)
    """Maximum number of tokens of one block, estimated."""
    min_confidence: int = Field(default=0, ge=0, le=100)
    """Minimum confidence of a memory that is shown with a prompt, 0 to 100."""

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if self.prompt is None and not self.begins:
            raise ValueError("prompt: a recall needs a prompt, or begins")
        return self


class RecalledLine(WireModel):
    """One line of a block."""

    memory_id: str
    """Id of the memory that it shows."""
    key: str
    """Identifies this line in `shown`."""
    text: str
    """The finished line: `- [id, day, speaker] text`."""


class RecallBlock(WireModel):
    """The lines of one block, most important first; or why there are none."""

    lines: list[RecalledLine]
    """The lines."""
    silence: Silence | None = None
    """Why there are no lines."""


class RecallResponse(WireModel):
    """What a model is to be shown."""

    recall_id: str | None = None
    """Id of the record of this recall; absent if the server keeps none."""
    session: RecallBlock | None = None
    """The block for the start of the session, if it was requested."""
    prompt: RecallBlock | None = None
    """The block for the prompt, if it was requested."""


class ConsideredMemory(WireModel):
    """A memory that a recall found, and what became of it."""

    memory_id: str
    """Id of the memory."""
    confidence: int
    """Probability that it matters for the prompt, in percent; 0 at the start of a session."""
    left_out: LeftOut | None = None
    """Why it wasn't shown; absent if it was."""
    content: str | None = None
    """Its text now, up to 500 characters; absent if it was deleted since."""


class Recall(WireModel):
    """The record of one recall."""

    id: str
    """13 characters, like the id of a memory."""
    created_at: Moment
    """When it happened, UTC."""
    event: str
    """`session` or `prompt`."""
    prompt: str | None = None
    """The beginning of the prompt, without secrets."""
    session_id: str | None = None
    """The session."""
    project: str | None = None
    """The project."""
    agent_id: str | None = None
    """The agent."""
    silence: Silence | None = None
    """Why nothing was shown."""
    tokens: int
    """Estimated tokens of the lines shown."""
    elapsed_ms: int
    """Time that the server took, in milliseconds."""
    memories: list[ConsideredMemory]
    """What was shown, then what was left out, each best first."""


class RecallPage(WireModel):
    """Recalls, latest first."""

    recalls: list[Recall]
    """The recalls."""


class RecallQuery(WireModel):
    """Which recalls to list."""

    session_id: Name | None = None
    """Only those of this session."""
    silent: bool | None = None
    """Only those that showed nothing, or with `false` only those that showed something."""
    limit: int = Field(default=20, ge=1, le=200)
    """Maximum number of recalls, 1 to 200."""

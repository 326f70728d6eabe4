"""Asks a model for an object of a given form, and asks once more if the response is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from mnemo_server.domain.tokens import cut_middle
from mnemo_server.llm.json_objects import find_objects
from mnemo_server.llm.ports import Completion, InvalidCompletion, LanguageModel, ModelError, Prompt, Used
from mnemo_server.llm.prompts.boundary import Fence, defuse
from mnemo_server.llm.prompts.files import Wording

MAX_ANSWER_CHARACTERS: Final = 200_000
"""Longer responses aren't read: no response within the requested limits is longer."""

#: Limits of the faults that are reported about a response: their number, and the characters of each.
_SHOWN_FAULTS: Final = 8
_SHOWN_CHARACTERS: Final = 200
#: Of several JSON objects in one response, this many of the last ones are read.
_READ_OBJECTS: Final = 20
#: Limit of tokens of a wrong response that are shown to the model again.
_SHOWN_TOKENS: Final = 2_000

A = TypeVar("A", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Structured(Generic[A]):
    """A response of the right form, and what all attempts used."""

    value: A
    used: Used


class NotOfThisForm(ValueError):
    """A response doesn't have the requested form; `faults` says why, without quoting it."""

    def __init__(self, *faults: str) -> None:
        """Accept at least one fault, each a sentence or a phrase."""
        super().__init__("; ".join(faults))
        self.faults = faults


async def ask(model: LanguageModel, prompt: Prompt, form: type[A], repair: Wording) -> Structured[A]:
    """Ask for one object; if the response is wrong, show it to the model with its faults and ask once more.

    Raises:
        ModelUnavailable: ask again later.
        ModelRefused: never ask this again.
        InvalidCompletion: both responses were wrong. All three errors contain what was used.
    """
    first = await model.complete(prompt.system, prompt.user, prompt.max_output_tokens)
    try:
        return Structured(read_response(first, form), first.used)
    except NotOfThisForm as error:
        again = _repair(prompt, first, error, repair)
    try:
        second = await model.complete(again.system, again.user, again.max_output_tokens)
    except ModelError as error:
        error.used += first.used
        raise
    used = first.used + second.used
    try:
        return Structured(read_response(second, form), used)
    except NotOfThisForm as error:
        raise InvalidCompletion(
            f"The language model answered twice in a wrong form: {error}.", used
        ) from None


def read_response(completion: Completion, form: type[A]) -> A:
    """Return the only object of the form in a response, whatever surrounds it.

    Raises:
        NotOfThisForm: there is none, or several that differ.
    """
    try:
        return _read_text(completion.text, form)
    except NotOfThisForm as error:
        if completion.is_cut:
            raise NotOfThisForm("it was cut off at the longest length allowed", *error.faults) from None
        raise


def _read_text(text: str, form: type[A]) -> A:
    if len(text) > MAX_ANSWER_CHARACTERS:
        raise NotOfThisForm(f"it is longer than {MAX_ANSWER_CHARACTERS} characters")
    found: list[A] = []
    faults: Sequence[str] = ("it holds no complete JSON object",)
    for passage in find_objects(text.encode("utf-8", "replace").decode())[-_READ_OBJECTS:]:
        try:
            found.append(form.model_validate_json(passage, strict=True))
        except ValidationError as error:
            faults = _name_faults(error)
    if not found:
        raise NotOfThisForm(*faults)
    if any(one != found[0] for one in found):
        raise NotOfThisForm("it holds several JSON objects that differ")
    return found[0]


def _name_faults(error: ValidationError) -> list[str]:
    """Return what is wrong and where, without quoting the text."""
    faults = []
    for fault in error.errors(include_url=False, include_input=False)[:_SHOWN_FAULTS]:
        where = ".".join(map(str, fault["loc"]))
        message = fault["msg"].removeprefix("Value error, ")
        faults.append((f"{where}: {message}" if where else message)[:_SHOWN_CHARACTERS])
    return faults


def _repair(prompt: Prompt, response: Completion, error: NotOfThisForm, repair: Wording) -> Prompt:
    """Return the request to correct a response, which may repeat what others wrote."""
    fence = Fence.choose([prompt.user, response.text])
    shown = cut_middle(defuse(response.text), _SHOWN_TOKENS)
    faults = "\n".join(f"- {fault}" for fault in error.faults)
    user = (
        f"{prompt.user}\n\n{repair.text}\nThe boundary of what follows is {fence.sign}\n\n"
        f"{fence.section('your answer', shown)}{fence.section('what is wrong about it', faults)}{fence.end()}"
    )
    return replace(prompt, user=user)

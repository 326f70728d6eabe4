"""What all wire models share: how they are read and written, and common field types."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from mnemos_contract.limits import MAX_NAME_CHARACTERS, MAX_TAG_CHARACTERS, MAX_TAGS


class WireModel(BaseModel):
    """A JSON object of the API. Unknown members are ignored: older and newer peers may send them.

    The docstring under a field is its description in openapi.json and in the HTTP reference.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, use_attribute_docstrings=True)

    def to_json(self) -> bytes:
        """Return the model as JSON of a response, without absent members."""
        return self.__pydantic_serializer__.to_json(self, exclude_none=True)

    def to_request(self) -> bytes:
        """Return the model as JSON of a request: only what was set, explicit nulls included."""
        return self.__pydantic_serializer__.to_json(self, exclude_unset=True)


def _drop_repeats(tags: list[str]) -> list[str]:
    """Keep each non-empty tag once, in the order given."""
    return list(dict.fromkeys(tag for tag in tags if tag))


def _check_tag_count(tags: list[str]) -> list[str]:
    if len(tags) > MAX_TAGS:
        raise ValueError(f"too many (max {MAX_TAGS})")
    return tags


#: A short name such as an agent id: trimmed, at most 200 characters.
Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_NAME_CHARACTERS)]
#: One tag: trimmed, at most 200 characters.
Tag = Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_TAG_CHARACTERS)]
#: Up to 20 tags; empty ones and repeats are dropped.
Tags = Annotated[
    list[Tag],
    AfterValidator(_check_tag_count),
    AfterValidator(_drop_repeats),
    Field(json_schema_extra={"maxItems": MAX_TAGS}),
]


def _to_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("must be between the years 1 and 9999, UTC") from None


#: A time: RFC 3339 with an offset on the wire, UTC here.
Moment = Annotated[AwareDatetime, AfterValidator(_to_utc)]


def to_microseconds(moment: datetime) -> int:
    """Return a time as microseconds since 1970-01-01 UTC, exactly."""
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds

"""Limits of the wire contract, each with its unit. Server and client both enforce them."""

from __future__ import annotations

from typing import Final

#: Bytes of UTF-8 in the content of one memory.
MAX_CONTENT_BYTES: Final = 50_000
#: Bytes of UTF-8 in one message; a whole window of mem9's clients has no more than this.
MAX_MESSAGE_BYTES: Final = 200_000
#: Bytes of all contents in one session-messages response.
MAX_ANSWER_BYTES: Final = 33_554_432
#: Tags on one memory.
MAX_TAGS: Final = 20
#: Characters of one tag.
MAX_TAG_CHARACTERS: Final = 200
#: Characters of an agent id, a session id, a source, a project or a speaker's name.
MAX_NAME_CHARACTERS: Final = 200
#: Rows of a page; a larger limit is reduced to this.
MAX_PAGE_SIZE: Final = 200
#: Rows of a page when the caller names no limit.
DEFAULT_PAGE_SIZE: Final = 10
#: Ids of one batch-delete, counted before repeats are dropped.
MAX_BATCH_IDS: Final = 1_000
#: Bytes of a JSON request body.
MAX_BODY_BYTES: Final = 1_048_576
#: Items of one comma-separated filter, such as `tags`.
MAX_FILTER_ITEMS: Final = 100
#: Sessions of one session-messages request.
MAX_SESSIONS: Final = 100
#: Messages of one session in a session-messages response, and the default.
MAX_MESSAGES_PER_SESSION: Final = 500
#: Characters of an Idempotency-Key.
MAX_IDEMPOTENCY_KEY_CHARACTERS: Final = 200
#: Characters of a prompt in a recall; hooks send the beginning and the end of a longer one.
MAX_PROMPT_CHARACTERS: Final = 20_000
#: Keys of lines that a recall may name as shown already.
MAX_SHOWN: Final = 1_000
#: Estimated tokens of one recalled block.
MAX_RECALL_TOKENS: Final = 8_000

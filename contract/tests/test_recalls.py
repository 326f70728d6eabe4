from __future__ import annotations

import pytest
from mnemos_contract.limits import MAX_PROMPT_CHARACTERS, MAX_SHOWN
from mnemos_contract.recalls import RecallRequest, RecallResponse, Silence
from pydantic import ValidationError


@pytest.mark.parametrize(
    "fields", [{"prompt": "which port?"}, {"begins": True}, {"prompt": "x" * MAX_PROMPT_CHARACTERS}]
)
def test_a_recall_needs_a_prompt_or_a_beginning(fields):
    assert RecallRequest.model_validate(fields).max_tokens > 0


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, "a recall needs a prompt, or begins"),
        ({"session_id": "s"}, "a recall needs a prompt, or begins"),
        ({"prompt": "x" * (MAX_PROMPT_CHARACTERS + 1)}, "too long"),
        ({"prompt": "x", "shown": ["k"] * (MAX_SHOWN + 1)}, "at most 1000"),
        ({"prompt": "x", "min_confidence": 101}, "less than or equal to 100"),
        ({"prompt": "x", "max_tokens": 0}, "greater than or equal to 1"),
    ],
)
def test_a_recall_that_makes_no_sense_is_refused(fields, reason):
    with pytest.raises(ValidationError, match=reason):
        RecallRequest.model_validate(fields)


def test_a_silent_block_says_why():
    response = RecallResponse.model_validate({"prompt": {"lines": [], "silence": "not_needed"}})

    assert response.prompt is not None
    assert response.prompt.silence is Silence.NOT_NEEDED
    assert response.session is None

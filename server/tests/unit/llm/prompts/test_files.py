"""The shipped prompts state the rules, and their version is derived from their text."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from mnemo_server.domain.enrichment.facts import MAX_FACT_CHARACTERS, MAX_FACT_TAGS, MAX_FACTS, read_subject
from mnemo_server.domain.enrichment.merge import MergeAction
from mnemo_server.domain.tokens import estimate_tokens
from mnemo_server.llm.json_objects import find_objects
from mnemo_server.llm.response_models import ExtractResponse, MergeResponse


def test_the_limits_are_stated(wordings):
    text = wordings.extract.text

    assert f"at most {MAX_FACTS} facts" in text
    assert f"below {MAX_FACT_CHARACTERS} characters" in text
    assert f"at most {MAX_FACT_TAGS}, from the tags in use" in text


def test_every_subject_in_the_prompt_has_a_valid_form(wordings):
    named = re.findall(r"`((?:user|person|project)/[a-z/-]+)`", wordings.extract.text)

    assert len(named) > 4
    assert [read_subject(subject) for subject in named] == named


def test_every_decision_is_explained(wordings):
    explained = re.findall(r"^- `(\w+)`: ", wordings.merge.text, re.MULTILINE)

    assert sorted(explained) == sorted(MergeAction)


def test_the_examples_are_valid_responses(wordings):
    examples = [text for text in find_objects(wordings.extract.text) if text.startswith('{"facts"')]
    responses = [ExtractResponse.model_validate_json(text, strict=True) for text in examples]
    decision = next(text for text in find_objects(wordings.merge.text) if text.startswith('{"decision"'))

    assert [len(response.facts) for response in responses] == [1, 0, 2]
    assert MergeResponse.model_validate_json(decision, strict=True).decision is MergeAction.ADD


@pytest.mark.parametrize("name", ["extract", "merge"])
def test_a_prompt_says_that_its_input_is_data_and_asks_for_json(wordings, name: str):
    text = getattr(wordings, name).text

    assert "it is never meant for you" in " ".join(text.split())
    assert "JSON" in text  # endpoints with a JSON mode require the word


def test_a_prompt_is_short(wordings):
    assert estimate_tokens(wordings.extract.text) < 2_000
    assert estimate_tokens(wordings.merge.text) < 1_000


def test_another_text_has_another_version(wordings):
    version = wordings.extract.version

    assert re.fullmatch(r"extract@[0-9a-f]{8}", version)
    assert replace(wordings.extract, text=wordings.extract.text + ".").version != version

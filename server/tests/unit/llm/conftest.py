from __future__ import annotations

import pytest
from mnemo_server.llm.prompts.files import Wordings, load_wordings
from mnemo_server.testing.language_model import ScriptedModel


@pytest.fixture(scope="session")
def wordings() -> Wordings:
    return load_wordings()


@pytest.fixture
def model() -> ScriptedModel:
    return ScriptedModel()

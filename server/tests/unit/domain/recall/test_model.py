from __future__ import annotations

import dataclasses

import pytest
from mnemo_server.services.recall.weights import find_model


@pytest.mark.parametrize(
    ("gate", "asks", "expected"),
    [(0.6, False, True), (0.4, False, False), (0.4, True, True), (-0.6, True, False)],
)
def test_a_question_needs_lower_odds_than_an_order(gate, asks, expected):
    model = dataclasses.replace(find_model(None), open_at=0.5, question_open_at=-0.5)

    assert model.opens(gate, asks=asks) is expected

from __future__ import annotations

import pytest
from mnemos_redaction import scan


@pytest.mark.parametrize("name", [name for _, name in (*scan._RULES, *scan._RULES_OF_WORDS)])
def test_every_rule_can_be_loaded(name: str) -> None:
    assert callable(scan._load_rule(name))

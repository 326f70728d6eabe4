"""Which statements are repeats, and which only look like repeats."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mnemo_server.domain.memories.likeness import FINGERPRINT_BYTES, fingerprint

from tests.support.growth import assert_linear


def fingerprint_of(
    content: str, memory_type: str = "insight", project: str | None = None, subject: str | None = None
):
    return fingerprint(content, memory_type=memory_type, project=project, subject=subject)


REPEATS = [
    ("Deploys need the VPN.", "deploys need the vpn"),
    ("Deploys need the VPN.", "  Deploys\tneed\n the VPN !"),
    ("Deploys need the VPN.", "Deploys need VPN"),
    ("The staging database is db-7", "Staging database: db-7."),
    ("Use `ruff`, not flake8", "use ruff not flake8"),
    ('He said "no"', "He said no."),
    ("Do not use X", "Don't use X!"),
    ("It isn't ready", "it is not ready"),
    ("We can't ship", "We cannot ship"),
    ("We can't ship", "we can\u2019t ship"),
    ("A, B, and C", "a, b and c"),
    ("Please remember that the port is 8080", "remember: port 8080"),
    ("The limit is 1,000", "limit 1,000"),
    ("Alerts \u2013 see the runbook", "Alerts - see the runbook"),
    ("数据库迁移在星期五进行、不要部署。", "数据库迁移在星期五进行 不要部署"),
    ("\uff21\uff22 costs \uff15", "ab costs 5"),
    ("Is it up?", "is it up ?"),
    ("[done] (see above)", "done see above"),
]

DIFFERENT = [
    ("use X", "do not use X"),
    ("use X", "don't use X"),
    ("port 8080", "port 8081"),
    ("turn on the cache", "turn off the cache"),
    ("deploy before the migration", "deploy after the migration"),
    ("works with TLS", "works without TLS"),
    ("We use tabs.", "We used tabs."),
    ("I work at Acme", "I worked at Acme"),
    ("The server is in Berlin", "The server was in Berlin"),
    ("Ann reports to Bob", "Bob reports to Ann"),
    ("Run A. Then run B.", "Then run B. Run A."),
    ("We use tabs?", "We use tabs."),
    ("the offset is 5", "the offset is -5"),
    ("n < 5", "n > 5"),
    ("the rate is 5", "the rate is 5%"),
    ("Use C", "Use C++"),
    ("run it with -v", "run it with -V"),
    ("read /srv/App", "read /srv/app"),
    ("set MAX_SIZE", "set max_size"),
    ("Use plan A", "Use the plan"),
    ("you must ask", "you may ask"),
    ("my editor is vim", "your editor is vim"),
    ("approved 👍", "approved 👎"),
    ("[x] tests", "[ ] tests"),
    ("version 1.2", "version 12"),
    ("costs 1,000", "costs 1 000"),
    ("不要部署", "要部署"),
    ("m²", "m³"),
    ("...", "???"),
    ("...", "the"),
    ("!!!", "..."),
]


@pytest.mark.parametrize(("one", "other"), REPEATS)
def test_other_forms_of_a_statement_have_its_fingerprint(one: str, other: str):
    assert fingerprint_of(one) == fingerprint_of(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_statements_in_similar_words_have_different_fingerprints(one: str, other: str):
    assert fingerprint_of(one) != fingerprint_of(other)


@pytest.mark.parametrize(
    "fields",
    [{"memory_type": "pinned"}, {"project": "atlas"}, {"subject": "user/city"}, {"project": "x\x1fy"}],
)
def test_the_same_words_of_another_type_project_or_subject_have_another_fingerprint(fields: dict):
    assert fingerprint_of("Deploys need the VPN") != fingerprint_of("Deploys need the VPN", **fields)
    assert fingerprint_of("Deploys need the VPN", **fields) == fingerprint_of(
        "deploys need the VPN.", **fields
    )


@given(st.text())
def test_every_text_has_a_fingerprint_that_ignores_surrounding_whitespace(content: str):
    assert len(fingerprint_of(content)) == FINGERPRINT_BYTES
    assert fingerprint_of(content) == fingerprint_of(f" \n {content}  ")


@given(st.lists(st.sampled_from(["use", "do", "not", "no", "tabs", "8080", "8081", "on", "off"]), max_size=6))
def test_every_added_word_changes_the_fingerprint(words: list[str]):
    text = " ".join(words)
    assert all(
        fingerprint_of(text) != fingerprint_of(" ".join([*words, extra])) for extra in ("not", "7", "off")
    )


def test_fingerprints_take_linear_time():
    for unit in ("x", "-", "'", "don't ", "?", "A ", "漢", "a.b-c'd", "((((", "e\u0301"):
        assert_linear(fingerprint_of, lambda length, unit=unit: unit * (length // len(unit)), 200_000)

from __future__ import annotations

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mnemos_redaction import MARK, Finding, redact
from mnemos_redaction.marks import STAND_IN
from mnemos_redaction.scan import lower

KEY = b"a key of this installation"
GITHUB = "ghp_" + "aB3" * 12
PASSWORD = "tr0ub4dor-and-3"


def texts_of(*pieces: str) -> st.SearchStrategy[str]:
    """Texts of pieces that rules look for, and of any characters between them."""
    return st.lists(st.sampled_from(pieces) | st.text(max_size=4), max_size=24).map("".join)


hostile_texts = texts_of(
    *(
        "password",
        "secret",
        "token",
        "api_key",
        "Authorization: Bearer ",
        "Cookie: sid=",
        "curl -u ",
        "mysql -p",
    ),
    *(
        "=",
        ":",
        " ",
        "\n",
        "'",
        '"',
        "\\",
        "\\n",
        "`",
        "://",
        "@",
        "&",
        ";",
        ",",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "--",
    ),
    *("<private>", "</private>", "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "MIIEab12" * 4),
    *(
        PASSWORD,
        GITHUB,
        "AKIA" + "Q3" * 8,
        "eyJhbGciOiJI.eyJzdWIiOiIx.",
        "密码",
        "は",
        "\u0130",
        STAND_IN,
        "${X}",
    ),
    *("[redacted:password:3f9a12c4]", "[redacted:", "3f9a12c4]", "machine a.b login c password "),
)


def test_a_text_without_secrets_is_given_back():
    redacted = redact("nothing to hide here", KEY)
    assert redacted.text == "nothing to hide here"
    assert redacted.findings == ()


def test_a_mark_stands_in_place_of_a_secret_and_the_rest_is_as_it_was():
    redacted = redact(f"push with {GITHUB}, please", KEY)
    (finding,) = redacted.findings
    assert redacted.text == f"push with [redacted:github_token:{finding.fingerprint}], please"
    assert finding == Finding("github_token", 10, 10 + len(GITHUB), finding.fingerprint)


def test_findings_come_in_the_order_of_the_text_with_their_places():
    text = f"password={PASSWORD}\nthen {GITHUB}\n"
    found = redact(text, KEY).findings
    assert [(finding.kind, text[finding.start : finding.end]) for finding in found] == [
        ("password", PASSWORD),
        ("github_token", GITHUB),
    ]


def test_a_secret_has_the_same_mark_wherever_it_stands():
    first, second = redact(f"a {GITHUB}", KEY).findings + redact(f"TOKEN={GITHUB}", KEY).findings
    assert first.fingerprint == second.fingerprint
    assert MARK.fullmatch(f"[redacted:{first.kind}:{first.fingerprint}]")


def test_another_installation_makes_other_fingerprints():
    here, there = (redact(GITHUB, key).findings[0].fingerprint for key in (KEY, b"another"))
    assert here != there


def test_different_secrets_have_different_marks():
    maker = random.Random(1)
    keys = {"ghp_" + "".join(maker.choices(string.ascii_letters + string.digits, k=36)) for _ in range(500)}
    marks = {redact(key, KEY).text for key in keys}
    assert len(marks) == len(keys)


def test_an_empty_key_is_refused_since_anybody_could_compute_the_fingerprints():
    with pytest.raises(ValueError, match="random bytes"):
        redact("x", b"")


def test_what_two_rules_find_is_taken_out_once():
    text = f'{{"password": "{GITHUB}"}}'
    (finding,) = redact(text, KEY).findings
    assert finding.kind == "github_token"  # it tells more than the name


def test_a_value_that_holds_a_key_is_taken_out_whole():
    redacted = redact(f"PASSWORD=before9-{GITHUB}-behind9", KEY)
    assert redacted.text == f"PASSWORD=[redacted:password:{redacted.findings[0].fingerprint}]"


def test_a_mark_is_left_alone_whatever_stands_around_it():
    for text in (
        "password=[redacted:password:3f9a12c4]",
        'token: "[redacted:token:3f9a12c4]"',
        "Authorization: Bearer [redacted:jwt:3f9a12c4]",
        "postgres://ann:[redacted:url_password:3f9a12c4]@db/app",
        "[redacted:secret:3f9a12c4][redacted:secret:3f9a12c4]",
        "the secret of [redacted:api_key:3f9a12c4] is safe",
    ):
        assert redact(text, KEY).text == text


def test_a_block_that_holds_a_mark_goes_with_it():
    redacted = redact("a <private>b [redacted:password:3f9a12c4]", KEY)
    assert redacted.text == f"a [redacted:private:{redacted.findings[0].fingerprint}]"


@pytest.mark.parametrize(
    "text",
    [
        f"{GITHUB}<private>x",  # a tag that is glued to a word opens nothing, but one behind a mark does
        "\u0130password=" * 40,
        "-----BEGIN PRIVATE KEY-----\n++++++++++++++++++++++++++++++" * 4,
    ],
)
def test_what_stands_beside_a_new_mark_is_read_once_more(text: str):
    once = redact(text, KEY)
    assert redact(once.text, KEY).text == once.text


def test_a_contrived_text_is_searched_eight_times_at_most():
    """Only once a password is replaced is the next one near enough to the command to be found."""
    text = "mosquitto_pub" + f" -P '{'sunn1day' * 40}'" * 12
    assert len(redact(text, KEY).findings) == 8


def test_a_secret_behind_a_mark_is_found():
    redacted = redact(f"[redacted:password:3f9a12c4] {GITHUB}", KEY)
    assert redacted.text.startswith("[redacted:password:3f9a12c4] [redacted:github_token:")


def test_lone_surrogates_are_no_hindrance():
    redacted = redact(f"password='\ud800{PASSWORD}'", KEY)
    assert PASSWORD not in redacted.text


@given(hostile_texts)
def test_redacting_a_redacted_text_changes_nothing(text: str):
    once = redact(text, KEY)
    again = redact(once.text, KEY)
    assert again.text == once.text
    assert again.findings == ()


@given(hostile_texts)
def test_findings_and_the_rest_make_up_the_text(text: str):
    redacted = redact(text, KEY)
    pieces, done = [], 0
    for finding in redacted.findings:
        assert done <= finding.start < finding.end
        pieces += text[done : finding.start], f"[redacted:{finding.kind}:{finding.fingerprint}]"
        done = finding.end
    assert "".join([*pieces, text[done:]]) == redacted.text


@given(texts_of("\u0130", "\u1e9e", "\ufb01", "A", "a"))
def test_lower_case_keeps_every_character_at_its_place(text: str):
    lowered = lower(text)
    assert len(lowered) == len(text)
    assert [low for low in lowered if low.isascii()] == [low for low in map(lower, text) if low.isascii()]

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mnemo_server.domain.memories.memory import ACTIVE, StoredMemory
from mnemo_server.domain.recall.lines import count_tokens, make_key, protect, write_line
from mnemos_contract.recalled import CLOSING, OPENING, strip_recalled

NOON = 1_772_539_200_000_000  # 2026-03-03T12:00:00Z


def make_memory(content: str = "The mast is oak.", **fields) -> StoredMemory:
    values = {"memory_type": "session", "role": "user", "created_at": NOON} | fields
    return StoredMemory(
        tenant_id=1, id=7, content=content, state=ACTIVE, version=1, content_hash=b"", updated_at=0, **values
    )


def test_a_line_contains_id_day_and_role():
    assert (
        write_line(make_memory(), "The mast is oak.")
        == "- [0000000000007, 2026-03-03, user] The mast is oak."
    )


@pytest.mark.parametrize(
    ("fields", "source"),
    [
        ({"role": "assistant"}, "assistant"),
        ({"name": "Ada [x], b"}, "Ada x b"),
        ({"role": None}, "message"),
        ({"memory_type": "insight"}, "note"),
        ({"memory_type": "pinned"}, "pinned"),
    ],
)
def test_a_line_names_its_source(fields, source):
    assert write_line(make_memory(**fields), "x") == f"- [0000000000007, 2026-03-03, {source}] x"


@pytest.mark.parametrize(
    "text", ["a -> b & c < d", "List<String> && x<y>", "if a <b then", "<div class='x'>"]
)
def test_ordinary_text_is_not_changed(text):
    assert protect(text) == text


@pytest.mark.parametrize(
    "tag",
    [
        OPENING,
        CLOSING,
        "</RELEVANT-MEMORIES >",
        "<system-reminder>",
        "<user>",
        "</assistant>",
        "<|im_start|>",
    ],
)
def test_tags_that_could_imitate_the_host_lose_their_bracket(tag):
    assert "<" not in protect(f"before {tag} after")


@given(st.lists(st.sampled_from([OPENING, CLOSING, "<", "/", " ", "relevant-memories", ">", "x"])))
def test_no_text_can_end_its_block(parts):
    block = f"{OPENING}\n{write_line(make_memory(), protect(''.join(parts)))}\n{CLOSING}"

    assert strip_recalled(f"{block}after") == "after"


def test_the_key_of_a_line_is_its_checksum():
    line = "- [1, 2026-03-03, user] 日本"

    assert make_key(line) == f"{zlib.crc32(line.encode()):08x}"


def test_tokens_are_estimated_by_script():
    assert count_tokens("abcd") == 1
    assert count_tokens("日本語") == 3

"""Hooks obey the limits of the contract, which they read from a generated copy."""

from __future__ import annotations

import json
import pkgutil
from importlib import import_module

import mnemos.hooks
import mnemos.hosts
import pytest
from mnemos._generated import limits as generated
from mnemos.hooks.messages import cut_content
from mnemos.hooks.upload.spool import Spool
from mnemos_contract import limits
from mnemos_contract.limits import MAX_BODY_BYTES, MAX_MESSAGE_BYTES, MAX_NAME_CHARACTERS
from mnemos_contract.writing import StoreRequest

LIMITS = {name: value for name, value in vars(limits).items() if name.isupper()}
MODULES = [
    module.name
    for package in (mnemos.hooks, mnemos.hosts)
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
]


def read_bodies(spool: Spool) -> list[bytes]:
    return [path.read_bytes() for path in spool.list_waiting()]


def test_the_generated_limits_are_those_of_the_contract() -> None:
    assert {name: value for name, value in vars(generated).items() if name.isupper()} == LIMITS


@pytest.mark.parametrize("name", MODULES)
def test_a_name_of_the_contract_has_the_value_of_the_contract(name) -> None:
    module = vars(import_module(name))
    known = {limit.lstrip("_"): value for limit, value in module.items() if limit.lstrip("_") in LIMITS}
    assert known == {limit: LIMITS[limit] for limit in known}


def test_a_message_of_the_largest_size_keeps_its_end(state, settings) -> None:
    text = "a word " * 28_000 + "the end"
    assert 190_000 < len(text) <= MAX_MESSAGE_BYTES
    spool = Spool(state, settings)
    spool.add({"session_id": "s"}, [{"role": "user", "content": cut_content(text), "seq": 0}])

    (body,) = read_bodies(spool)

    assert json.loads(body)["messages"][0]["content"] == text


@pytest.mark.parametrize("character", ["a", "é", "\u2028", "\N{ROCKET}", '"', "\n", "\x1b", "\ud800"])
def test_windows_of_the_largest_messages_fit_what_the_server_takes(state, settings, character) -> None:
    content = cut_content(character * MAX_MESSAGE_BYTES)
    frame = {"session_id": "\x1b" * 300, "agent_id": "\x1b" * 300, "project": "\x1b" * 300}
    spool = Spool(state, settings)
    spool.add(frame, [{"role": "user", "content": content, "seq": number} for number in range(11)])

    bodies = read_bodies(spool)

    requests = [StoreRequest.model_validate_json(body) for body in bodies]
    assert [message.seq for request in requests for message in request.messages or []] == list(range(11))
    assert all(len(body) <= MAX_BODY_BYTES for body in bodies)


def test_a_message_that_redaction_lengthens_is_cut_again(state, settings) -> None:
    secrets = "".join(f"password=hunter2{number:05d} " for number in range(9_000))
    spool = Spool(state, settings)
    spool.add({"session_id": "s"}, [{"role": "user", "content": cut_content(secrets), "seq": 0}])

    (body,) = read_bodies(spool)

    (message,) = json.loads(body)["messages"]
    assert "hunter2" not in message["content"]
    assert message["content"].endswith(" …")
    assert len(message["content"].encode()) <= MAX_MESSAGE_BYTES


def test_a_long_name_is_cut_to_what_the_server_takes(state, settings) -> None:
    spool = Spool(state, settings)
    spool.add({"session_id": "s" * 300}, [{"role": "user", "content": "x", "seq": 0}])

    (body,) = read_bodies(spool)

    assert json.loads(body)["session_id"] == "s" * MAX_NAME_CHARACTERS

"""The SQL files follow the rules: a tenant in each statement, every engine alike, nothing unused."""

from __future__ import annotations

import re
from dataclasses import fields
from importlib.resources import files
from pathlib import Path

import pytest
from mnemo_server.db.queries import Query, load_fragments, load_queries
from mnemo_server.db.statements import find_fragments
from mnemo_server.domain.memories.memory import StoredMemory

FOLDER = files("mnemo_server") / "sql"
FILES = sorted(path.name.removesuffix(".sql") for path in FOLDER.iterdir() if path.name.endswith(".sql"))
USERS = "\n".join(
    path.read_text(encoding="utf-8")
    for package in ("stores", "embedding")
    for path in sorted(Path(str(files("mnemo_server") / package)).rglob("*.py"))
)
#: The names that stores use for their query sets.
QUERY_SETS = "queries|memories|entries|sessions|tenants|vectors|jobs|history|usage|redaction|recalls"
#: Statements that aren't restricted to one tenant's rows, each with the reason.
WITHOUT_TENANT = {
    "count_tenants",  # whether the database is empty
    "embed_text",  # reads no rows
    "find_key",  # determines the tenant
    "remove_old_responses",  # cleanup for all tenants
    "remove_old_recalls",
    "list_models",  # models belong to the whole database
    "put_model",
    "choose_model",
    "find_unembedded",  # one sweep embeds for all tenants
    "count_waiting",
    "find_value",  # belongs to the whole installation
    "put_value",
    "list_due_tenants",  # determines which tenant is next
    "count_jobs",
    "find_old_jobs",  # cleanup for all tenants
    "count_waiting_of_tenants",
}


def text_of(name: str) -> str:
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def queries_of(variant: str) -> dict[str, Query]:
    return {
        query.name: query
        for name in FILES
        if name not in ("schema", "fragments")
        for query in load_queries(name, variant)  # type: ignore[arg-type]
    }


SQLITE, MYSQL = queries_of("sqlite"), queries_of("mysql")


def test_every_engine_has_the_same_queries_with_the_same_parameters():
    assert SQLITE.keys() == MYSQL.keys()
    differing = [name for name, query in SQLITE.items() if set(query.order) != set(MYSQL[name].order)]
    assert differing == []


@pytest.mark.parametrize("name", sorted(SQLITE))
def test_a_statement_names_its_tenant(name: str):
    for query in (SQLITE[name], MYSQL[name]):
        assert ("tenant_id" in query.order) is (name not in WITHOUT_TENANT)
        where = re.search(r"\bWHERE\b.*", query.text, re.DOTALL)
        if where and name not in WITHOUT_TENANT:
            assert re.search(r"\btenant_id = [:%]", where[0]), query.text


@pytest.mark.parametrize("name", sorted(SQLITE))
def test_a_query_is_used(name: str):
    assert re.search(rf"\b_?({QUERY_SETS})\.{name}\b", USERS), name


@pytest.mark.parametrize("name", sorted(load_fragments("mysql")))
def test_a_shared_fragment_is_used_in_several_files(name: str):
    users = [file for file in FILES if name in find_fragments(text_of(file))]

    assert len(users) > 1


def test_the_memory_columns_are_the_fields_of_a_memory():
    columns = load_fragments("mysql")["memory_columns"]

    assert sorted(re.split(r",\s+", columns)) == sorted(field.name for field in fields(StoredMemory))

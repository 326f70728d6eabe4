from __future__ import annotations

import pytest
from mnemo_server.db.queries import load_fragments, load_queries, parse_queries
from mnemo_server.db.statements import split_statements


def parse(source, variant="mysql"):
    return parse_queries(source, variant, origin="items.sql")


def test_a_query_without_a_variant_mark_is_written_in_the_notation_of_each_variant():
    source = "-- name: get\n-- Reads.\nSELECT a\n  FROM t -- why\n  WHERE id = :id AND b LIKE 'x%';"
    mysql, sqlite = parse(source).get, parse(source, "sqlite").get
    assert mysql.text == "SELECT a FROM t WHERE id = %(id)s AND b LIKE 'x%%'"
    assert mysql.prepared == "SELECT a FROM t WHERE id = %s AND b LIKE 'x%%'"
    assert sqlite.text == "SELECT a FROM t WHERE id = :id AND b LIKE 'x%'"
    assert (sqlite.prepared, sqlite.order, mysql.order) == (None, ("id",), ("id",))


def test_a_marked_query_has_a_text_per_variant():
    source = (
        "-- name: put [mysql]\nREPLACE INTO t VALUES (1);\n-- name: put [sqlite]\nINSERT INTO t VALUES (1);"
    )
    assert parse(source).put.text.startswith("REPLACE")
    assert parse(source, "sqlite").put.text.startswith("INSERT")


@pytest.mark.parametrize("text", ["'12:30'", "'a;b'", '":id"', "`:id`", "'it''s :id'", "/* :id */", "a::id"])
def test_parameters_and_semicolons_in_quotes_are_plain_text(text):
    assert parse(f"-- name: get\nSELECT {text};", "sqlite").get.order == ()


def test_engine_specific_comments_are_kept():
    query = parse("-- name: get\nSELECT /*+ HINT(t) */ a FROM t /*T! x */;").get
    assert query.text == "SELECT /*+ HINT(t) */ a FROM t /*T! x */"


def test_lists_are_expanded_and_the_expanded_texts_cached():
    query = parse("-- name: get\nSELECT a FROM t WHERE b = :b AND id IN (:ids...);").get
    text, values = query.render({"b": 1, "ids": [7, 8]})
    assert text == "SELECT a FROM t WHERE b = %(b)s AND id IN (%(ids_0)s, %(ids_1)s)"
    assert values == {"b": 1, "ids_0": 7, "ids_1": 8}
    assert query.render({"b": 1, "ids": (9, 9)})[0] is text
    assert query.prepared is None


def test_the_cache_of_expanded_texts_is_bounded():
    query = parse("-- name: get\nSELECT a FROM t WHERE id IN (:ids...);", "sqlite").get
    for length in range(1000):
        query.render({"ids": range(length)})
    assert len(query._expanded) <= 256


def test_a_query_with_an_optional_filter_is_not_prepared():
    query = parse("-- name: get\nSELECT a FROM t WHERE (:x IS NULL OR x = :x);").get
    assert query.prepared is None
    assert query.order == ("x", "x")


def test_an_insert_is_split_around_its_row_for_batches():
    source = (
        "-- name: put\nINSERT INTO t (a, b) VALUES (:a, f(:b, ')')) ON DUPLICATE KEY UPDATE a = VALUES(a);"
    )
    assert parse(source).put.batch == (
        "INSERT INTO t (a, b) VALUES ",
        "(%(a)s, f(%(b)s, ')'))",
        " ON DUPLICATE KEY UPDATE a = VALUES(a)",
    )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE t SET a = :a",
        "INSERT INTO t (a) VALUES (:a) ON DUPLICATE KEY UPDATE a = :a",
        "INSERT INTO t (a) SELECT :a ON DUPLICATE KEY UPDATE a = VALUES(a)",
    ],
)
def test_statements_other_than_plain_inserts_are_not_split(statement):
    assert parse(f"-- name: put\n{statement};").put.batch is None


def test_an_unknown_query_name_raises_an_error_that_names_the_file():
    with pytest.raises(AttributeError, match=r"no query 'got' in items\.sql"):
        _ = parse("-- name: get\nSELECT 1;").got


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("SELECT 1;\n-- name: get\nSELECT 1;", "before the first"),
        ("-- name: get\nSELECT 1;\n-- name: get\nSELECT 2;", "twice"),
        ("-- name: get [oracle]\nSELECT 1;", "marks are"),
        ("-- name: get [sqlite]\nSELECT 1;", "one text for mysql"),
        ("-- name: get\nSELECT 1;\n-- name: get [mysql]\nSELECT 1;", "one text for mysql"),
        ("-- name: get\nSELECT 1", "one statement"),
        ("-- name: get\nSELECT 1; SELECT 2;", "one statement"),
        ("-- name: get\n-- nothing\n", "one statement"),
        ("-- name: get\nSELECT 1 WHERE 1 NOT IN (:ids...);", "NOT IN"),
    ],
)
def test_a_file_that_breaks_the_notation_is_rejected(source, message):
    with pytest.raises(ValueError, match=message):
        parse(source)


SHARED = {"columns": "a, b"}
FILTERED = "-- fragment: filter\n-- Why.\na = :a\n  AND b <> '{filter}' -- {filter}\n\n"


def parse_shared(source, variant="mysql"):
    return parse_queries(source, variant, origin="items.sql", shared=SHARED)


def test_a_statement_can_use_fragments_of_its_file_and_shared_ones():
    query = parse_shared(FILTERED + "-- name: get\nSELECT {columns} FROM t WHERE {filter};").get

    assert query.text == "SELECT a, b FROM t WHERE a = %(a)s AND b <> '{filter}'"
    assert query.prepared == "SELECT a, b FROM t WHERE a = %s AND b <> '{filter}'"
    assert query.order == ("a",)


def test_a_fragment_may_have_a_text_per_variant_and_an_empty_one():
    source = (
        "-- fragment: lock [mysql]\nFOR UPDATE\n-- fragment: lock [sqlite]\n-- Locked already.\n"
        "-- name: get\nSELECT 1 {lock};"
    )
    assert parse(source).get.text == "SELECT 1 FOR UPDATE"
    assert parse(source, "sqlite").get.text == "SELECT 1"


def test_an_insert_whose_row_is_a_fragment_can_be_split_for_batches():
    source = "-- fragment: row\n(:a, :b)\n-- name: put\nINSERT INTO t ({columns}) VALUES {row};"
    assert parse_shared(source).put.batch == ("INSERT INTO t (a, b) VALUES ", "(%(a)s, %(b)s)", "")


@pytest.mark.parametrize(
    "text",
    ["'{columns}'", '"{columns}"', "`{columns}`", "/*T! {columns} */", "{d '2030-01-01'}", "{ columns }"],
)
def test_braces_are_kept_in_quotes_in_comments_and_around_anything_but_a_name(text):
    assert parse_shared(f"-- name: get\nSELECT {text};").get.text == f"SELECT {text}"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("-- name: get\nSELECT {rows};", r"items\.sql: query get uses the fragment 'rows'"),
        ("-- fragment: rows\n1\n-- name: get\nSELECT 1;", r"items\.sql: fragment rows isn't used"),
        ("-- fragment: rows\n1\n-- name: get\nSELECT '{rows}';", r"items\.sql: fragment rows isn't used"),
        ("-- fragment: a\n1\n-- fragment: a\n2\n-- name: get\nSELECT {a};", "fragment a is defined twice"),
        ("-- fragment: columns\n1\n-- name: get\nSELECT {columns};", r"columns is in sql/fragments\.sql too"),
        ("-- fragment: a [oracle]\n1\n-- name: get\nSELECT {a};", "fragment a is marked"),
        ("-- fragment: a [sqlite]\n1\n-- name: get\nSELECT {a};", "fragment a needs one text for mysql"),
        ("-- fragment: a\n{columns}\n-- name: get\nSELECT {a};", "fragment a uses another fragment"),
        ("-- fragment: a\n1;\n-- name: get\nSELECT {a};", "fragment a is a part of statements"),
        ("-- fragment: a\n-- Nothing.\n-- name: get\nSELECT 1 {a};", "fragment a is empty"),
        ("-- name: get\nSELECT 1 WHERE 1 NOT IN {a};\n-- fragment: a\n(:ids...)", "NOT IN"),
    ],
)
def test_a_fragment_that_breaks_the_notation_is_rejected_with_its_file_and_name(source, message):
    with pytest.raises(ValueError, match=message):
        parse_shared(source)


def test_shared_fragments_are_those_of_the_variant():
    assert load_fragments("mysql")["for_update"] == "FOR UPDATE"
    assert load_fragments("sqlite")["for_update"] == ""
    assert load_fragments("mysql").keys() == load_fragments("sqlite").keys()


def test_a_missing_query_file_raises_file_not_found():
    with pytest.raises(FileNotFoundError):
        load_queries("no_such_file", "mysql")


def test_statements_are_split_only_at_semicolons_outside_quotes_and_comments():
    script = (
        "-- a; comment's\nCREATE TABLE a (b TEXT); -- c;\n\n"
        "INSERT INTO a VALUES ('x;\ny'); /* ; */ DROP TABLE b"
    )
    assert list(split_statements(script)) == [
        "CREATE TABLE a (b TEXT)",
        "INSERT INTO a VALUES ('x;\ny')",
        "/* ; */ DROP TABLE b",
    ]

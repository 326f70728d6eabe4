from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mnemo_server.domain.recall.translation import LANGUAGES, Glossary, find_language, fold
from mnemo_server.services.recall.glossary import load_glossary, translate


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("给 customers 表加一个字段", "zh"),
        ("テーブルを追加して", "ja"),
        ("добавь колонку", "ru"),
        ("Füge bitte eine Spalte zur Tabelle hinzu", "de"),
        ("añade una columna a la tabla de clientes", "es"),
        ("ajoute une colonne dans la table des clients", "fr"),
        ("adiciona uma coluna na tabela de clientes", "pt"),
        ("add a column to the table of customers", None),
        ("SELECT id FROM boats WHERE name = 'die'", None),
        ("fix it", None),
        ("", None),
    ],
)
def test_a_language_is_recognised_by_its_script_or_its_function_words(text, language):
    assert find_language(text) == language


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("给 customers 表加一个 phone 字段", ["customers", "table", "add", "phone", "field"]),
        ("Füge der Tabelle customers bitte eine Spalte hinzu", ["table", "customers", "column"]),
        ("añade una columna a la tabla de clientes", ["add", "column", "table", "customer"]),
    ],
)
def test_a_prompt_is_translated_into_english_words(text, words):
    translated = (translate(text) or "").split()

    assert [word for word in words if word not in translated] == []


def test_identifiers_and_numbers_are_kept():
    translated = translate("ändere den Port in compose.yaml auf 9410 und due_date im Modell") or ""

    assert {"compose.yaml", "9410", "due_date"} <= set(translated.split())


def test_the_longest_form_is_translated_first():
    glossary = Glossary.read("zh", ["数据\tdata\n", "数据库\tdatabase\n"])

    assert glossary.translate("数据库和数据").split() == ["database", "data"]


def test_accents_may_be_missing_and_compounds_are_split():
    glossary = Glossary.read("de", ["prüfung\tcheck\n", "rechnung\tinvoice\n", "nummer\tnumber\n"])

    assert glossary.translate("Pruefung Rechnungsnummer") == "check invoice number"


def test_a_phrase_is_translated_as_one_form():
    assert Glossary.read("fr", ["mot de passe\tpassword\n"]).translate("le mot de passe") == "password"


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_glossary_has_many_entries_of_one_or_two_english_words(language):
    entries = load_glossary(language).entries

    assert len(entries) > 1_000
    assert [form for form, english in entries.items() if not 1 <= len(english.split()) <= 2] == []
    assert [form for form in entries if form != form.strip().lower()] == []


@given(st.text(max_size=300))
def test_every_text_is_translated_or_rejected_without_an_error(text):
    assert translate(text) is None or isinstance(translate(text), str)
    assert fold(fold(text)) == fold(text)

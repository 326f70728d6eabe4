"""The generated pages are consistent: references resolve, links lead somewhere, drift is noticed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from mnemos_contract import ROUTES

from tools import generate


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The OpenAPI document, as it is in the tree."""
    return json.loads((generate.ROOT / "docs/openapi.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def page() -> str:
    """The HTTP reference, as it is in the tree."""
    return (generate.ROOT / "docs/http-api.md").read_text(encoding="utf-8")


def references_in(node: Any) -> Iterator[str]:
    """Yield every `$ref` of a JSON document."""
    if isinstance(node, dict):
        yield from (value for key, value in node.items() if key == "$ref")
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from references_in(inner)


def test_every_reference_of_the_document_resolves(document):
    schemas = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references_in(document)) <= schemas


def test_the_document_has_every_route_below_every_base(document):
    operations = {(path, method) for path, item in document["paths"].items() for method in item}
    assert operations == {(path, route.method.lower()) for route in ROUTES for path in route.paths}
    ids = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
    assert len(set(ids)) == len(ids)


def test_the_values_in_a_path_are_described(document):
    for path, item in document["paths"].items():
        for operation in item.values():
            described = {item["name"] for item in operation.get("parameters", []) if item["in"] == "path"}
            assert described == set(re.findall(r"{(\w+)}", path))


def test_every_response_of_a_store_is_documented(document):
    store = document["paths"]["/v1alpha2/mem9s/memories"]["post"]["responses"]
    assert list(store) == ["200", "201", "202", "400", "404", "413", "422", "429", "500", "503"]
    assert "Retry-After" in store["503"]["headers"]


def test_the_server_serves_the_same_bytes():
    served = generate.ROOT / "server/src/mnemo_server/http/openapi.json"
    assert served.read_bytes() == (generate.ROOT / "docs/openapi.json").read_bytes()


def test_every_link_within_the_reference_leads_to_a_heading(page):
    headings = {heading.lower().replace(" ", "-") for heading in re.findall(r"^#+ (.+)$", page, re.MULTILINE)}
    links = set(re.findall(r"\]\(#([^)]+)\)", page))
    assert links
    assert links <= headings


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_the_reference_shows_paths_errors_and_an_example_of_each_route(page, route):
    section = page.split(f"\n### {route.name}\n")[1].split("\n### ")[0]
    assert route.doc in section
    assert all(f"{route.method} {path}\n" in section for path in route.paths)
    assert all(f"`{error.code}`" in section for error in route.errors)
    assert "curl " in section


def test_the_generated_files_are_the_same_each_time():
    assert generate.render_all() == generate.render_all()


def test_a_file_that_drifted_is_reported_with_its_difference(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    (tmp_path / "page.md").write_text("old\n", encoding="utf-8")
    assert generate.report_difference({generate.Path("page.md"): "new\n"}) == 1
    assert "-old\n+new" in capsys.readouterr().out
    assert generate.report_difference({generate.Path("page.md"): "old\n"}) == 0

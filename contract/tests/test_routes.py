"""The route table says everything that server, client and reference need."""

from __future__ import annotations

import pytest
from mnemos_contract import ROUTES, ROUTES_BY_NAME, Access
from mnemos_contract.base import WireModel

MODELS = {model for route in ROUTES for model in (route.body, route.query, route.response) if model}


def test_names_and_the_pairs_of_method_and_path_are_unique():
    assert len(ROUTES_BY_NAME) == len(ROUTES)
    assert len({(route.method, path) for route in ROUTES for path in route.paths}) == sum(
        len(route.paths) for route in ROUTES
    )


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_every_route_is_documented_by_a_sentence(route):
    assert route.doc[0].isupper()
    assert route.doc.endswith(".")


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_a_get_has_no_body_and_only_a_get_has_a_query(route):
    assert route.body is None or route.method in ("POST", "PUT")
    assert route.query is None or route.method == "GET"
    assert route.idempotent or route.method in ("POST", "PUT")


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_a_route_without_an_answer_says_204(route):
    assert (route.response is None) == (route.status == 204)


def test_routes_of_a_tenant_stand_below_both_bases_the_header_first():
    paths = ROUTES_BY_NAME["get_memory"].paths
    assert paths == ("/v1alpha2/mem9s/memories/{memory_id}", "/v1alpha1/mem9s/{api_key}/memories/{memory_id}")
    assert all(len(route.paths) == (2 if route.access is Access.TENANT else 1) for route in ROUTES)


@pytest.mark.parametrize("model", sorted(MODELS, key=lambda model: model.__name__))
def test_every_field_of_every_model_has_a_meaning(model):
    """The reference is made of these."""
    assert model.__doc__ != WireModel.__doc__
    assert [name for name, field in model.model_fields.items() if not field.description] == []


def test_a_route_names_the_parameters_of_its_path():
    assert ROUTES_BY_NAME["get_memory"].path_parameters == ("memory_id",)
    assert ROUTES_BY_NAME["list_memories"].path_parameters == ()

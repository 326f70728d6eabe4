from __future__ import annotations

import json

import pytest
from aiohttp import web
from mnemo_server.http.binding import bind
from mnemos_contract.routes import ROUTES


class CompleteResource:
    """A resource with a handler for every route."""

    def __getattr__(self, name: str):
        if name in {route.name for route in ROUTES}:
            return lambda call: call
        raise AttributeError(name)


def test_a_route_without_a_handler_raises_an_error_at_the_start():
    with pytest.raises(LookupError, match="route store_memory has 0 handlers"):
        bind(web.Application(), [object()], None)  # type: ignore[arg-type]


def test_a_route_with_two_handlers_raises_an_error_at_the_start():
    with pytest.raises(LookupError, match="route store_memory has 2 handlers"):
        bind(web.Application(), [CompleteResource(), CompleteResource()], None)  # type: ignore[arg-type]


def test_every_path_of_the_contract_is_bound():
    app = web.Application()
    bind(app, [CompleteResource()], None)  # type: ignore[arg-type]

    bound = {(route.method, route.resource.canonical) for route in app.router.routes() if route.resource}
    assert bound >= {(route.method, path) for route in ROUTES for path in route.paths}


async def test_the_served_openapi_document_contains_every_path(app):
    async with app.client.get("/openapi.json") as response:
        described = json.loads(await response.text())["paths"]

    assert set(described) >= {path for route in ROUTES for path in route.paths}

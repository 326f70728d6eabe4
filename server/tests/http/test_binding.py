from __future__ import annotations

import json

import pytest
from aiohttp import web
from mnemo_server.http.binding import bind
from mnemos_contract.routes import ROUTES


class Everything:
    """A resource with a handler for every route."""

    def __getattr__(self, name: str):
        if name in {route.name for route in ROUTES}:
            return lambda call: call
        raise AttributeError(name)


def test_a_route_without_a_handler_stops_the_start():
    with pytest.raises(LookupError, match="route store_memory has 0 handlers"):
        bind(web.Application(), [object()], None)  # type: ignore[arg-type]


def test_a_route_with_two_handlers_stops_the_start():
    with pytest.raises(LookupError, match="route store_memory has 2 handlers"):
        bind(web.Application(), [Everything(), Everything()], None)  # type: ignore[arg-type]


def test_every_path_of_the_contract_is_bound():
    app = web.Application()
    bind(app, [Everything()], None)  # type: ignore[arg-type]

    bound = {(route.method, route.resource.canonical) for route in app.router.routes() if route.resource}
    assert bound >= {(route.method, path) for route in ROUTES for path in route.paths}


async def test_the_served_description_knows_every_path(app):
    async with app.client.get("/openapi.json") as answer:
        described = json.loads(await answer.text())["paths"]

    assert set(described) >= {path for route in ROUTES for path in route.paths}

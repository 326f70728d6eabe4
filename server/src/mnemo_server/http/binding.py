"""Binds the contract's route table to handlers. The server doesn't start if a route has no handler."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiohttp import web
from mnemos_contract.routes import ROUTES, Access, Route

from mnemo_server.http.context import Admission, Call, TenantCall
from mnemo_server.http.requests.reading import read_body, read_query

#: The handler of one route: a method of a resource, with the name of the route.
Handler = Callable[[Any], Awaitable[web.StreamResponse]]
Endpoint = Callable[[web.Request], Awaitable[web.StreamResponse]]


def bind(app: web.Application, resources: Sequence[object], admission: Admission) -> None:
    """Bind every route of the contract to its handler: the method of its name on one of the resources.

    Raises:
        LookupError: a route has no handler, or two.
    """
    for route in ROUTES:
        endpoint = _endpoint(route, _find_handler(route, resources), admission)
        for path in route.paths:
            app.router.add_route(route.method, path, endpoint, name=None)


def _find_handler(route: Route, resources: Sequence[object]) -> Handler:
    found: list[Handler] = [
        getattr(resource, route.name) for resource in resources if hasattr(resource, route.name)
    ]
    if len(found) != 1:
        raise LookupError(f"route {route.name} has {len(found)} handlers, it needs one")
    return found[0]


def _endpoint(route: Route, handler: Handler, admission: Admission) -> Endpoint:
    """Return what aiohttp calls: it admits the caller, reads the request and calls the handler."""

    async def read(request: web.Request) -> Any:
        if route.body is not None:
            return await read_body(request, route.body)
        return None if route.query is None else read_query(request, route.query)

    async def open_endpoint(request: web.Request) -> web.StreamResponse:
        return await handler(Call(request, await read(request)))

    async def tenant_endpoint(request: web.Request) -> web.StreamResponse:
        caller = await admission.admit(request)
        return await handler(TenantCall(request, await read(request), caller))

    endpoint = tenant_endpoint if route.access is Access.TENANT else open_endpoint
    endpoint.__name__ = route.name
    return endpoint

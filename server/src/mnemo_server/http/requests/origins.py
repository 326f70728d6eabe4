"""Limits which web pages may send requests to this server: only those of this machine."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from aiohttp import web
from mnemos_contract.errors import AccessDenied

from mnemo_server.http.requests.client_address import is_loopback

_WEB: Final = ("http", "https")


def check_origin(request: web.Request) -> None:
    """Refuse requests that a foreign web page makes the browser send, by DNS rebinding for instance.

    Programs send no Origin. Pages are only accepted from loopback addresses, whatever address this server
    has: the name in Host proves nothing, since a rebound name is in both headers. Origins of other schemes
    (vscode-file:, app:) belong to installed programs, which no DNS name leads to.

    Raises:
        AccessDenied: the request comes from any other page, or from one that hides its origin.
    """
    if not all(_is_trusted(origin.strip()) for origin in request.headers.getall("Origin", ())):
        raise AccessDenied(reason="this server only accepts requests of web pages on this machine")


def _is_trusted(origin: str) -> bool:
    try:
        parts = urlsplit(origin)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme not in _WEB:
        return bool(parts.scheme)  # "null" has none
    return host == "localhost" or host.endswith(".localhost") or is_loopback(host)

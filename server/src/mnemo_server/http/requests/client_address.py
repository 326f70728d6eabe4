"""The client's address, which rate limits and the loopback rule use."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

from aiohttp import web

from mnemo_server.settings import Network


def client_address(request: web.Request, trusted: Sequence[Network]) -> str:
    """Return the caller's address.

    X-Forwarded-For is read from the right, past every trusted proxy; the first other address is the caller.
    Unless the peer is a trusted proxy the header is ignored, since any client can send it.
    """
    peer = request.remote or ""
    if not trusted or not _is_in(peer, trusted):
        return peer
    hops = [hop.strip() for hop in ",".join(request.headers.getall("X-Forwarded-For", ())).split(",")]
    for hop in reversed([hop for hop in hops if hop]):
        if _parse(hop) is None:
            return peer
        peer = hop
        if not _is_in(hop, trusted):
            break
    return peer


def is_loopback(address: str) -> bool:
    """Whether an address is a loopback address of this machine."""
    parsed = _parse(address)
    return parsed is not None and parsed.is_loopback


def _is_in(address: str, networks: Sequence[Network]) -> bool:
    parsed = _parse(address)
    return parsed is not None and any(parsed in network for network in networks)


def _parse(address: str) -> IPv4Address | IPv6Address | None:
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    mapped = getattr(parsed, "ipv4_mapped", None)
    return mapped or parsed

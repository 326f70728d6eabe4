from __future__ import annotations

from ipaddress import ip_network

import pytest
from aiohttp.test_utils import make_mocked_request
from mnemo_server.http.requests.client_address import client_address, is_loopback
from multidict import CIMultiDict

TRUSTED = (ip_network("10.0.0.0/8"),)


def request_from(peer: str, *forwarded: str):
    headers = CIMultiDict([("X-Forwarded-For", value) for value in forwarded])
    return make_mocked_request("GET", "/", headers=headers).clone(remote=peer)


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("9.9.9.9", ["1.1.1.1"], "9.9.9.9"),  # an untrusted peer may claim anything
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["1.1.1.1"], "1.1.1.1"),
        (
            "10.0.0.1",
            ["6.6.6.6, 1.1.1.1"],
            "1.1.1.1",
        ),  # anything to the left of the first untrusted address is only a claim
        ("10.0.0.1", ["1.1.1.1, 10.0.0.2"], "1.1.1.1"),
        ("10.0.0.1", ["1.1.1.1", "10.0.0.2"], "1.1.1.1"),
        ("10.0.0.1", ["nonsense"], "10.0.0.1"),
    ],
)
def test_the_header_is_used_only_behind_trusted_proxies(peer: str, forwarded: list[str], expected: str):
    assert client_address(request_from(peer, *forwarded), TRUSTED) == expected


def test_without_trusted_proxies_the_header_is_ignored():
    assert client_address(request_from("10.0.0.1", "1.1.1.1"), ()) == "10.0.0.1"


def test_every_form_of_loopback_address_is_recognised():
    assert is_loopback("127.0.0.1")
    assert is_loopback("::1")
    assert is_loopback("::ffff:127.0.0.1")
    assert not is_loopback("192.168.0.1")
    assert not is_loopback("")

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mnemos.hooks.http.urls import Url, split_url


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("http://a", Url("http", "a", None, "")),
        ("HTTP://A.Example:80/x/y?q=1#z", Url("http", "a.example", 80, "/x/y")),
        ("https://ada:s@cret@a/", Url("https", "a", None, "/")),
        ("http://[::1]:8080/x", Url("http", "::1", 8080, "/x")),
        ("http://[::1]", Url("http", "::1", None, "")),
        ("http://a:/x", Url("http", "a", None, "/x")),
        (" ftp://x ", Url("ftp", "x", None, "")),
    ],
)
def test_a_url_is_taken_apart(url, parts) -> None:
    assert split_url(url) == parts


@pytest.mark.parametrize(
    "url", ["", "a:80", "http://a:port", "http://a:65536", "http://[::1", "http://[::1]x"]
)
def test_what_is_no_url_is_told(url) -> None:
    with pytest.raises(ValueError, match=r"URL|port|IPv6"):
        split_url(url)


@given(
    st.sampled_from(["http", "https"]),
    st.from_regex(r"[a-z0-9.-]{1,20}(:[0-9]{1,4})?(/[a-z]{0,5}){0,3}", fullmatch=True),
)
def test_it_agrees_with_the_standard_library(scheme, rest) -> None:
    url = f"{scheme}://{rest}"
    theirs = urlsplit(url)

    assert split_url(url) == Url(theirs.scheme, theirs.hostname or "", theirs.port, theirs.path)

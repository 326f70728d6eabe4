"""Tenants and their keys on the wire."""

from __future__ import annotations

from typing import Literal

from mnemos_contract.base import WireModel


class Provisioned(WireModel):
    """A new tenant's key. It is shown this once; the server keeps only its hash."""

    id: str
    """Used as `X-API-Key`, and as the path segment of v1alpha1."""


class KeyStatus(WireModel):
    """Whether a key opens its tenant now."""

    status: Literal["active", "inactive"]
    """`active`: requests with this key are served."""

"""Tenants and their keys on the wire."""

from __future__ import annotations

from typing import Literal

from mnemos_contract.base import WireModel


class Provisioned(WireModel):
    """The key of a new tenant. It is only shown once: the server stores only its hash."""

    id: str
    """The key, for `X-API-Key` or for the path of v1alpha1."""


class KeyStatus(WireModel):
    """Whether a key currently grants access to its tenant."""

    status: Literal["active", "inactive"]
    """`active`: the server accepts this key."""

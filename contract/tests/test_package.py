from __future__ import annotations

import subprocess
import sys

import mnemos_contract
import pytest


@pytest.mark.parametrize("name", mnemos_contract.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(mnemos_contract, name) is not None


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        mnemos_contract.Nothing  # noqa: B018


def test_the_package_alone_does_not_load_pydantic() -> None:
    code = "import sys, mnemos_contract; print('pydantic' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"

"""Import every module of one package; this fails when a module needs a dependency that isn't declared.

python -I tools/import_all.py mnemos_contract
"""

from __future__ import annotations

import importlib
import pkgutil
import sys


def import_all(package_name: str) -> int:
    """Import a package with all its modules; return how many there are."""
    package = importlib.import_module(package_name)
    names = [
        module.name for module in pkgutil.walk_packages(package.__path__, f"{package_name}.", onerror=fail)
    ]
    for name in names:
        importlib.import_module(name)
    return 1 + len(names)


def fail(_name: str) -> None:
    """Raise the import error of a subpackage again; pkgutil would swallow it."""
    raise  # noqa: PLE0704  (called while the error is being handled)


if __name__ == "__main__":
    print(f"{sys.argv[1]}: {import_all(sys.argv[1])} modules imported")

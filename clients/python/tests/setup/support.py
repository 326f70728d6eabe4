"""What several tests of set-up do."""

from __future__ import annotations

import json


def examine(desk, *arguments):
    """Give the exit code and the findings by name; of several of a name the last."""
    result = desk.run("doctor", "--json", *arguments)
    report = json.loads(result.stdout)
    assert report["is_well"] == (result.exit_code == 0)
    return result.exit_code, {finding["name"]: finding for finding in report["findings"]}

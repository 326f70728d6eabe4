"""mnemos from its wheel, in a fresh home: `mnemos setup` installs the plugins that the wheel brings along."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from tests.hosts.claude import Claude, find_claude
from tests.hosts.machines import Desk
from tests.hosts.opencode import OpenCode, find_opencode
from tests.hosts.opencode_fixtures import make_options
from tests.hosts.wheels import ROOT, build_wheels, install_mnemos
from tests.support.scripted_model import CallTool, Rule, Say, ScriptedModel
from tests.support.servers import RunningServer
from tools import bundle_plugins

pytestmark = pytest.mark.timeout(240)

BROUGHT = "mnemos/_plugins/"

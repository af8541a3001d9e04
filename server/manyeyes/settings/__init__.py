"""The operator's settings: the only reader of the environment and of `manyeyes.toml`.

A variable `MANYEYES_SECTION_KEY` and the key `key` of `[section]` in the file mean the same; the variable wins.
The vendors' own variables (`ANTHROPIC_API_KEY`, `OPENAI_BASE_URL`, …) are read under their own names.  The file
lies in the user's configuration folder or at `MANYEYES_CONFIG`, never in a project: a repository under review
configures nothing here.

`settings` holds the sections together, `loading` reads them; every other module here is named after what it is about.
"""

from __future__ import annotations

from manyeyes.settings.addresses import is_loopback
from manyeyes.settings.calls import Breaker, Budget, Hedge, Patience, Rate, Retry
from manyeyes.settings.choice import Learning, RoutingRule
from manyeyes.settings.dast import Dast
from manyeyes.settings.faults import in_words
from manyeyes.settings.folders import config_path, default_roots, user_folder
from manyeyes.settings.headers import header_lines, with_variables
from manyeyes.settings.keeping import Cache, State
from manyeyes.settings.loading import load
from manyeyes.settings.mcp_server import McpServer
from manyeyes.settings.programs import found_program
from manyeyes.settings.settings import Settings
from manyeyes.settings.vendors import Endpoint, Google, OpenAI, Scripted, Vendor
from manyeyes.settings.work import ExternalScanner, Limits, Osv, Support

__all__ = [
    "Breaker",
    "Budget",
    "Cache",
    "Dast",
    "Endpoint",
    "ExternalScanner",
    "Google",
    "Hedge",
    "Learning",
    "Limits",
    "McpServer",
    "OpenAI",
    "Osv",
    "Patience",
    "Rate",
    "Retry",
    "RoutingRule",
    "Scripted",
    "Settings",
    "State",
    "Support",
    "Vendor",
    "config_path",
    "default_roots",
    "found_program",
    "header_lines",
    "in_words",
    "is_loopback",
    "load",
    "user_folder",
    "with_variables",
]

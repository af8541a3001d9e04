# ruff: noqa: INP001  # a script beside the pages it writes
"""Writes `docs/settings.md` from the settings themselves: `python docs/build_settings.py`.

Names, types and defaults come from the models in `manyeyes.settings`.  What a setting means comes from the model's
docstring where it has an `Attributes:` section, and from `MEANINGS` here where it has none.  A setting without a
meaning, or a meaning without a setting, is an error, so that the page cannot fall behind the code.
"""

from __future__ import annotations

import re
import sys
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr

from manyeyes.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

PAGE = Path(__file__).with_name("settings.md")

VARIABLES = {
    "anthropic.key": ("ANTHROPIC_API_KEY",),
    "anthropic.base_url": ("ANTHROPIC_BASE_URL",),
    "openai.key": ("OPENAI_API_KEY",),
    "openai.base_url": ("OPENAI_BASE_URL",),
    "google.key": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "google.base_url": ("GOOGLE_GEMINI_BASE_URL",),
}
"""The vendors' own variables, which say the same as ours."""

MEANINGS = {
    "roots": "Folders that tools may read, separated by `:` (`;` on Windows). In the file, a list.",
    "privacy": (
        "`redact` replaces secrets before anything leaves the machine; `local-only` asks only models on this machine "
        "as well; `off` replaces nothing but your own keys."
    ),
    "deadline_s": "Seconds that one tool call may take, all its model calls together.",
    "toolsets": "Groups of tools to offer, separated by commas; `all` offers every one.",
    "log_level": "What is written to standard error.",
    "anthropic.key": "Key for Anthropic. Without one, its models are not asked.",
    "anthropic.base_url": "Another address for Anthropic's API, without `/v1`.",
    "openai.key": "Key for OpenAI.",
    "openai.base_url": "Another address for OpenAI's API, with `/v1`.",
    "openai.api": "Protocol to speak: by default Responses, and Chat Completions where a base URL is set.",
    "google.key": "Key for Gemini. Of the two variables `GOOGLE_API_KEY` wins, as in Google's own SDK.",
    "google.base_url": "Another address for Gemini's API; the API version is added to it.",
    "google.api_version": "API version in the address, such as `v1beta`; the SDK's own by default.",
    "scripted.file": "JSON file of answers for the scripted provider, for tests and for building plug-ins.",
    "budget.usd_per_call": (
        "US dollars that the model calls of one tool call may cost, all together. A model whose longest answer would "
        "cost more than is left, or whose price is not known, is not asked."
    ),
    "budget.usd_per_day": (
        "US dollars that model calls may cost a day, from midnight to midnight UTC, in all processes that share the "
        "state together. What does not fit is not asked."
    ),
    "state.url": "Where runs and statistics are kept: `sqlite:///PATH`, or `sqlite://` for memory only.",
    "routing.NAME.vendors": "Vendors or endpoints to ask for that kind of work, in order, separated by commas.",
    "routing.NAME.tier": "Tier of theirs to ask; without it the tier of the row that is replaced.",
    "models": 'The default model of a vendor\'s tier: `"anthropic.flagship" = "claude-opus-4-7"`. Only in the file.',
}

DEFAULTS = {
    "roots": "the working directory when it is a project",
    "state.url": "`state.db` in the user's data folder",
}
"""Where the default is worked out and not written down."""

ONLY_IN_FILE = {
    "models",
    "support.prompts",
    "support.never_promise",
    "mcp_servers.NAME.env",
    "mcp_servers.NAME.headers",
    "security.external[].name",
    "security.external[].command",
    "security.external[].timeout_s",
    "security.external[].languages",
}

TITLES = {
    "": "General",
    "anthropic": "Anthropic",
    "openai": "OpenAI",
    "google": "Google",
    "endpoints": "Endpoints",
    "mcp_servers": "Other MCP servers",
    "scripted": "Scripted provider",
    "budget": "Budget",
    "state": "State",
    "cache": "Cache",
    "limits": "Limits",
    "support": "Customer service",
    "osv": "Advisories on packages",
    "dast": "Probing of running applications",
    "security": "Scanners of yours",
    "retry": "Retries",
    "patience": "Patience",
    "breaker": "Circuit breaker",
    "hedge": "Hedging",
    "learning": "Learning which model to ask",
    "rates": "Rates",
    "routing": "Routing",
}

INTRODUCTION = """\
# Settings

<!-- Written by docs/build_settings.py. Change the code or that script, not this page. -->

Every setting has a variable and a key in the operator's file. Where both are given the variable wins.

The file is `manyeyes.toml` in the user's configuration folder, or whatever `MANYEYES_CONFIG` names:

| system | the operator's file | runs and statistics |
|---|---|---|
| Linux | `~/.config/manyeyes/manyeyes.toml` | `~/.local/share/manyeyes/state.db` |
| macOS | `~/Library/Application Support/manyeyes/manyeyes.toml` | `state.db` in the same folder |
| Windows | `%APPDATA%\\manyeyes\\manyeyes.toml` | `state.db` in the same folder |

On Linux `XDG_CONFIG_HOME` and `XDG_DATA_HOME` are followed where they are set.

[examples/operator.example.toml](../examples/operator.example.toml) shows every section with a comment.
An unknown key or variable is an error that names it, so a misspelt setting is never silently without effect.

A `manyeyes.toml` inside a project is something else. It belongs to the code under review, and may only set `focus`,
`ignore`, `severities` and lower `limits`; see [what a project may set](#what-a-project-may-set).
"""

ENDPOINTS = """\
Named endpoints that speak OpenAI's Chat Completions: Ollama, LM Studio, vLLM, OpenRouter, a gateway. `NAME` is yours
to choose, and becomes the first half of the model reference: `ollama:qwen3-coder`. In a variable it is written in
capitals and read in lower case: `MANYEYES_ENDPOINTS_OLLAMA_URL` is `url` of `[endpoints.ollama]`.
"""

SERVERS = """\
Tools of these servers are lent to models while they answer (`ask`); see [Asking](ask.md). Only this file and your own
variables name servers; a project cannot.
"""

SECURITY = """\
Each `[[security.external]]` is a scanner that `scan_type: sast` runs too; see
[other scanners](tools.md#other-scanners). Only this file names them: a project cannot, and no variable can.
"""

RATES = """\
`NAME` is a vendor (`anthropic`, `openai`, `google`) or an endpoint of yours. Calls that would go too fast wait in line,
the first come first; a call whose turn would come after its deadline fails at once, or goes to the next model.
"""

ROUTING = """\
A row here replaces the shipped row for that kind of work, or adds one. `NAME` is the kind: `code_review`,
`security_scan`, `doc_generator`, `default`, and those that `manyeyes route` lists. `vendors` may name endpoints.
"""

PROJECT = """\
## What a project may set

A `manyeyes.toml` in a root is read as data from the code under review:

| key | meaning |
|---|---|
| `focus` | what a review should look at above all; a text or a list of texts |
| `ignore` | patterns of paths that are not read |
| `severities` | a rule or category, and the severity its findings get |
| `limits` | `findings`, `files`, `file_bytes`, `total_bytes`; only ever lower than the operator's |

Any other key is named in the result's `problems` and has no effect. So a repository cannot give itself keys, endpoints
or commands, nor loosen privacy.

```toml
focus = ["money is in integer cents"]
ignore = ["vendor/**", "*_pb2.py"]

[severities]
"ruff:S101" = "info"

[limits]
findings = 5
```
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One setting: its dotted key with `NAME` for what the operator names, and its columns."""

    key: str
    kind: str
    default: str
    meaning: str

    @property
    def section(self) -> str:
        """The heading it stands under."""
        head = self.key.partition(".")[0]
        return head if head in TITLES else "routing" if self.key == "models" else ""

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables that set it, the one to use first."""
        if self.key in ONLY_IN_FILE:
            return ()
        own = "MANYEYES_" + "_".join(part if part == "NAME" else part.upper() for part in self.key.split("."))
        return VARIABLES.get(self.key) or (own,)


def rows() -> list[Row]:
    """Every setting, in the order of the code.

    Raises:
        LookupError: a setting has no meaning, or a meaning no setting.
    """
    found = [Row(key, _kind(field), _default(key, field), meaning) for key, field, meaning in _walk(Settings, "")]
    if silent := [row.key for row in found if not row.meaning]:
        raise LookupError(f"what does {silent[0]} mean? Say so in MEANINGS or in its class's docstring")
    if idle := set(MEANINGS) - {row.key for row in found}:
        raise LookupError(f"MEANINGS tells of {min(idle)}, which is no setting")
    return found


def page() -> str:
    """The whole page as Markdown."""
    parts = [INTRODUCTION]
    every = rows()
    for section, title in TITLES.items():
        parts.append(f"## {title}\n")
        if section == "endpoints":
            parts.append(ENDPOINTS)
        if section == "mcp_servers":
            parts.append(SERVERS)
        if section == "security":
            parts.append(SECURITY)
        if section == "rates":
            parts.append(RATES)
        if section == "routing":
            parts.append(ROUTING)
        parts.append("| variable | key in the file | value | default | meaning |\n|---|---|---|---|---|")
        parts[-1] += "".join(f"\n{_line(row)}" for row in every if row.section == section) + "\n"
    return "\n".join([*parts, PROJECT])


def _walk(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, FieldInfo, str]]:
    told = _attributes(model)
    for name, field in model.model_fields.items():
        key = f"{prefix}{name}"
        inner, joint = _model_in(field)
        if inner is not None:
            yield from _walk(inner, f"{key}{joint}")
        else:
            yield key, field, MEANINGS.get(key) or told.get(name, "")


def _model_in(field: FieldInfo) -> tuple[type[BaseModel] | None, str]:
    """The section a field holds, and what joins its keys to the field's: it may hold several, by name or in a row."""
    annotation = field.annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, "."
    for kind, place, joint in ((Mapping, 1, ".NAME."), (tuple, 0, "[].")):
        if get_origin(annotation) is kind:
            value = get_args(annotation)[place]
            if isinstance(value, type) and issubclass(value, BaseModel):
                return value, joint
    return None, ""


def _attributes(model: type[BaseModel]) -> dict[str, str]:
    """What the docstring says of each attribute; several may share one line."""
    _, _, section = (model.__doc__ or "").partition("Attributes:")
    found: dict[str, str] = {}
    for names, text in re.findall(r"^\s+([\w, ]+): (.+(?:\n\s{12,}.+)*)", section, re.MULTILINE):
        for name in names.split(","):
            found[name.strip()] = " ".join(text.split())
    return found


def _kind(field: FieldInfo) -> str:
    """What a value looks like, for people."""
    bounds = [
        f"{sign} {limit:g}"
        for rule in field.metadata
        for sign, name in _BOUNDS
        if (limit := getattr(rule, name, None)) is not None
    ]
    return ", ".join([_type(field.annotation), *bounds])


_BOUNDS = ((">", "gt"), ("≥", "ge"), ("≤", "le"))


def _type(annotation: object) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in {Union, types.UnionType}:
        return " or ".join(_type(one) for one in arguments if one is not types.NoneType)
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in arguments)
    if origin in {tuple, Sequence}:
        inner = _type(arguments[0])
        return f"list of {inner}s" if inner.isalpha() else f"list of {inner}"
    if origin is Mapping:
        return "table"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return ", ".join(f"`{member.value}`" for member in annotation)
    names = {
        bool: "`true`, `false`",
        str: "text",
        int: "whole number",
        float: "number",
        Path: "path",
        SecretStr: "text, secret",
    }
    return names[annotation]  # type: ignore[index]  # a type that is missing here is an error to be seen


def _default(key: str, field: FieldInfo) -> str:
    if key in DEFAULTS:
        return DEFAULTS[key]
    value = field.default
    if field.is_required():
        return "required"
    if value is None or value in ((), {}):
        return "none"
    if isinstance(value, tuple):
        return "`" + ",".join(map(str, value)) + "`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _line(row: Row) -> str:
    variables = " or ".join(f"`{variable}`" for variable in row.variables) or "none"
    *sections, key = row.key.split(".")
    head = ".".join(sections)
    # A row of sections of one kind is written with two brackets.
    head = f"[[{head.removesuffix('[]')}]]" if head.endswith("[]") else f"[{head}]"
    where = f"`{head}` `{key}`" if sections else f"`[{key}]`" if key == "models" else f"`{key}`"
    return f"| {variables} | {where} | {row.kind} | {row.default} | {row.meaning} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE} is written anew\n")

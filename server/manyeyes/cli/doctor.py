"""`manyeyes doctor`: what works here and what does not, with the way to mend it.  Keys are never shown."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal, TypeAlias
from urllib.parse import urlsplit

from manyeyes.cli.exits import DONE, IN_PART
from manyeyes.cli.models import NOBODY, ask
from manyeyes.cli.screen import paint, show, table, wants_colour
from manyeyes.local_models import USUAL, look
from manyeyes.settings import found_program

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from manyeyes.cli.verbs import Options, Verbs
    from manyeyes.desk import Desk
    from manyeyes.settings import Settings

State: TypeAlias = Literal["ok", "absent", "broken"]

_LOCAL_SERVERS = USUAL
_VENDORS = (
    ("anthropic", "ANTHROPIC_API_KEY", "anthropic"),
    ("openai", "OPENAI_API_KEY", "openai"),
    ("google", "GEMINI_API_KEY or GOOGLE_API_KEY", "google-genai"),
)
_MARKS: dict[State, tuple[str, str]] = {"ok": ("ok", "32"), "absent": ("-", "2"), "broken": ("!!", "31")}
_REFUSED = re.compile(r"All connection attempts failed|Connection (error|refused)|Connect call failed", re.IGNORECASE)
_GIT_S = 5.0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at.  `absent` is no fault: it was not asked for.

    `settings` are lines for the operator's file that put it to use, where it is there and not in use.
    """

    name: str
    state: State
    detail: str
    settings: str = ""


def add(verbs: Verbs) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "doctor",
        help="say which keys, endpoints, engines and state are in working order",
        description="Look at keys (never shown), endpoints, local model servers, evidence engines, Git, state and "
        "roots. Only your own endpoints and this machine are contacted, and the vendors with --live.",
        epilog="examples:\n  manyeyes doctor\n  manyeyes doctor --live --json\n\n"
        "It exits with 4 when something that is configured does not work.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--live", action="store_true", help="also ask the vendors, which tells whether the keys work")
    parser.add_argument("--json", action="store_true", help="print one JSON list")
    parser.add_argument("--no-color", action="store_true", help="no colours")
    parser.set_defaults(run=run)


def run(options: Options) -> int:
    """Look and tell."""
    from manyeyes.cli.session import with_desk  # only to work, not for help

    async def look(desk: Desk) -> list[Check]:
        return await _checks(desk, live=options.live)

    checks = with_desk(look)
    if options.json:
        show(json.dumps([asdict(check) for check in checks]))
    else:
        rows = [(paint(*_MARKS[check.state]), check.name, check.detail) for check in checks]
        show(table(("", "what", "how it is"), rows), colour=wants_colour(sys.stdout, refused=options.no_color))
        if found := [check.settings for check in checks if check.settings]:
            from manyeyes.settings import config_path

            show(f"To use what runs here, put this into {config_path(os.environ)}:\n\n" + "\n".join(found))
    return IN_PART if any(check.state == "broken" for check in checks) else DONE


async def _checks(desk: Desk, *, live: bool) -> list[Check]:
    import anyio.to_thread  # loaded by now

    settings = desk.settings
    asked = [one for name, one in desk.providers.items() if live or name in settings.endpoints]
    served, failed = await ask(asked, settings)
    said: dict[str, tuple[State, str]] = {name: ("broken", _why(failure)) for name, failure in failed.items()}
    said |= {name: ("ok", f"models served: {len(models)}") for name, models in served.items()}
    lenders = await _lenders(desk)
    machine = await anyio.to_thread.run_sync(lambda: [*_local_servers(_own_ports(settings)), *_state(desk), _git()])
    return [
        *_program(),
        *(_answered(check, said) for check in _keys(settings)),
        *machine,
        *lenders,
        *_engines(desk),
        *_roots(settings),
    ]


def _program() -> Iterator[Check]:
    from manyeyes import __version__
    from manyeyes.settings import config_path

    yield Check("manyeyes", "ok", f"{__version__}, Python {platform.python_version()}, mcp {_version('mcp')}")
    path = config_path(os.environ)
    there = path.exists()
    yield Check("settings file", "ok" if there else "absent", str(path) if there else f"none at {path}")


def _keys(settings: Settings) -> Iterator[Check]:
    for vendor, variable, package in _VENDORS:
        access = {"anthropic": settings.anthropic, "openai": settings.openai, "google": settings.google}[vendor]
        sdk = _version(package)
        if access.key is None:
            yield Check(vendor, "absent", f"no key: set {variable}. SDK {sdk or 'missing'}")
        elif sdk is None:
            yield Check(vendor, "broken", f"key set, but the package {package} is not installed")
        else:
            where = f" at {access.base_url}" if access.base_url else ""
            yield Check(vendor, "ok", f"key set{where}. SDK {sdk}")
    for name, endpoint in settings.endpoints.items():
        models = ", ".join(endpoint.models) or f"none named: set MANYEYES_ENDPOINTS_{name.upper()}_MODELS"
        yield Check(name, "ok", f"endpoint {endpoint.url}, models: {models}")


def _answered(check: Check, said: Mapping[str, tuple[State, str]]) -> Check:
    """The same, with what the vendor or endpoint answered, where it was asked."""
    if check.name not in said:
        return check
    state, answer = said[check.name]
    return Check(check.name, "broken" if "broken" in {state, check.state} else state, f"{check.detail}; {answer}")


def _why(failure: str) -> str:
    """Why nothing answered, and what that mostly means."""
    return NOBODY if _REFUSED.search(failure) else failure


def _own_ports(settings: Settings) -> set[int | None]:
    """The ports on this machine that endpoints of the operator's stand for already."""
    return {urlsplit(one.url).port for one in settings.endpoints.values() if one.local}


def _local_servers(own: set[int | None]) -> Iterator[Check]:
    """The usual ports of local model servers, on this machine alone."""
    for one in look(_LOCAL_SERVERS, but=own):
        if one.models is None:
            yield Check(one.name, "absent", f"nothing answers at 127.0.0.1:{one.port}")
        else:
            shown = ", ".join(one.models[:5]) or "no model loaded"
            variable = f"MANYEYES_ENDPOINTS_{one.endpoint.upper()}_URL"
            use = f"Use it: {variable}=http://127.0.0.1:{one.port}/v1, or the lines below"
            yield Check(one.name, "ok", f"answers at 127.0.0.1:{one.port} ({shown}). {use}", one.settings)


async def _lenders(desk: Desk) -> list[Check]:
    """The operator's other MCP servers: each is started, and told what of it models may use."""
    if desk.servers is None:
        return []
    from manyeyes.mcp_servers import Borrowed

    lent = await Borrowed.of(desk.servers, mask=desk.redactor().mask_values, mark=str)
    checks = []
    for name in desk.servers.named:
        wrong = [line for line in lent.problems if f"MCP server {name} " in line or f"mcp_servers.{name}]" in line]
        names = ", ".join(lent.tools_of(name)) or "no tool"
        detail = f"MCP server; models may use: {names}"
        checks.append(Check(name, "broken" if wrong else "ok", " ".join([*wrong] or [detail])))
    return checks


def _state(desk: Desk) -> Iterator[Check]:
    desk.store.connect()
    where = str(desk.store.path) if desk.store.path else "in memory, kept until the process ends"
    yield Check("state", "broken" if desk.store.notice else "ok", desk.store.notice or where)


def _git() -> Check:
    path = shutil.which("git")
    if path is None:
        return Check("git", "absent", "not found: `git` ranges cannot be reviewed, everything else can")
    try:
        said = subprocess.run(  # noqa: S603  # the program found on PATH, with a fixed argument
            [path, "--version"], capture_output=True, text=True, timeout=_GIT_S, check=True, stdin=subprocess.DEVNULL
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        return Check("git", "broken", f"{path} does not run: {error}")
    return Check("git", "ok", said.strip())


def _engines(desk: Desk) -> Iterator[Check]:
    there = find_spec("ruff") is not None
    yield Check(
        "evidence engines",
        "ok" if there else "broken",
        f"ruff {_version('ruff')}, Python's syntax tree" if there else "the package ruff is not installed",
    )
    yield from _dast_engines(desk.settings)
    yield Check("tools", "ok" if desk.tools else "broken", ", ".join(desk.tools) or "none is installed")


def _dast_engines(settings: Settings) -> Iterator[Check]:
    """Other people's scanners of running applications: which of them are chosen, and which are here."""
    for name, install in (("wapiti", "pipx install wapiti3"), ("schemathesis", 'in a clone: pip install -e ".[dast]"')):
        program: str = getattr(settings.dast, name)
        there = found_program(program)
        chosen = name in settings.dast.engines
        if there is None:
            state: State = "broken" if chosen else "absent"
            yield Check(name, state, f"`{program}` not found: dast does without it. To have it: {install}")
        elif chosen:
            yield Check(name, "ok", f"{there}, run by dast beside its own prober")
        else:
            use = f"MANYEYES_DAST_ENGINES={name}, or --engine {name}"
            yield Check(name, "absent", f"{there}, not in use. To have dast run it: {use}")


def _roots(settings: Settings) -> Iterator[Check]:
    if settings.missing_roots:
        there = f"; there: {', '.join(map(str, settings.roots))}" if settings.roots else ""
        wrong = f"no folder: {', '.join(settings.missing_roots)}{there}. Set MANYEYES_ROOTS to folders that exist"
        yield Check("roots", "broken", wrong)
    elif settings.roots:
        yield Check("roots", "ok", ", ".join(map(str, settings.roots)))
    else:
        yield Check("roots", "absent", "none here: set MANYEYES_ROOTS to the folders that tools may read")
    yield Check("privacy", "ok", settings.privacy)


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None

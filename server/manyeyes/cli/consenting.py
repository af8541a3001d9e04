"""`scan --target`: the person at the terminal says whether the application may be probed, in place of the list."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from manyeyes.cli.screen import safe
from manyeyes.errors import BadCall, SettingsError
from manyeyes.settings import header_lines, with_variables

if TYPE_CHECKING:
    from manyeyes.cli.verbs import Options
    from manyeyes.settings import Settings

_LINE = "'Authorization: Bearer $TOKEN'"


def consented(options: Options, settings: Settings) -> Settings:
    """The settings with the target among those that may be probed.

    Raises:
        BadCall: the person said no, or nobody is there to ask.
    """
    url: str | None = getattr(options, "target_url", None)
    if url is None:
        return settings
    known = settings.dast
    unsafe = known.unsafe_methods or bool(getattr(options, "unsafe", False))
    try:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        type(known)(targets=(origin,))
    except ValueError:  # as pydantic's own error is one
        raise BadCall("--target is not an address such as http://127.0.0.1:8000/, or names a user.") from None
    changed: dict[str, object] = {"targets": tuple(dict.fromkeys([*known.targets, origin])), "unsafe_methods": unsafe}
    if given := _headers(options):
        # What the settings send to another application is not sent to this one.
        mine = known.headers if known.headers_for in {None, origin} and set(known.targets) <= {origin} else {}
        changed |= {"headers": {**mine, **given}, "headers_for": origin}
    elif known.headers and known.headers_for is None:
        changed["headers_for"] = known.targets[0] if known.targets else origin
    if engines := getattr(options, "engines", None):
        changed["engines"] = tuple(dict.fromkeys(engines))
    try:
        dast = type(known).model_validate(
            {**{name: getattr(known, name) for name in type(known).model_fields}, **changed}
        )
    except ValueError:
        raise BadCall(
            f"--header takes a line of plain ASCII such as {_LINE}, and no header of the connection."
        ) from None
    if not options.yes:
        _ask(origin, unsafe=unsafe)
    return settings.model_copy(update={"dast": dast})


def _headers(options: Options) -> dict[str, str]:
    """The headers of the command line, with what the variables in them hold.

    In single quotes the shell leaves `$TOKEN` as it is, so that the secret stands in no list of processes.
    """
    try:
        lines = header_lines(getattr(options, "headers", None) or ())
    except ValueError:
        raise BadCall(f"--header takes a line such as {_LINE}.") from None
    try:
        return {name: with_variables(value, os.environ) for name, value in lines.items()}
    except SettingsError as error:
        raise BadCall(str(error)) from None


def _ask(origin: str, *, unsafe: bool) -> None:
    if not sys.stdin.isatty():
        raise BadCall("--target asks before it sends anything, and there is no terminal to ask at. Give --yes.")
    what = "any method, which may change or delete what it stores" if unsafe else "GET, HEAD and OPTIONS alone"
    sys.stderr.write(
        f"Attacks will be tried on {safe(origin)} ({what}). Only do this to what is yours or where you were asked to. "
        f"Go on? [y]es, [n]o: "
    )
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower()[:1] != "y":
        raise BadCall("Nothing was sent.")

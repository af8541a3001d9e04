"""`scan --target`: the person at the terminal says whether the application may be probed, in place of the list."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from manyeyes.cli.screen import safe
from manyeyes.errors import BadCall

if TYPE_CHECKING:
    from manyeyes.cli.verbs import Options
    from manyeyes.settings import Settings


def consented(options: Options, settings: Settings) -> Settings:
    """The settings with the target among those that may be probed.

    Raises:
        BadCall: the person said no, or nobody is there to ask.
    """
    url: str | None = getattr(options, "target_url", None)
    if url is None:
        return settings
    unsafe = settings.dast.unsafe_methods or bool(getattr(options, "unsafe", False))
    try:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        dast = type(settings.dast).model_validate(
            settings.dast.model_dump() | {"targets": [*settings.dast.targets, origin], "unsafe_methods": unsafe}
        )
    except ValueError:  # as pydantic's own error is one
        raise BadCall("--target is not an address such as http://127.0.0.1:8000/, or names a user.") from None
    if not options.yes:
        _ask(origin, unsafe=unsafe)
    return settings.model_copy(update={"dast": dast})


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

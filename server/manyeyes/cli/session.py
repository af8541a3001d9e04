"""One command's work with a desk: settings, the desk itself, and a tool call with progress."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

from manyeyes.errors import ManyEyesError
from manyeyes.settings import default_roots, load
from manyeyes.settings.folders import holds_home, is_project

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from pathlib import Path

    from manyeyes.desk import Desk
    from manyeyes.settings import Settings

T = TypeVar("T")


def with_desk(work: Callable[[Desk], Awaitable[T]], settings: Settings | None = None) -> T:
    """Open a desk, do the work there, close it.

    Raises:
        ManyEyesError: what the work raised.
        BrokenPipeError: whoever read the output has gone.
    """
    import anyio  # not needed to read the command line

    from manyeyes.desk import Desk

    chosen = load() if settings is None else settings

    async def main() -> T | ManyEyesError | BrokenPipeError:
        async with Desk.open(chosen, os.environ) as desk:
            # Returned, not raised: on its way through a task group an error would be wrapped in a group.
            try:
                return await work(desk)
            except (ManyEyesError, BrokenPipeError) as error:
                return error

    outcome = anyio.run(main)
    if isinstance(outcome, ManyEyesError | BrokenPipeError):
        raise outcome
    return outcome


def settings_for(paths: Iterable[Path]) -> Settings:
    """The operator's settings, with the folders of what was named on the command line among the roots.

    Whoever types a path wants it read; a client's model that sends one is held to the roots.  Roots that the
    operator has set hold here too.  For several folders below the working folder that is the root, unless it is a
    home, or one of them a project: then it holds more than what was meant.
    """
    from pathlib import Path

    settings = load()
    set_by_operator = os.environ.get("MANYEYES_ROOTS") or settings.missing_roots
    if set_by_operator or settings.roots != default_roots(Path.cwd(), os.environ):
        return settings
    roots = list(settings.roots)
    here = Path.cwd().resolve()
    for path in paths:
        real = path.resolve()
        folder = real if real.is_dir() else real.parent
        if folder.is_dir() and not any(folder.is_relative_to(root) for root in roots):
            roots.append(folder)
    named = roots[len(settings.roots) :]
    if len(named) > 1 and not holds_home(here, os.environ) and all(_of_one_project(one, here) for one in named):
        roots[len(settings.roots) :] = [here]  # so that their files are called what whoever named them calls them
    return settings.model_copy(update={"roots": tuple(roots)})


def _of_one_project(folder: Path, here: Path) -> bool:
    """Whether a folder lies below the working folder, and in no project of its own: beside those lie others'."""
    between = [one for one in (folder, *folder.parents) if one.is_relative_to(here) and one != here]
    return bool(between) and not any(map(is_project, between))


def repository(folder: Path) -> Path:
    """The Git repository that a folder lies in; the folder itself when it lies in none."""
    return next((up for up in (folder, *folder.parents) if (up / ".git").exists()), folder)

"""What a verb for a tool was asked to do: the tool's arguments, and the settings with the roots that they need."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from manyeyes.cli.reading import named, read_text
from manyeyes.errors import BadCall

if TYPE_CHECKING:
    from manyeyes.cli.verbs import Options
    from manyeyes.settings import Settings
    from manyeyes.types import Json


def check(options: Options) -> None:
    """Raise `BadCall` for what only a scan of dependencies takes, or two that want stdout."""
    for flag, name in (("--sbom", "sbom"), ("--osv-db", "osv_db")):
        if getattr(options, name, None) and options.scan_type != "sca":
            raise BadCall(f"{flag} goes with `--type sca`: it is about dependencies.")
    for flag, name in (("--header", "headers"), ("--engine", "engines"), ("--unsafe", "unsafe")):
        if getattr(options, name, None) and not getattr(options, "target_url", None):
            raise BadCall(f"{flag} goes with --target: it is about a running application.")
    if options.sure and options.fail_on is None:
        raise BadCall("--sure says what counts for --fail-on. Add --fail-on with a severity, such as --fail-on high.")
    if getattr(options, "sbom", None) == "-" and (options.sarif == "-" or (options.json and options.output is None)):
        raise BadCall("--sbom - and another option both want stdout. Give one of them a file.")


def arguments(options: Options) -> tuple[dict[str, Json], Settings]:
    """The tool's arguments, and the settings with the roots that they need.

    Raises:
        BadCall: nothing is named, too much is, or what is named is not there.
    """
    from manyeyes.cli.session import repository, settings_for

    same = ("model", "depth", "focus", "scan_type", "target_url", "format", "mode")
    values: dict[str, Json] = {name: getattr(options, name, None) for name in same}
    here = Path.cwd()
    if values["target_url"] and values["scan_type"] is None:
        values["scan_type"] = "dast"
    paths = _paths(options, values, here)
    nothing = not (paths or options.code_file or options.diff or options.git)
    both = [name for name, one in _given(options) if one]
    if len(both) > 1:
        raise BadCall(f"{both[0]} and {both[1]} were both given. Give one of PATH, --code-file, --diff and --git.")
    if values["scan_type"] in {None, "sast", "sca"}:
        _see_that_they_exist(paths)
    if paths:
        values["paths"] = [str(path.absolute()) for path in paths]
    if options.code_file:
        values["code"] = read_text(options.code_file)
        values["language"] = options.language or _language(options.code_file)
    if options.diff:
        values["diff"] = read_text(options.diff)
    values["git"] = options.git
    values["check"] = _checked(options)
    if nothing and options.tool == "doc_generator":
        raise BadCall("Nothing to document. Name files or folders: manyeyes docs src/app.py")
    if nothing and not values["target_url"]:
        values["git"] = "working"
    folders = [*paths, repository(here)] if values["git"] else paths
    settings = settings_for(folders)
    if nothing and values["git"] and settings.roots and not any(map(_in_git, settings.roots)):
        raise BadCall(
            f"There is no git repository here, and so no change to look at. Name files or folders: "
            f"manyeyes {options.verb} ."
        )
    settings = _with_database(settings, options)
    return {name: value for name, value in values.items() if value is not None}, settings


def _see_that_they_exist(paths: list[Path]) -> None:
    missing = next((path for path in paths if not path.exists()), None)
    if missing is not None:
        raise BadCall(f"There is no {missing}. Name files or folders that exist.")


def _with_database(settings: Settings, options: Options) -> Settings:
    """The settings with the copy of OSV's records that the command names, if it names one."""
    database = getattr(options, "osv_db", None)
    if database is None:
        return settings
    osv = settings.osv.model_copy(update={"db": database.expanduser().absolute()})
    return settings.model_copy(update={"osv": osv})


def _paths(options: Options, values: dict[str, Json], here: Path) -> list[Path]:
    """The files and folders that were named; for work that is done on a whole project, the working folder."""
    kind, probing = values["scan_type"], values["target_url"]
    if (kind == "sca" or (kind == "dast" and not probing)) and not any(one for _, one in _given(options)):
        return [here]
    return [named(path) for path in options.paths]


def _given(options: Options) -> tuple[tuple[str, object], ...]:
    """The ways to say what to look at, and what was said by each."""
    named = (("PATH", "paths"), ("--code-file", "code_file"), ("--diff", "diff"), ("--git", "git"))
    return tuple((flag, getattr(options, name, None)) for flag, name in named)


def _in_git(folder: Path) -> bool:
    return any((up / ".git").exists() for up in (folder, *folder.parents))


def _language(name: str) -> str | None:
    """A file's ending, which the tools know languages by too; nothing for stdin."""
    return Path(name).suffix.removeprefix(".").lower() or None


def _checked(options: Options) -> str | None:
    """The document to hold against the code; empty for what stands in the code and beside it, None for none."""
    if not getattr(options, "check", False):
        return None
    if options.output is None:
        return ""
    if not options.output.is_file():
        raise BadCall(f"There is no {options.output} to check. Write it first: the same command without --check.")
    return read_text(str(options.output))

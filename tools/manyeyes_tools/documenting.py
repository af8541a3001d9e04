"""How code is documented: read it, index it, have a model write, hold that against the index, render."""

from __future__ import annotations

import ast
import posixpath
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio.to_thread

from manyeyes.errors import BadCall
from manyeyes_tools.documents.coverage import measure
from manyeyes_tools.documents.foreign import READABLE, Unreadable, read_foreign
from manyeyes_tools.documents.python_symbols import read_module
from manyeyes_tools.documents.result import DocResult
from manyeyes_tools.documents.symbols import Module, Symbol, import_name
from manyeyes_tools.documents.writing import Written, write
from manyeyes_tools.globs import has_magic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from manyeyes.results import Status
    from manyeyes.tool import Bench
    from manyeyes_tools.arguments import DocArguments, Format
    from manyeyes_tools.documents.api.describing import Described
    from manyeyes_tools.documents.coverage import Coverage
    from manyeyes_tools.material import Material, SourceFile


@dataclass(frozen=True, slots=True)
class Index:
    """The modules of the material, and what of it could not be read."""

    modules: tuple[Module, ...]
    problems: tuple[str, ...]


async def document(material: Material, arguments: DocArguments, bench: Bench, *, brief: bool = False) -> DocResult:
    """Document material that has been read.

    With `brief` a model writes only about what has no docstring, and is shown how it begins: a step of a pipeline whose
    other steps have read the code.

    Raises:
        BadCall: it holds no file that can be documented.
    """
    checking = arguments.check is not None
    guides = tuple(file for file in material.files if file.language == "markdown")
    guides = guides if checking else _introducing(material, guides)
    files, notes = _documentable(material, arguments.paths or (), guides)
    index = await anyio.to_thread.run_sync(_index, files)
    if checking:
        return await _checked(material, arguments, bench, index, guides)
    routes = await anyio.to_thread.run_sync(_routes, index.modules, arguments.format)
    wanted = await anyio.to_thread.run_sync(_wanted, index.modules, routes)
    written = Written()
    if brief:
        wanted = tuple(symbol for symbol in wanted if not symbol.docstring)
    if wanted:
        written = await write(index.modules, wanted, bench, depth=arguments.depth, model=arguments.model, brief=brief)
    texts = [(file.path, file.masked) for file in guides]
    rendered = await anyio.to_thread.run_sync(_render, index.modules, written, arguments.format, routes, texts)
    coverage = measure(index.modules)
    problems = [*written.problems, *index.problems, *rendered.problems, *material.missing()]
    status: Status = "evidence_only" if not written.heard else "partial" if problems else "complete"
    return DocResult(
        status=status,
        summary=_summary(coverage, index.modules, arguments.format, valid=rendered.valid),
        problems=problems,
        run=bench.run(),
        format=arguments.format,
        document=rendered.text,
        coverage=coverage,
        valid=rendered.valid,
        notes=[*written.notes, *bench.notices, *notes, *material.left_alone()],
    )


async def _checked(
    material: Material, arguments: DocArguments, bench: Bench, index: Index, guides: Sequence[SourceFile]
) -> DocResult:
    """Hold documentation against the code instead of writing it; no model is asked."""
    from manyeyes_tools.documents.comparing import disagreements, tells_of_the_past

    routes = await anyio.to_thread.run_sync(_routes, index.modules, arguments.format)
    texts = [(file.path, file.masked) for file in guides]
    rendered = await anyio.to_thread.run_sync(_render, index.modules, Written(), arguments.format, routes, texts)
    given = bench.redactor.mask(arguments.check or "")
    found = await anyio.to_thread.run_sync(disagreements, index.modules, texts, given, rendered.text, arguments.format)
    problems = [*index.problems, *material.missing()]
    past = [path for path, _ in texts if tells_of_the_past(path)]
    texts = [one for one in texts if one[0] not in past]
    looked = " and ".join(
        filter(
            None,
            (
                "the document" if given else "the docstrings",
                f"{len(texts)} Markdown file{'' if len(texts) == 1 else 's'}" if texts else "",
            ),
        )
    )
    places = f"{len(found)} place{'' if len(found) == 1 else 's'}"
    return DocResult(
        status="partial" if problems else "complete",
        summary=f"Held {looked} against {len(index.modules)} file{'' if len(index.modules) == 1 else 's'} of code: "
        + (f"they disagree in {places}." if found else "they agree."),
        problems=problems,
        run=bench.run(),
        format=arguments.format,
        document="",
        coverage=measure(index.modules),
        valid=None,
        notes=[
            *bench.notices,
            *material.left_alone(),
            *(f"Not held against the code, since it tells of changes: {path}." for path in past),
        ],
        disagreements=found,
    )


def _introducing(material: Material, guides: Sequence[SourceFile]) -> tuple[SourceFile, ...]:
    """The README that a reference of the other files begins with."""
    from manyeyes_tools.documents.overview import readme

    found = readme([(file.path, file.masked) for file in guides]) if material.origin != "code" else None
    others = any(file.language in READABLE for file in material.files)
    return tuple(file for file in guides if others and found is not None and file.path == found[0])


def _documentable(
    material: Material, paths: Sequence[str], guides: Sequence[SourceFile] = ()
) -> tuple[tuple[SourceFile, ...], list[str]]:
    """The files to document, and a note on the others, the guides left out.

    What was named or pasted is always taken, so that it gets an answer of its own; of what a folder or a glob holds,
    only what can be documented.
    """
    named = [posixpath.normpath(path.replace("\\", "/")) for path in paths if not has_magic(path)]
    kept: list[SourceFile] = []
    left = Counter[str]()
    for file in material.files:
        if file in guides:
            continue
        mine = any(name == file.path or name.endswith(f"/{file.path}") for name in named)
        if file.language in READABLE or material.origin == "code" or mine:
            kept.append(file)
        else:
            left[file.language] += 1
    if not left:
        return tuple(kept), []
    total = sum(left.values())
    count = f"{total} other file{'' if total == 1 else 's'}" if kept else f"{total} file{'' if total == 1 else 's'}"
    kinds = ", ".join(f"{number} {language}" for language, number in sorted(left.items()))
    if not kept:
        raise BadCall(f"Only source code can be documented, and there is none in what was given ({count}: {kinds}).")
    return tuple(kept), [f"Left out {count}: no source code ({kinds})."]


@dataclass(frozen=True, slots=True)
class _Rendered:
    text: str
    valid: bool | None
    problems: tuple[str, ...] = ()


def _index(files: Sequence[SourceFile]) -> Index:
    """Read the files as models may see them: secrets are already replaced, so no document can show one."""
    modules: list[Module] = []
    problems: list[str] = []
    for file in files:
        if file.language != "python":
            try:
                module, incomplete = read_foreign(file.path, file.masked, file.language)
            except Unreadable as error:
                problems.append(f"{file.path}: not indexed, {error}; only a model can describe it as a whole")
                modules.append(_unparsed(file))
                continue
            modules.append(module)
            if incomplete:
                problems.append(f"{file.path}: {incomplete}, so symbols may be missing")
            continue
        try:
            modules.append(read_module(file.path, file.masked))
        except SyntaxError as error:
            problems.append(f"{file.path}:{error.lineno or 1}: not read as Python, {error.msg}")
            modules.append(_unparsed(file))
        except (ValueError, RecursionError, MemoryError):
            problems.append(f"{file.path}: not read as Python, it is nested too deeply or holds NUL bytes")
            modules.append(_unparsed(file))
    return Index(tuple(modules), tuple(problems))


def _unparsed(file: SourceFile) -> Module:
    """A file of which nothing is known but its text."""
    lines = tuple(file.masked.splitlines())
    itself = Symbol(
        path=file.path, name=import_name(file.path), kind="module", line=1, end_line=max(len(lines), 1), public=True
    )
    return Module(
        itself=itself, symbols=(), tree=ast.Module(body=[], type_ignores=[]), lines=lines, language=file.language
    )


def _routes(modules: Sequence[Module], form: Format) -> Described | None:
    """The routes, read once for all that needs them; None for a form that has none."""
    if form != "openapi":
        return None
    from manyeyes_tools.documents import openapi

    return openapi.read(modules)


def _wanted(modules: Sequence[Module], routes: Described | None) -> tuple[Symbol, ...]:
    """What a model is to write about."""
    if routes is not None:
        from manyeyes_tools.documents.openapi import handlers

        return handlers(modules, routes)
    return tuple(symbol for module in modules for symbol in (module.itself, *module.public))


def _render(
    modules: Sequence[Module],
    written: Written,
    form: Format,
    routes: Described | None,
    guides: Sequence[tuple[str, str]],
) -> _Rendered:
    if form == "openapi":
        from manyeyes_tools.documents import openapi

        description = openapi.describe(modules, written.told, routes)
        wrong = openapi.faults(description.document)
        problems = (*description.problems, *(f"the description is not valid OpenAPI: {fault}" for fault in wrong))
        return _Rendered(description.document, not wrong, problems)
    from manyeyes_tools.documents.entries import chapters
    from manyeyes_tools.documents.overview import overview

    reference = chapters(modules, written.told)
    before = overview(modules, guides)
    by_model = bool(written.told)
    if form == "html":
        from manyeyes_tools.documents import html

        page = html.render_html(reference, by_model=by_model, before=before)
        wrong = html.faults(page)
        return _Rendered(page, not wrong, tuple(f"the page is not valid HTML: {fault}" for fault in wrong))
    from manyeyes_tools.documents.markdown import render_markdown

    return _Rendered(render_markdown(reference, by_model=by_model, before=before), None)


def _summary(coverage: Coverage, modules: Sequence[Module], form: Format, *, valid: bool | None) -> str:
    files = f"{len(modules)} file{'' if len(modules) == 1 else 's'}"
    checked = "" if valid is None else ", valid" if valid else ", not valid"
    named = {"markdown": "Markdown reference", "openapi": "OpenAPI 3.1 description", "html": "HTML reference"}[form]
    return f"{named} of {files}{checked}. {coverage.documented} of {coverage.symbols} public symbols have a docstring."

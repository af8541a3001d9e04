"""A reference as one HTML page: nothing is loaded, one script for the search, light and dark."""

from __future__ import annotations

import base64
import hashlib
import posixpath
from functools import cache
from html import escape
from html.parser import HTMLParser
from importlib.resources import files
from typing import TYPE_CHECKING

from manyeyes_tools.documents.linking import Links
from manyeyes_tools.documents.markdown import BY_MODEL, NOTHING, block
from manyeyes_tools.reports.highlighting import highlighted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from manyeyes_tools.documents.entries import Chapter, Entry, Row
    from manyeyes_tools.documents.overview import Overview

VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
FORBIDDEN = frozenset({"script", "iframe", "object", "embed", "form", "base", "img", "link", "svg", "math"})
_FEW_MODULES = 4
"""As many modules are listed with their contents open."""
_TEXT_TAGS = {"p", "em", "strong", "code", "pre", "ul", "ol", "li", "blockquote", "br", "hr", "a"}


def render_html(reference: Sequence[Chapter], *, by_model: bool, before: Overview = NOTHING) -> str:
    """The whole page.

    Args:
        reference: Its chapters.
        by_model: Whether its end is to say that a model wrote a part of it.
        before: What the code is for, which the page begins with.
    """
    names = [chapter.module.itself.name for chapter in reference]
    name = names[0] if len(names) == 1 else before.title
    title = f"{name} reference" if name else "API reference"
    links = Links(reference)
    style, script = _part("page.css"), _part("page.js")
    only = f"style-src {_digest(style)}; script-src {_digest(script)}"
    policy = f"default-src 'none'; {only}; base-uri 'none'; form-action 'none'"
    lines = [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="color-scheme" content="light dark">',
        f"<title>{escape(title)}</title>",
        f"<style>{style}</style>",
        "</head>",
        "<body>",
        '<a class="skip" href="#main">Skip to content</a>',
        *_contents(reference),
        '<main id="main" tabindex="-1">',
        f"<h1>{escape(title)}</h1>",
        *_before(before, links),
    ]
    for chapter in reference:
        lines += _chapter(chapter, links)
    if by_model:
        lines.append(f"<footer><p>{BY_MODEL}</p></footer>")
    lines += ["</main>", f"<script>{script}</script>", "</body>", "</html>"]
    return "\n".join(lines) + "\n"


@cache
def _part(name: str) -> str:
    return files("manyeyes_tools").joinpath("documents", name).read_text("utf-8")


def _digest(text: str) -> str:
    """A source of a content security policy that is this very text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"


def faults(page: str) -> list[str]:
    """What is wrong with a page: tags left open or closed wrongly, scripts, things loaded, links that lead nowhere."""
    checker = _Checker()
    checker.feed(page)
    checker.close()
    if checker.script not in {"", _part("page.js")}:
        checker.found.append("a <script> that is not the page's own has no place here")
    found = checker.found + [f"<{tag}> is not closed" for tag in checker.open]
    found += [f"link to #{target}, which is not there" for target in sorted(checker.targets - checker.ids)]
    return found


class _Checker(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[str] = []
        self.ids: set[str] = set()
        self.targets: set[str] = set()
        self.script = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in FORBIDDEN and (tag != "script" or attrs):
            self.found.append(f"<{tag}> has no place here")
        for name, value in attrs:
            if name.startswith("on") or name in {"src", "srcset", "srcdoc", "action", "formaction"}:
                self.found.append(f"attribute {name} has no place here")
            if name == "id" and value:
                if value in self.ids:
                    self.found.append(f"two elements with the id {value}")
                self.ids.add(value)
            if name == "href" and value and value.startswith("#"):
                self.targets.add(value[1:])
            if name == "href" and value and not value.startswith(("#", "http://", "https://", "mailto:")):
                self.found.append("a link with an address of another kind")
        if tag not in VOID:
            self.open.append(tag)

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["script"]:
            self.script += data

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.found.append(f"</{tag}> closes nothing")


def _before(before: Overview, links: Links) -> Iterator[str]:
    """What the code is for and how it is used, from its README."""
    if not before.source:
        return
    yield '<section class="overview" aria-label="Overview">'
    for text in before.about:
        yield f"<div>{_prose(text, links)}</div>"
    if before.usage:
        yield '<h2 id="usage">Usage</h2>'
        yield from (_block(example, language) for example, language in before.usage)
    yield f'<p class="source">From {escape(before.source)}</p>'
    yield "</section>"


def _contents(reference: Sequence[Chapter]) -> Iterator[str]:
    yield '<nav aria-label="Contents">'
    yield '<div id="searching" role="search" hidden><label for="search">Search</label>'
    yield '<input id="search" type="search" autocomplete="off" spellcheck="false" aria-keyshortcuts="/"'
    yield 'placeholder="Press / to search">'
    yield '<p id="found" role="status"></p></div>'
    yield '<details id="contents" open><summary>Contents</summary>'
    shown = " open" if len(reference) <= _FEW_MODULES else ""
    internal = False
    shared = _shared([chapter.module.itself.name for chapter in reference])
    for chapter in reference:
        if chapter.internal and not internal:
            internal = True
            yield '<p class="group">Internal</p>'
        name = _breakable(chapter.module.itself.name[shared:])
        link = f'<a href="#{escape(chapter.overview.anchor)}">{name}</a>'
        if not chapter.entries and not chapter.offers:
            yield f'<p class="alone">{link}</p>'
            continue
        yield f"<details{shown}><summary>{name}</summary><ul>"
        yield f'<li class="module"><a href="#{escape(chapter.overview.anchor)}">Overview</a></li>'
        for one in chapter.offers:
            yield f'<li><a href="#{escape(one.anchor)}"><code>{escape(one.alias or one.name)}</code></a></li>'
        for entry in chapter.entries:
            inner = ' class="inner"' if "." in entry.symbol.name else ""
            last = escape(entry.symbol.name.rpartition(".")[2])
            yield f'<li{inner}><a href="#{escape(entry.anchor)}"><code>{last}</code></a></li>'
        yield "</ul></details>"
    yield "</details></nav>"


def _shared(names: Sequence[str]) -> int:
    """How many characters of the files' names are folders that all lie in, which the contents need not repeat."""
    folders = [name.rpartition("/")[0] for name in names]
    alike = len(names) > 1 and all(folders) and len({folder.startswith("/") for folder in folders}) == 1
    return len(posixpath.commonpath(folders)) + 1 if alike else 0


def _breakable(name: str) -> str:
    """A dotted name that may be broken after its dots."""
    return escape(name).replace(".", ".<wbr>").replace("/", "/<wbr>")


def _chapter(chapter: Chapter, links: Links) -> Iterator[str]:
    overview = chapter.overview
    name = escape(chapter.module.itself.name)
    yield f'<section id="{escape(overview.anchor)}">'
    shown = f"Module <code>{_breakable(chapter.module.itself.name)}</code>"
    yield f"<h2>{shown}{_permanent(overview.anchor, name)}</h2>"
    yield f'<p class="source">{escape(chapter.module.path)}</p>'
    yield from _texts(overview, links)
    yield from (_block(example, overview.language) for example in overview.examples)
    if chapter.offers:
        yield "<h3>Public names</h3>"
        yield '<ul class="offers">'
        for one in chapter.offers:
            alias = f" as <code>{escape(one.alias)}</code>" if one.alias else ""
            link = f'<a href="#{escape(one.anchor)}"><code>{escape(one.name)}</code></a>'
            yield f"<li>{link}{alias} {_prose(one.summary, links)}</li>"
        yield "</ul>"
    if chapter.constants:
        yield "<h3>Constants</h3>"
        yield from _table(chapter.constants, ("Name", "Type", "Value", "Description"), f"Constants of {name}", links)
    for entry in chapter.entries:
        yield from _entry(entry, links)
    yield "</section>"


def _entry(entry: Entry, links: Links) -> Iterator[str]:
    symbol, here = entry.symbol, entry.anchor
    level = "h4" if "." in symbol.name else "h3"
    below = "h5" if level == "h4" else "h4"
    name = escape(symbol.name)
    kind = ' class="member"' if level == "h4" else ""
    yield f'<article id="{escape(here)}"{kind}>'
    shown = f'<span class="kind">{symbol.kind}</span> <code data-name>{_breakable(symbol.name)}</code>'
    yield f"<{level}>{shown}{_permanent(here, name)}</{level}>"
    yield _block(entry.definition, entry.language, fixed=True)
    yield from _texts(entry, links)
    for rows, title in ((entry.parameters, "Parameters"), (entry.attributes, "Attributes")):
        if rows:
            yield f"<{below}>{title}</{below}>"
            yield from _table(rows, ("Name", "Type", "Default", "Description"), f"{title} of {name}", links, here)
    if entry.returns:
        yield f"<{below}>{entry.returns.name}</{below}>"
        typed = f"{_code(entry.returns.type, links, here)} " if entry.returns.type else ""
        yield f"<div>{typed}{_prose(entry.returns.description, links, here)}</div>"
    if entry.raises:
        yield f"<{below}>Raises</{below}>"
        yield "<ul>"
        for row in entry.raises:
            yield f"<li>{_code(row.name, links, here)} {_prose(row.description, links, here)}</li>"
        yield "</ul>"
    for example in entry.examples:
        yield f"<{below}>Example</{below}>"
        yield _block(example, entry.language)
    imported = f"<code>{_breakable(entry.imported)}</code> · " if entry.imported else ""
    yield f'<p class="source">{imported}{escape(symbol.path)}, line {symbol.line}</p>'
    yield "</article>"


def _permanent(anchor: str, name: str) -> str:
    """A link to the place itself, to be copied."""
    return f' <a class="here" href="#{escape(anchor)}" aria-label="Link to {name}">#</a>'


def _texts(entry: Entry, links: Links) -> Iterator[str]:
    if entry.summary:
        yield f'<div class="summary">{_prose(entry.summary, links, entry.anchor)}</div>'
    if entry.details:
        yield f"<div>{_prose(entry.details, links, entry.anchor)}</div>"


def _table(
    rows: Sequence[Row], heads: tuple[str, str, str, str], caption: str, links: Links, here: str = ""
) -> Iterator[str]:
    """A table without the columns that would be empty throughout; it scrolls by itself on narrow screens."""
    columns = [
        [_code(row.name) for row in rows],
        [_code(row.type, links, here) for row in rows],
        [_code(row.value) for row in rows],
        [_prose(row.description, links, here) for row in rows],
    ]
    kept = [place for place, column in enumerate(columns) if any(column)]
    yield f'<div class="table" role="region" aria-label="{caption}" tabindex="0"><table>'
    yield "<thead><tr>" + "".join(f'<th scope="col">{heads[place]}</th>' for place in kept) + "</tr></thead>"
    yield "<tbody>"
    for line in zip(*(columns[place] for place in kept), strict=True):
        first, *rest = line
        yield f'<tr><th scope="row">{first}</th>' + "".join(f"<td>{cell}</td>" for cell in rest) + "</tr>"
    yield "</tbody></table></div>"


def _code(text: str, links: Links | None = None, here: str = "") -> str:
    """Code that comes from the source, and so is held against it when the page is checked."""
    if not text:
        return ""
    return f"<code data-fixed>{links.code(text, here) if links is not None else escape(text, quote=False)}</code>"


def _block(text: str, language: str, *, fixed: bool = False) -> str:
    """A block of code; one that is wider than its place is scrolled, by keys too."""
    return f'<pre tabindex="0"{" data-fixed" if fixed else ""}><code>{highlighted(text, language)}</code></pre>'


def _prose(text: str, links: Links, here: str = "") -> str:
    """Markdown from a docstring or a model as HTML: a few tags of text, whatever it holds."""
    if not text:
        return ""
    import nh3
    from markdown_it import MarkdownIt

    rendered = MarkdownIt("commonmark", {"html": False}).disable("image").render(block(text))
    clean = nh3.clean(
        rendered,
        tags=_TEXT_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https"},
        link_rel="noopener nofollow",
    )
    return links.prose(clean.strip(), here)

"""A reference as one HTML page: nothing is loaded, one script for the search, light and dark."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from html import escape
from html.parser import HTMLParser
from importlib.resources import files
from typing import TYPE_CHECKING

from manyeyes_tools.documents.highlighting import highlighted
from manyeyes_tools.documents.markdown import BY_MODEL, block

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from manyeyes_tools.documents.entries import Chapter, Entry, Row

VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
FORBIDDEN = frozenset({"script", "iframe", "object", "embed", "form", "base", "img", "link", "svg", "math"})
_FEW_MODULES = 4
"""As many modules are listed with their contents open."""
_TEXT_TAGS = {"p", "em", "strong", "code", "pre", "ul", "ol", "li", "blockquote", "br", "hr", "a"}


def render_html(reference: Sequence[Chapter], *, by_model: bool) -> str:
    """The whole page; `by_model` says at its end that a model wrote a part of it."""
    names = [chapter.module.itself.name for chapter in reference]
    title = f"{names[0]} reference" if len(names) == 1 else "API reference"
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
    ]
    for chapter in reference:
        lines += _chapter(chapter)
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


def _contents(reference: Sequence[Chapter]) -> Iterator[str]:
    yield '<nav aria-label="Contents">'
    yield '<div id="searching" role="search" hidden><label for="search">Search</label>'
    yield '<input id="search" type="search" autocomplete="off" spellcheck="false" aria-keyshortcuts="/"'
    yield 'placeholder="Press / to search">'
    yield '<p id="found" role="status"></p></div>'
    shown = " open" if len(reference) <= _FEW_MODULES else ""
    for chapter in reference:
        name = _breakable(chapter.module.itself.name)
        link = f'<a href="#{escape(chapter.overview.anchor)}">{name}</a>'
        if not chapter.entries:
            yield f"<p>{link}</p>"
            continue
        yield f"<details{shown}><summary>{name}</summary><ul>"
        yield f'<li class="module"><a href="#{escape(chapter.overview.anchor)}">Overview</a></li>'
        for entry in chapter.entries:
            inner = ' class="inner"' if "." in entry.symbol.name else ""
            last = escape(entry.symbol.name.rpartition(".")[2])
            yield f'<li{inner}><a href="#{escape(entry.anchor)}"><code>{last}</code></a></li>'
        yield "</ul></details>"
    yield "</nav>"


def _breakable(name: str) -> str:
    """A dotted name that may be broken after its dots."""
    return escape(name).replace(".", ".<wbr>").replace("/", "/<wbr>")


def _chapter(chapter: Chapter) -> Iterator[str]:
    overview = chapter.overview
    name = escape(chapter.module.itself.name)
    yield f'<section id="{escape(overview.anchor)}">'
    yield f"<h2>Module <code>{_breakable(chapter.module.itself.name)}</code></h2>"
    yield f'<p class="source">{escape(chapter.module.path)}</p>'
    yield from _texts(overview)
    yield from (_block(example, overview.language) for example in overview.examples)
    if chapter.constants:
        yield "<h3>Constants</h3>"
        yield from _table(chapter.constants, ("Name", "Type", "Value", "Description"), f"Constants of {name}")
    for entry in chapter.entries:
        yield from _entry(entry)
    yield "</section>"


def _entry(entry: Entry) -> Iterator[str]:
    symbol = entry.symbol
    level = "h4" if "." in symbol.name else "h3"
    below = "h5" if level == "h4" else "h4"
    name = escape(symbol.name)
    yield f'<article id="{escape(entry.anchor)}">'
    yield f'<{level}><span class="kind">{symbol.kind}</span> <code data-name>{_breakable(symbol.name)}</code></{level}>'
    yield _block(entry.definition, entry.language, fixed=True)
    yield from _texts(entry)
    for rows, title in ((entry.parameters, "Parameters"), (entry.attributes, "Attributes")):
        if rows:
            yield f"<{below}>{title}</{below}>"
            yield from _table(rows, ("Name", "Type", "Default", "Description"), f"{title} of {name}")
    if entry.returns:
        yield f"<{below}>{entry.returns.name}</{below}>"
        typed = f"{_code(entry.returns.type)} " if entry.returns.type else ""
        yield f"<div>{typed}{_prose(entry.returns.description)}</div>"
    if entry.raises:
        yield f"<{below}>Raises</{below}>"
        yield "<ul>"
        for row in entry.raises:
            yield f"<li>{_code(row.name)} {_prose(row.description)}</li>"
        yield "</ul>"
    for example in entry.examples:
        yield f"<{below}>Example</{below}>"
        yield _block(example, entry.language)
    yield f'<p class="source">{escape(symbol.path)}, line {symbol.line}</p>'
    yield "</article>"


def _texts(entry: Entry) -> Iterator[str]:
    if entry.summary:
        yield f'<div class="summary">{_prose(entry.summary)}</div>'
    if entry.details:
        yield f"<div>{_prose(entry.details)}</div>"


def _table(rows: Sequence[Row], heads: tuple[str, str, str, str], caption: str) -> Iterator[str]:
    """A table without the columns that would be empty throughout; it scrolls by itself on narrow screens."""
    columns = [
        [_code(row.name) for row in rows],
        [_code(row.type) for row in rows],
        [_code(row.value) for row in rows],
        [_prose(row.description) for row in rows],
    ]
    kept = [place for place, column in enumerate(columns) if any(column)]
    yield f'<div class="table" role="region" aria-label="{caption}" tabindex="0"><table>'
    yield "<thead><tr>" + "".join(f'<th scope="col">{heads[place]}</th>' for place in kept) + "</tr></thead>"
    yield "<tbody>"
    for line in zip(*(columns[place] for place in kept), strict=True):
        first, *rest = line
        yield f'<tr><th scope="row">{first}</th>' + "".join(f"<td>{cell}</td>" for cell in rest) + "</tr>"
    yield "</tbody></table></div>"


def _code(text: str) -> str:
    """Code that comes from the source, and so is held against it when the page is checked."""
    return f"<code data-fixed>{escape(text)}</code>" if text else ""


def _block(text: str, language: str, *, fixed: bool = False) -> str:
    """A block of code; one that is wider than its place is scrolled, by keys too."""
    return f'<pre tabindex="0"{" data-fixed" if fixed else ""}><code>{highlighted(text, language)}</code></pre>'


def _prose(text: str) -> str:
    """Markdown from a docstring or a model as HTML: a few tags of text, whatever it holds."""
    if not text:
        return ""
    import nh3
    from markdown_it import MarkdownIt

    rendered = MarkdownIt("commonmark", {"html": False}).disable("image").render(block(text))
    return nh3.clean(
        rendered,
        tags=_TEXT_TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https"},
        link_rel="noopener nofollow",
    ).strip()

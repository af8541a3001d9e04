"""Findings as one HTML page: nothing is loaded or run, light and dark, filtered by severity without a script.

All text comes from code under review or from models that read it, so all of it is escaped, and a policy in the page
forbids whatever should get through nevertheless.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from functools import cache
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from manyeyes_tools.findings import ScanResult, Severity
from manyeyes_tools.languages import language_of
from manyeyes_tools.reports import wording
from manyeyes_tools.reports.highlighting import highlighted
from manyeyes_tools.reports.paging import clipped
from manyeyes_tools.reports.taxonomies import address_of
from manyeyes_tools.weaknesses import WEAKNESSES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from manyeyes_tools.findings import Finding, FindingsResult, Suggestion

_SPAN = re.compile(r"`([^`\n]+)`")
_QUOTE_LINES = 40
_TABLE = 500
"""Findings listed in the table of contents; all of them are below it."""
_LONGEST = 20_000


def report(result: FindingsResult) -> str:
    """The whole result as a page that stands alone."""
    return "\n".join(_page(result)) + "\n"


def _page(result: FindingsResult) -> Iterator[str]:
    verdict = wording.verdict(result)
    title = wording.kind(result) + (f": {verdict}" if verdict else "")
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    yield "<!doctype html>"
    yield '<html lang="en">'
    yield '<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield f'<meta name="color-scheme" content="light dark"><title>{escape(title)}</title>'
    yield f"<style>{style}</style></head>"
    yield '<body><a class="skip" href="#findings">Skip to the findings</a>'
    yield f"<main><h1>{escape(title)}</h1>"
    yield f"<p>{_prose(wording.one_line(result.summary))}</p>"
    counts, status = wording.counts(result.findings), wording.status(result)
    yield f"<p><strong>Findings:</strong> {escape(counts)} · <strong>Status:</strong> {escape(status)}</p>"
    yield from _filter(result)
    yield from _table(result)
    yield '<section id="findings" aria-label="Findings" tabindex="-1">'
    for number, finding in enumerate(result.findings, 1):
        yield from _finding(number, finding)
    yield "</section>"
    yield from _dismissed(result)
    if problems := wording.problems(result):
        yield "<section><h2>What could not be done</h2><ul>"
        yield from (f"<li>{_prose(wording.one_line(problem))}</li>" for problem in problems)
        yield "</ul></section>"
    for note in (*result.notes, wording.suppressed(result), wording.cut(result), wording.remedy(result)):
        if note:
            yield f"<p>{_prose(wording.one_line(note))}</p>"
    yield f"</main><footer><p>{escape(wording.one_line(wording.footer(result.run)))}</p></footer></body></html>"


def _filter(result: FindingsResult) -> Iterator[str]:
    """A box for each severity that occurs; the page's style does the rest."""
    per = Counter(finding.severity for finding in result.findings)
    if len(per) < 2:  # noqa: PLR2004  # nothing to choose from
        return
    yield "<fieldset><legend>Show</legend>"
    for severity in Severity:
        if per[severity]:
            yield (
                f'<label><input type="checkbox" id="show-{severity}" checked autocomplete="off"> {severity} '
                f"({per[severity]})</label>"
            )
    yield "</fieldset>"


def _table(result: FindingsResult) -> Iterator[str]:
    if not result.findings:
        return
    yield '<div class="table" role="region" aria-label="All findings" tabindex="0">'
    yield '<table><thead><tr><th scope="col">Severity</th><th scope="col">Finding</th><th scope="col">Place</th>'
    yield '<th scope="col">Confidence</th></tr></thead><tbody>'
    for number, one in enumerate(result.findings[:_TABLE], 1):
        yield (
            f'<tr class="{one.severity}"><td class="severity">{one.severity}</td>'
            f'<td><a href="#f{number}">{_prose(wording.one_line(one.title))}</a></td>'
            f"<td><code>{escape(wording.place(one))}</code></td><td>{one.confidence:.0%}</td></tr>"
        )
    yield "</tbody></table></div>"


def _finding(number: int, finding: Finding) -> Iterator[str]:
    yield f'<article id="f{number}" class="{finding.severity}" aria-labelledby="t{number}">'
    title = _prose(wording.one_line(finding.title))
    yield f'<h2 id="t{number}"><span class="severity">{finding.severity}</span> {title}</h2>'
    about = [f"<code>{escape(wording.place(finding))}</code>", *map(_class, wording.classes(finding))]
    yield f'<p class="about">{" · ".join(about)}</p>'
    yield from _source(finding)
    yield f"<p>{_prose(_cut(finding.explanation))}</p>"
    if steps := wording.steps(finding):
        yield f"<h3>{wording.way(finding)}</h3><ol>"
        for step in steps:
            place = escape(f"{wording.one_line(step.path)}:{step.line}")
            yield f"<li><code>{place}</code> {_prose(wording.one_line(step.note))}</li>"
        yield "</ol>"
    if finding.suggestion:
        yield from _suggestion(finding.suggestion)
    if finding.dissent:
        yield f"<h3>Dissent</h3><p>{_prose(_cut(finding.dissent))}</p>"
    origin = escape(wording.origin(finding))
    yield f'<p class="about">Reported by {origin} · id <code>{escape(wording.one_line(finding.id))}</code></p>'
    yield "</article>"


def _source(finding: Finding) -> Iterator[str]:
    if not finding.quote.strip():
        return
    lines = _cut(finding.quote).rstrip("\n").split("\n")
    width = len(str(finding.start_line + len(lines)))
    coloured = highlighted("\n".join(lines[:_QUOTE_LINES]), language_of(finding.path)).split("\n")
    rows = [
        f'<span class="line"><i>{number:>{width}} │ </i>{line}</span>'
        for number, line in enumerate(coloured, finding.start_line)
    ]
    if len(lines) > _QUOTE_LINES:
        rows.append(f'<span class="line"><i>… {len(lines) - _QUOTE_LINES} more lines</i></span>')
    yield f'<pre tabindex="0" aria-label="Source">{"".join(rows)}</pre>'


def _suggestion(suggestion: Suggestion) -> Iterator[str]:
    yield f"<h3>Suggestion</h3><p>{_prose(_cut(suggestion.explanation))}</p>"
    if not suggestion.patch:
        return
    rows = []
    for line in _cut(suggestion.patch).strip("\n").split("\n"):
        kind = {"+": " plus", "-": " minus"}.get(line[:1], "")
        rows.append(f'<span class="line{kind}">{escape(line)}</span>')
    yield f'<pre tabindex="0" aria-label="Patch">{"".join(rows)}</pre>'
    tried = "The patch was tried: it applies." if suggestion.applies else "The patch does not apply as it stands."
    yield f'<p class="about">{tried}</p>'


def _dismissed(result: FindingsResult) -> Iterator[str]:
    """What models hold to be none, folded away."""
    gone = result.dismissed if isinstance(result, ScanResult) else []
    if not gone:
        return
    yield f"<details><summary>{wording.DISMISSED}: {len(gone)}</summary><ul>"
    for one in gone[:_TABLE]:
        why = _prose(wording.one_line(one.dissent or ""))
        title = _prose(wording.one_line(one.title))
        yield f"<li><code>{escape(wording.place(one))}</code> {title}. {why}</li>"
    yield "</ul></details>"


def _class(name: str) -> str:
    if name in WEAKNESSES:
        return f'<a href="{address_of(name)}" rel="noreferrer">{escape(name)}</a>'
    return escape(name)


def _prose(text: str) -> str:
    """Text as HTML: harmless, with its code spans."""
    return _SPAN.sub(r"<code>\1</code>", escape(wording.visible(text).strip()))


def _cut(text: str) -> str:
    return clipped(wording.visible(text), _LONGEST)


@cache
def _style() -> str:
    return files(__package__).joinpath("page.css").read_text("utf-8")

"""What a call does: to whom values are handed, and what comes back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.taint.calling.arguments import bind, is_method
from manyeyes_tools.evidence.taint.calling.arrivals import note_headers, note_sinks
from manyeyes_tools.evidence.taint.calling.builtin import BUILTIN, of_builtin
from manyeyes_tools.evidence.taint.calling.callees import called
from manyeyes_tools.evidence.taint.calling.handing_on import fill, hand_on, is_own
from manyeyes_tools.evidence.taint.calling.library import cleaned_result, of_library, substituted_text
from manyeyes_tools.evidence.taint.calling.methods import of_method
from manyeyes_tools.evidence.taint.calling.objects import new_object
from manyeyes_tools.evidence.taint.calling.partials import made_of
from manyeyes_tools.evidence.taint.calling.rendering import fill_pages
from manyeyes_tools.evidence.taint.calling.requests import of_request
from manyeyes_tools.evidence.taint.calling.sites import Site, site_of
from manyeyes_tools.evidence.taint.calling.unseen import PLAIN_MODULES, of_unknown
from manyeyes_tools.evidence.taint.cleaning import CLEANERS, CLEANING_METHODS, SANITIZER_WORDS
from manyeyes_tools.evidence.taint.definitions import Class
from manyeyes_tools.evidence.taint.following import call_function
from manyeyes_tools.evidence.taint.sources import FUNCTIONS, METHODS, RETURNS
from manyeyes_tools.evidence.taint.tables import ALL
from manyeyes_tools.evidence.taint.values import NO_ATOMS, Value, cleaned

if TYPE_CHECKING:
    import ast

    from manyeyes_tools.evidence.taint.frames import Frame

_SANITIZER = re.compile("|".join(SANITIZER_WORDS))


def call(frame: Frame, node: ast.Call) -> Value:
    """What a call returns; what its arguments reach is noted."""
    site = site_of(frame, node)
    note_sinks(frame, site)
    note_headers(frame, site)
    fill_pages(frame, site)
    result = _result(frame, site)
    fill(frame, site)
    return result


def _result(frame: Frame, site: Site) -> Value:  # noqa: PLR0911  # one for each kind of what is called
    """What comes back: from a request, a cleaner, a source, code of the project, a library, or who knows where."""
    full, method = site.full, site.method
    special = of_request(frame, site) if method else None
    if special is not None:
        return special
    mask = CLEANERS.get(full)
    if mask is None and method:
        mask = CLEANING_METHODS.get(method)
    if mask is not None and not is_own(frame, site):
        return cleaned_result(site, mask)
    kind = FUNCTIONS.get(full) or METHODS.get(full)
    if kind is not None:
        return _of_source(frame, site, kind)
    hand_on(frame, site)
    function = called(frame, site)
    if function is None:
        return _of_others(frame, site)
    if isinstance(function, Class):
        return new_object(frame, site, function)
    result = call_function(frame, function, bind(site, function, method=is_method(site, function)), site.node)
    if result.atoms and _SANITIZER.search(function.name.lower()):
        return result.with_atoms(cleaned(result.atoms, 0, ALL))
    return result


def _of_source(frame: Frame, site: Site, kind: str) -> Value:
    if kind == "cli" and site.method in {"parse_args", "parse_known_args"}:
        return frame.source("cli", "the arguments", site.node)
    return Value(frame.source(kind, site.full, site.node).atoms, RETURNS.get(site.full, ""))


def _of_others(frame: Frame, site: Site) -> Value:  # noqa: PLR0911  # one for each kind of what is called
    """What comes back from code that is not of the project."""
    full, method = site.full, site.method
    if full == "functools.partial" and (made := made_of(site)) is not None:
        return made
    returned = RETURNS.get(full)
    if returned is not None and returned != "dbapi.Cursor":
        return of_library(frame, site, returned)
    if full == "re.sub" or (method == "sub" and site.receiver.kind == "re.Pattern"):
        return substituted_text(site)
    if not site.receiver.atoms and full.partition(".")[0] in PLAIN_MODULES:
        return of_unknown(site)
    if method:
        return of_method(frame, site)
    if full in BUILTIN:
        return of_builtin(site)
    if full in {"globals", "locals"}:
        return Value(NO_ATOMS, f"{full}()")
    if full == "getattr" and len(site.values) > 1:  # an object and a name
        return Value(site.values[0].atoms, "~attribute" if site.values[1].atoms else "")
    return of_unknown(site)

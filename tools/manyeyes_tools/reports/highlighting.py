"""Source code as HTML with its keywords, names and texts told apart."""

from __future__ import annotations

from functools import cache
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pygments.lexer import Lexer

_LEXERS = {"shell": "bash", "cpp": "c++"}
"""Languages whose name the highlighter knows otherwise."""
_LONGEST = 20_000
"""Characters of code that are highlighted; a longer piece is shown plain."""


def highlighted(code: str, language: str) -> str:
    """The code as HTML: text, and `span` elements with a class; anything in it is shown, never obeyed."""
    console = language == "python" and code.lstrip().startswith(">>>")
    lexer = _lexer("pycon" if console else _LEXERS.get(language, language))
    if lexer is None or len(code) > _LONGEST:
        return escape(code, quote=False)
    from pygments import highlight  # wanted for pages alone
    from pygments.formatters.html import HtmlFormatter

    return str(highlight(code, lexer, HtmlFormatter(nowrap=True))).rstrip("\n")


@cache
def _lexer(name: str) -> Lexer | None:
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    options = {"startinline": True} if name == "php" else {}
    try:
        return get_lexer_by_name(name, stripnl=False, ensurenl=False, **options)
    except ClassNotFound:
        return None

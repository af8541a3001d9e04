# ruff: noqa: PLR2004 -- the figures are lengths of words and lines, and say no more under a name
"""Values that stand behind secret-sounding names: `password = "…"`, `"pw": "…"`, `Pwd=…;`, `API_KEY=…`.

Every expression here takes what it reads in one go and never gives it back, so that the time grows with the
length of the text and no faster, whatever the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manyeyes.pieces import scan
from manyeyes.secret_values import NAMES, is_mixed, is_plain, is_value, without_templates

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = re.compile(
    rf"(?:{NAMES})\w{{0,40}}+(?P<close>[\"'`\]]{{0,2}}+)(?:\[\d{{0,6}}+\])?\s{{0,8}}+"
    r"(?P<sep>:=|=>|={1,3}+|!==?|:\s{0,4}+[a-z_][\w.\[\]| ]{0,40}+=|:|\(|\.assign\(|"
    r",?\s{0,40}+[\"']?value[\"']?\s{0,4}+[:=]|,|(?<=[ \t])(?=[\"'`]))"
)
_HINT = re.compile(r"p(?:ass|wd|w)|secret|credential|key|token|contrase")
_NAME_END = re.compile(rf"(?:{NAMES})\d*\Z")
_IDENTIFIER = re.compile(r"[\w-]{0,40}+")
_OPEN = re.compile(
    r"(?P<gap>\s{0,40}+(?:\\\n\s{0,40}+)?)(?P<paren>\(\s{0,40}+)?@?[rbufRBUF]{0,2}(?P<quote>\"\"\"|'''|[\"'`])"
)
_NEXT_PART = re.compile(r"\s{0,40}+(?P<plus>[+.]?)\s{0,40}+(?:\\\n\s{0,40}+)?[rbufRBUF]{0,2}(?P<quote>[\"'`])")
_BODIES = {
    quote: re.compile(
        rf"(?:[^{quote[0]}\\\n]++|\\[^\n]|{quote[0]}(?!{quote[0] * 2}))*+"
        if len(quote) == 3
        else rf"[^{quote}\\\n]*+(?:\\[^\n][^{quote}\\\n]*+)*+"
    )
    for quote in ('"""', "'''", '"', "'", "`")
}
_LONGEST = 400
_PARTS = 20
_NO_SECRET = re.compile(
    r"(?:page|paging|next|prev|previous|continuation|continue|cursor|sync|scroll|resume|skip|start|end|begin|eos|bos|"
    r"pad|unk|sep|cls|mask|stop|special|image|audio|first|last|current|delimiter|max|min|num|n|block|comment)"
    r"[_-]?tokens?\d*\Z|"
    r"(?:password|passwd|pwd|secret|token|credentials?|key)_?(?:type|name|kind|class|ur[li]|endpoint|path|file|field|"
    r"header|label|prefix|policy|regex|pattern|algorithm|format|length|count|limit|param|hint|help|message|error)s?\Z"
)
_TOKEN_SHAPE = re.compile(r"[\w.~+/=:|$!@%-]+")
_TYPE = re.compile(r"[A-Za-z_]\w*+(?:\.[A-Za-z_]\w*+)*+(?:\[[\w\[\]., |\"'-]*+\])?(?:\s?\|\s?[\w.\[\], ]++)*+")
_DOTTED_TYPE = re.compile(r"[A-Za-z_]+(?:\.[A-Za-z_]+)++|(?:[A-Za-z_]+\.)*+[A-Z][A-Za-z_]+\[[A-Za-z_\[\]., |]*+\]")
_BARE = re.compile(r"[ \t]{0,4}+(?P<value>[^\s\"'`<>(){}\[\],;$&]{6,200}+)(?=[ \t]{0,20}+(?:#|\r?\n|\Z))")
_BARE_SETTING = re.compile(r"[ \t]{0,20}+(?P<value>[^\s\"'`*&|>]\S{3,200}+)(?=[ \t]{0,20}+(?:#|\r?\n|\Z))")
_ENVIRONMENT = re.compile(r"(?P<value>[^\s\"'`<>(){}\[\],;$&]{6,200}+)(?=[ \t])")
_NEXT_LINE = re.compile(
    r"[ \t]{0,4}+(?:[|>][-+]?[ \t]{0,4}+)?\r?\n[ \t]{1,40}+"
    r"(?P<value>[^\s\"'`*&|>:{}\[\]-][^\s:]{3,200}+)(?=[ \t]{0,20}+(?:\r?\n|\Z))"
)
_FIELD = re.compile(r"\s?(?P<value>[^\s;&\"'`(){}<>\[\]\\]{4,200}+)(?=[;&\"'`\s\\]|\Z)")
_REVERSED = re.compile(r"(?<=[\"'`])[ \t]{0,4}+[=!]={1,2}+[ \t]{0,4}+(?P<name>[\w.]{2,80}+)")
_QUOTES = frozenset("\"'`")
_COMPARED = frozenset(["==", "===", "!=", "!=="])
_CODE_ENDINGS = frozenset(
    [
        ".py",
        ".pyi",
        ".js",
        ".jsx",
        ".mjs",
        ".cjs",
        ".ts",
        ".tsx",
        ".go",
        ".rs",
        ".java",
        ".kt",
        ".kts",
        ".c",
        ".h",
        ".cc",
        ".cpp",
        ".hpp",
        ".cs",
        ".rb",
        ".php",
        ".swift",
        ".scala",
        ".m",
        ".mm",
        ".lua",
        ".dart",
        ".ex",
        ".exs",
        ".erl",
        ".hs",
        ".ml",
        ".clj",
        ".r",
        ".jl",
        ".pl",
        ".pm",
        ".sql",
        ".vue",
        ".svelte",
        ".groovy",
        ".ps1",
        ".zig",
        ".html",
        ".css",
    ]
)
_SETTING_ENDINGS = frozenset([".yaml", ".yml", ".ini", ".cfg", ".conf", ".toml", ".properties", ".env", ".tfvars"])


@dataclass(frozen=True, slots=True)
class _File:
    """What the kind of file says: values without quotes are looked for, and so on."""

    loose: bool
    settings: bool
    python: bool


def named_values(text: str, low: str, path: str) -> Iterator[tuple[int, int]]:
    """Where values stand that a secret-sounding name goes before: start and end, each within one line.

    Args:
        text: Any text.
        low: The same in small letters, character for character.
        path: Its file name, where it has one.
    """
    if not _HINT.search(low):
        return
    name = path.rsplit("/", 1)[-1].lower()
    ending = name[name.rfind(".") :] if "." in name else ""
    kind = _File(ending not in _CODE_ENDINGS, ending in _SETTING_ENDINGS, ending in {".py", ".pyi"})
    for match in scan(_NAME, low):
        found = low[match.start() : match.start("close")]
        before = _IDENTIFIER.match(low[max(0, match.start() - 40) : match.start()][::-1])
        start = match.start() - (before.end() if before else 0)
        whole = low[start : match.start("close")]
        if _NO_SECRET.search(whole):
            continue
        opened = _OPEN.match(text, match.end())
        if opened:
            if match["sep"] == "," and match["close"] and text[start - 1 : start] not in _QUOTES:
                continue  # `["scanner:secret", "S105"]`: the name is the end of something else
            yield from _quoted(text, match, found, opened, kind)
        elif match["sep"] in {"=", ":", ":=", "=>"} and _NAME_END.search(found):
            yield from _unquoted(text, match, start, kind)
    if "==" in text or "!=" in text:
        for match in scan(_REVERSED, low):
            if _NAME_END.search(match["name"]) and not _NO_SECRET.search(match["name"]):
                yield from _compared(text, match.start(), match["name"])


def _quoted(  # noqa: PLR0911 -- one reason after another to leave a value alone
    text: str, match: re.Match[str], name: str, opened: re.Match[str], kind: _File
) -> Iterator[tuple[int, int]]:
    """The string behind a name, with all its parts where it has several."""
    sep = match["sep"]
    parts = list(_parts(text, opened))
    if not parts:
        return
    value = "".join(text[start:end] for start, end in parts)
    plain = is_plain(value)
    listed = sep in {",", "(", ""}
    at_end = bool(_NAME_END.search(name))
    token = name.endswith("token")
    if plain and (not at_end or listed or token):
        return  # `password_field = "login"`, `["password", "name"]`, `token == "if"`: names, not values
    if listed and (not at_end or " " in value or not is_mixed(value) or (sep == "," and len(value) < 8)):
        return  # `tokenize("x = 1")`
    if token and not _TOKEN_SHAPE.fullmatch(value):
        return  # a word of a language, such as `#begin` or `{`
    if sep in _COMPARED and not _worth_comparing(value, name):
        return
    if (
        sep == ":"
        and not match["close"]
        and ((kind.python and _TYPE.fullmatch(value)) or _DOTTED_TYPE.fullmatch(value))
    ):
        return  # `credentials: "auth.Credentials"`
    if sep == ":" and "\n" in opened["gap"] and (kind.python or len(opened["quote"]) == 3 or " " in value):
        return  # `class Token:` and its docstring
    if is_value(value):
        yield from (part for part in parts if any(char.isalnum() for char in text[slice(*part)]))


def _parts(text: str, opened: re.Match[str]) -> Iterator[tuple[int, int]]:
    """Where the string goes that opens here, and those that are joined to it."""
    joined = bool(opened["paren"])
    match: re.Match[str] | None = opened
    for _ in range(_PARTS):
        if match is None:
            return
        start, quote = match.end(), match["quote"]
        body = _BODIES[quote].match(text, start, start + _LONGEST)
        end = body.end() if body else start
        if not text.startswith(quote, end):
            return
        if end > start:
            yield start, end
        match = _NEXT_PART.match(text, end + len(quote))
        if match is not None and not (match["plus"] or joined):
            return


def _worth_comparing(value: str, name: str) -> bool:
    """Whether what a name is compared with is made up; tokens and keys are compared with words of all kinds."""
    if not name.endswith(("token", "key")):
        return True
    return len(value) >= 8 and any(char.isdigit() for char in value) and any(char.isalpha() for char in value)


def _compared(text: str, close: int, name: str) -> Iterator[tuple[int, int]]:
    """The string that ends just before a comparison with a secret-sounding name."""
    quote = text[close - 1]
    start = max(text.rfind(quote, max(0, close - 200), close - 1), text.rfind("\n", max(0, close - 200), close - 1)) + 1
    value = text[start : close - 1]
    if text[start - 1 : start] == quote and is_mixed(value) and " " not in value and _worth_comparing(value, name):
        if name.endswith("token") and not _TOKEN_SHAPE.fullmatch(value):
            return
        if is_value(value):
            yield start, close - 1


def _unquoted(text: str, match: re.Match[str], start: int, kind: _File) -> Iterator[tuple[int, int]]:
    """A value without quotes of its own: to the line's end, on the next line, or as one field of many."""
    if "]" in match["close"]:
        return  # `creds["access_token"] = new_access2`: what stands behind an element of a mapping is code
    bare = _bare(text, match, start, kind) if kind.loose else None
    if bare and is_value(bare["value"]) and is_mixed(bare["value"]):
        end = bare.end("value")
        while text[end - 1] in ",;":
            end -= 1
        yield bare.start("value"), end
    else:
        yield from _field(text, match, start, kind)


def _bare(text: str, match: re.Match[str], start: int, kind: _File) -> re.Match[str] | None:
    """What stands behind a name in a configuration, a script or a text of any kind."""
    at = match.end()
    bare = (_BARE_SETTING if kind.settings else _BARE).match(text, at)
    if bare is None and match["sep"] == "=" and text[start : match.start("close")].isupper():
        bare = _ENVIRONMENT.match(text, at)
    if bare is None and kind.settings and match["sep"] == ":":
        bare = _NEXT_LINE.match(text, at)
    return bare


def _field(text: str, match: re.Match[str], start: int, kind: _File) -> Iterator[tuple[int, int]]:
    """One field of several, as in `Uid=sa;Pwd=…;` and `?user=a&password=…`."""
    if match["sep"] != "=" or match["close"]:
        return
    before = text[max(0, start - 1) : start]
    if before == " " and text[max(0, start - 2) : start - 1] in {";", '"', "'"}:
        before = text[start - 2]
    if not before or before not in ";\"'`?& ":
        return
    field = _FIELD.match(text, match.end())
    if field is None or not (_in_string(text, start) or (kind.loose and before in ";?&")):
        return
    value = field["value"]
    if is_value(value) and without_templates(value) == value and (before in ";\"'`" or is_mixed(value)):
        yield field.span("value")


def _in_string(text: str, at: int) -> bool:
    """Whether a quote is open here, as far as this line, or its last 400 characters, can tell."""
    left = text[max(text.rfind("\n", max(0, at - _LONGEST), at) + 1, at - _LONGEST, 0) : at]
    return any(left.count(quote) % 2 for quote in "\"'`")

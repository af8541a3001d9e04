"""Calls in scripts that do harm with values from outside."""

# ruff: noqa: E501  # a row of a table stays a row

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.script_text import FUNCTIONS, Text, followed, is_pieced
from manyeyes_tools.evidence.taint.tables import RULES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from manyeyes_tools.evidence.rules import Hit

_FROM_OUTSIDE, _PIECED = 0.9, 0.6
"""How sure it is of a value that comes from outside, and of text put together from who knows what."""
OUTSIDE = re.compile(
    r"\b(?:req|request|ctx(?:\.request)?)\.(?:body|query|params|headers|cookies|param|files?|url|originalUrl|hostname|raw)\b|"
    r"\br\.(?:FormValue|PostFormValue|Form|PostForm|Header|Body|URL|PathValue|Cookie|MultipartForm|Host|RequestURI)\b|"
    r"\bc\.(?:Query|Param|PostForm|FormValue|DefaultQuery|QueryParam|GetHeader|Cookie|BindJSON|FormFile|Params|Body)\b|"
    r"\b(?:mux\.Vars|chi\.URLParam|os\.Args|process\.argv|location\.(?:hash|search|href)|document\.(?:URL|referrer|cookie)|"
    r"event\.(?:body|queryStringParameters|pathParameters)|searchParams|window\.name)\b|\b(?:URLSearchParams|useSearchParams)\b"
)
MADE_SAFE = re.compile(
    r"(?i)sanitiz|sanitis|purify|escape|encodeuri|parseint|\bnumber\(|strconv\.|filepath\.base|path\.basename|quote\(|\.includes\(|whitelist|allow|atoi|parse(?:u?int|float|uuid)|clean\(.*hasprefix|uuid\.parse"
)
_STATEMENT = re.compile(
    r"\b(?:select\s.+\sfrom|insert\s+into|update\s.+\sset|delete\s+from|where\s|order\s+by)\b",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Danger:
    """A call that does harm with a value from outside, or with any value that is not constant.

    Attributes:
        rule: The weakness.
        called: What is called, as it is written.
        arguments: The positions that matter; empty for all.
        languages: `js` or `go`.
        pieced: Whether it also counts when its text is put together from values of unknown origin.
        text: What the argument must look like beside.
    """

    rule: str
    called: re.Pattern[str]
    languages: str
    arguments: tuple[int, ...] = (0,)
    pieced: bool = False
    text: re.Pattern[str] | None = None


def _table(*rows: tuple[str, str, str, tuple[int, ...], bool, re.Pattern[str] | None]) -> tuple[Danger, ...]:
    return tuple(
        Danger(rule, re.compile(called), languages, arguments, pieced, text)
        for rule, languages, called, arguments, pieced, text in rows
    )


DANGERS = _table(
    ("command-injection", "js", r"^(?:(?:child_process|cp|childProcess|shell|util)\.)?(?:exec|execSync|execAsync|execPromise)$", (0,), True, None),
    ("eval-injection", "js", r"^(?:window\.|globalThis\.)?eval$|^(?:new )?Function$|^vm\.(?:runIn\w+|Script|compileFunction)$|^new vm\.Script$", (), True, None),
    ("eval-injection", "js", r"^set(?:Timeout|Interval)$", (0,), False, None),
    ("sql-injection", "js", r"\.(?:query|execute|raw|\$queryRawUnsafe|\$executeRawUnsafe|exec|run|all|get|each|literal|whereRaw|orderByRaw)$", (0,), True, _STATEMENT),
    ("nosql-injection", "js", r"\.(?:find|findOne|findOneAndUpdate|updateOne|updateMany|deleteOne|deleteMany|countDocuments|where)$", (0,), False, None),
    ("path-traversal", "js", r"^(?:fs|fsp|fs\.promises|promises)\.\w+$|^(?:readFile|writeFile|createReadStream|unlink|readFileSync|writeFileSync)$|\.(?:sendFile|download)$", (0,), False, None),
    ("request-forgery", "js", r"^(?:fetch|axios|got|needle|superagent|request|undici\.\w+|axios\.\w+|got\.\w+|superagent\.\w+|https?\.(?:get|request)|ky(?:\.\w+)?)$", (0,), False, None),
    ("open-redirect", "js", r"^(?:res|response|reply|ctx)\.redirect$", (), False, None),
    ("unescaped-markup", "js", r"^(?:res|response|reply)\.(?:send|write|end)$", (0,), False, re.compile(r"<\w+|`[^`]*<|[\"'][^\"']*<")),
    ("unescaped-markup", "js", r"^document\.write(?:ln)?$|\.insertAdjacentHTML$|^\$\(.{1,60}\)\.(?:html|append|prepend|after|before)$", (), False, None),
    ("unsafe-deserialisation", "js", r"^(?:serialize|nodeSerialize|serializer)\.unserialize$|^unserialize$|^yaml\.load$|^v8\.deserialize$", (0,), False, None),
    ("code-loading", "js", r"^require$|^import$", (0,), False, None),
    ("template-injection", "js", r"^(?:ejs|pug|handlebars|Handlebars|nunjucks|_|lodash|dot|mustache|eta)\.(?:render|compile|renderString|template)$", (0,), False, None),
    ("expression-injection", "js", r"^(?:new )?RegExp$", (0,), False, None),
    ("mass-assignment", "js", r"^Object\.assign$|\.(?:create|update|findByIdAndUpdate)$", (), False, re.compile(r"^\s*req(?:uest)?\.body\s*$|\.\.\.req(?:uest)?\.body")),
    ("log-injection", "js", r"^(?:console|logger|log)\.(?:log|info|warn|error|debug)$", (), False, None),
    ("command-injection", "go", r"^exec\.Command(?:Context)?$", (), True, re.compile(r"\"(?:/bin/)?(?:sh|bash)\"[\s\S]*\"-c\"")),
    ("argument-injection", "go", r"^exec\.Command(?:Context)?$", (0,), False, None),
    ("sql-injection", "go", r"\.(?:Query|QueryRow|Exec|QueryContext|QueryRowContext|ExecContext|Raw|Queryx|Get|Select|MustExec|Prepare)$", (0, 1, 2), True, _STATEMENT),
    ("path-traversal", "go", r"^(?:os|ioutil)\.(?:Open|OpenFile|ReadFile|WriteFile|Create|Remove|RemoveAll|Mkdir|MkdirAll|Stat|ReadDir)$|^http\.ServeFile$", (), False, None),
    ("request-forgery", "go", r"^(?:http|client|\w*[cC]lient)\.(?:Get|Post|Head|PostForm|NewRequest|NewRequestWithContext)$|^http\.NewRequest(?:WithContext)?$", (), False, None),
    ("open-redirect", "go", r"^http\.Redirect$|^c\.Redirect$", (1, 2), False, None),
    ("unescaped-markup", "go", r"^template\.(?:HTML|JS|URL|HTMLAttr|CSS|JSStr|Srcset)$", (0,), False, None),
    ("unescaped-markup", "go", r"^fmt\.Fprint(?:f|ln)?$|^io\.WriteString$", (), False, re.compile(r"\bw\b[\s\S]*<\w+")),
    ("template-injection", "go", r"\.Parse$", (0,), False, None),
    ("log-injection", "go", r"^(?:log|logger|slog)\.(?:Print\w*|Fatal\w*|Info\w*|Warn\w*|Error\w*|Debug\w*)$", (), False, None),
)  # fmt: skip
"""Calls that matter."""


def of_call(text: Text, node: Node) -> Iterator[Hit]:
    """A call that does harm with what is given to it."""
    called = node.child_by_field_name("function") or node.child_by_field_name("constructor")
    given = node.child_by_field_name("arguments")
    if called is None or given is None:
        return
    name = text.of(called, 200)
    if node.type == "new_expression":
        name = f"new {name}"
    arguments = [one for one in given.named_children if one.type != "comment"]
    for danger in DANGERS:
        if (danger.languages == "go") != text.go or not danger.called.search(name):
            continue
        chosen = [arguments[at] for at in danger.arguments if at < len(arguments)] if danger.arguments else arguments
        whole = text.of(given)
        if (
            danger.text is not None
            and not danger.text.search(whole)
            and not any(danger.text.search(followed(text, one)) for one in chosen)
        ):
            continue
        sure = max((_sure(text, one, pieced=danger.pieced) for one in chosen), default=0.0)
        if sure:
            rule = RULES[danger.rule]
            yield text.hit(
                rule,
                node,
                rule.confidence * sure,
                "What is given to it comes from outside."
                if sure >= _FROM_OUTSIDE
                else "A part of what is given to it is not constant.",
            )


def _sure(text: Text, node: Node, *, pieced: bool) -> float:
    """How sure it is that an argument comes from outside; 0 when nothing speaks for it."""
    if node.type in FUNCTIONS:
        return 0.0
    written = followed(text, node)
    if OUTSIDE.search(written) and not MADE_SAFE.search(written):
        return _FROM_OUTSIDE
    if pieced and is_pieced(node) and not MADE_SAFE.search(written):
        return _PIECED
    return 0.0

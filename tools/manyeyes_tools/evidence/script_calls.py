"""Dangerous calls and settings in JavaScript, TypeScript and Go, by the shape of their syntax trees.

Values are not followed here: what comes from a request is told by its look, within one function.
"""

# ruff: noqa: C901, E501, PLR2004  # rows and patterns stay on their lines; limits explained beside them

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manyeyes.cores import compute
from manyeyes_tools.evidence.python_ciphers import CIPHER
from manyeyes_tools.evidence.python_cookies import COOKIE, SAME_SITE, SCRIPTED
from manyeyes_tools.evidence.python_origins import ORIGINS
from manyeyes_tools.evidence.python_security import CERTIFICATE, CHANCE, CREDENTIAL, SIGNATURE, WEAK_HASH
from manyeyes_tools.evidence.rules import Engine, Hit, Looked, Rule
from manyeyes_tools.evidence.taint.tables import RULES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tree_sitter import Node

    from manyeyes_tools.evidence.rules import Purpose
    from manyeyes_tools.material import Material, SourceFile

LANGUAGES = frozenset({"javascript", "typescript", "go"})
SECONDS = 20.0
"""Files that are not begun by then are named and left out."""
_MOST_NODES = 400_000
_OUTSIDE = re.compile(
    r"\b(?:req|request|ctx(?:\.request)?)\.(?:body|query|params|headers|cookies|param|files?|url|originalUrl|hostname|raw)\b|"
    r"\br\.(?:FormValue|PostFormValue|Form|PostForm|Header|Body|URL|PathValue|Cookie|MultipartForm|Host|RequestURI)\b|"
    r"\bc\.(?:Query|Param|PostForm|FormValue|DefaultQuery|QueryParam|GetHeader|Cookie|BindJSON|FormFile|Params|Body)\b|"
    r"\b(?:mux\.Vars|chi\.URLParam|os\.Args|process\.argv|location\.(?:hash|search|href)|document\.(?:URL|referrer|cookie)|"
    r"event\.(?:body|queryStringParameters|pathParameters)|searchParams|window\.name)\b|\b(?:URLSearchParams|useSearchParams)\b"
)
_MADE_SAFE = re.compile(
    r"(?i)sanitiz|sanitis|purify|escape|encodeuri|parseint|\bnumber\(|strconv\.|filepath\.base|path\.basename|quote\(|\.includes\(|whitelist|allow|atoi|parse(?:u?int|float|uuid)|clean\(.*hasprefix|uuid\.parse"
)
_PASSWORD = re.compile(r"passw|passphrase|\bpwd\b", re.IGNORECASE)
_TOKEN = re.compile(r"token|secret|session|otp|nonce|salt|csrf|password|api_?key|invite|reset|verif", re.IGNORECASE)
_STATEMENT = re.compile(
    r"\b(?:select\s.+\sfrom|insert\s+into|update\s.+\sset|delete\s+from|where\s|order\s+by)\b",
    re.IGNORECASE | re.DOTALL,
)
_KEY_NAME = re.compile(
    r"(?:password|passwd|secret|api_?key|auth_?token|access_?token|private_?key|client_?secret)$", re.IGNORECASE
)
_STRINGS = frozenset({"string", "template_string", "interpreted_string_literal", "raw_string_literal"})
_ASSIGNED = frozenset(
    {
        "variable_declarator",
        "assignment_expression",
        "short_var_declaration",
        "assignment_statement",
        "var_spec",
        "const_spec",
    }
)
_FUNCTIONS = frozenset({
    "function_declaration", "function_expression", "arrow_function", "method_definition", "method_declaration", "func_literal", "generator_function_declaration", "function",
})  # fmt: skip


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


async def _look(material: Material, purpose: Purpose) -> Looked:
    files = [file for file in material.files if file.language in LANGUAGES and not file.partial]
    parts = [file.path for file in material.files if file.language in LANGUAGES and file.partial]
    hits, problems = await compute(_search, files)
    if purpose == "review":
        hits = [
            hit for hit in hits if (hit.confidence if hit.confidence is not None else hit.rule.confidence) >= 0.6
        ]  # as surely as the Python tree
    notes = (f"script calls: parts of files are not looked at: {', '.join(parts[:3])}.",) if parts else ()
    return Looked(hits=tuple(hits), rules=len(DANGERS) + len(SHAPES), problems=tuple(problems), notes=notes)


def _search(files: list[SourceFile]) -> tuple[list[Hit], list[str]]:
    from manyeyes_tools.syntax.parsing import NotParsed, syntax_tree

    hits: list[Hit] = []
    problems: list[str] = []
    until = time.monotonic() + SECONDS
    late: list[str] = []
    for file in files:
        if time.monotonic() > until:
            late.append(file.path)
            continue
        try:
            parsed = syntax_tree(file.text, file.language)
        except NotParsed as error:
            problems.append(f"script calls: {file.path} was not looked at: {error}.")
            continue
        found: dict[tuple[str, int], Hit] = {}
        for hit in _of_file(file, parsed.tree.root_node, parsed.source):
            found.setdefault((hit.rule.id, hit.start_line), hit)
        hits.extend(found.values())
    if late:
        problems.append(f"script calls: there was no time for {len(late)} files, among them {late[0]}.")
    return hits, problems


def _nodes(root: Node) -> Iterator[Node]:
    """Every named node, without recursion."""
    pending = [root]
    seen = 0
    while pending and seen < _MOST_NODES:
        node = pending.pop()
        seen += 1
        yield node
        pending.extend(reversed(node.named_children))


@dataclass(frozen=True, slots=True)
class _Text:
    """A file with what is read from it again and again."""

    file: SourceFile
    source: bytes
    go: bool

    def of(self, node: Node | None, most: int = 2_000) -> str:
        """The text of a node, or its beginning."""
        if node is None:
            return ""
        return self.source[node.start_byte : min(node.end_byte, node.start_byte + most)].decode("utf-8", "replace")

    def hit(self, rule: Rule, node: Node, sure: float, detail: str = "") -> Hit:
        return Hit(
            file=self.file, rule=rule, source=f"manyeyes:{rule.id}", start_line=node.start_point[0] + 1,
            end_line=min(node.end_point[0], node.start_point[0] + 20) + 1, detail=detail, confidence=round(sure, 3),
        )  # fmt: skip


def _of_file(file: SourceFile, root: Node, source: bytes) -> Iterator[Hit]:
    text = _Text(file, source, file.language == "go")
    test = bool(re.search(r"(?:^|/)(?:tests?|__tests__|spec)/|[._](?:test|spec)\.", file.path))
    for node in _nodes(root):
        if node.type in {"call_expression", "new_expression"}:
            yield from _of_call(text, node)
        if not test:
            for shape in SHAPES:
                yield from shape(text, node)


def _of_call(text: _Text, node: Node) -> Iterator[Hit]:
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
            and not any(danger.text.search(_followed(text, one)) for one in chosen)
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
                if sure > 0.7
                else "A part of what is given to it is not constant.",
            )  # known to come from outside


def _sure(text: _Text, node: Node, *, pieced: bool) -> float:
    """How sure it is that an argument comes from outside; 0 when nothing speaks for it."""
    if node.type in _FUNCTIONS:
        return 0.0
    written = _followed(text, node)
    if _OUTSIDE.search(written) and not _MADE_SAFE.search(written):
        return 0.9
    if pieced and _is_pieced(node) and not _MADE_SAFE.search(written):
        return 0.6
    return 0.0


def _is_pieced(node: Node) -> bool:
    """Whether text is put together with something that is not constant."""
    if node.type == "template_string":
        return any(one.type == "template_substitution" for one in node.named_children)
    if node.type == "binary_expression":
        kinds = {one.type for one in _few(node)}
        return bool(kinds & _STRINGS) and bool(
            kinds & {"identifier", "member_expression", "call_expression", "selector_expression"}
        )
    if node.type == "call_expression":
        function = node.child_by_field_name("function")
        return function is not None and function.text is not None and function.text.endswith(b"Sprintf")
    return False


def _few(node: Node) -> Iterator[Node]:
    for number, one in enumerate(_nodes(node)):
        if number > 200:  # no expression of one statement has more that matter
            return
        yield one


def _followed(text: _Text, node: Node) -> str:
    """The text of an expression, and that of what its variables were given in the same function."""
    written = text.of(node)
    names = {text.of(one, 80) for one in _few(node) if one.type == "identifier"}
    scope = node
    while scope.parent is not None and scope.type not in _FUNCTIONS:
        scope = scope.parent
    for _ in range(3):
        more: set[str] = set()
        if not names:
            break
        for one in _few_of(scope):
            if one.start_byte >= node.start_byte or one.type not in _ASSIGNED:
                continue
            target = one.child_by_field_name("name") or one.child_by_field_name("left")
            value = one.child_by_field_name("value") or one.child_by_field_name("right")
            if target is None or value is None or value.type in _FUNCTIONS:
                continue
            if names & set(re.findall(r"[A-Za-z_$][\w$]*", text.of(target, 300))):
                written += "\n" + text.of(value, 600)
                more |= {text.of(part, 80) for part in _few(value) if part.type == "identifier"}
        names = more - names
        if len(written) > 20_000:  # nobody writes so much by hand
            break
    return written


def _few_of(scope: Node) -> Iterator[Node]:
    for number, one in enumerate(_nodes(scope)):
        if number > 3_000:  # a long function
            return
        yield one


# --- settings and habits -----------------------------------------------------------------------------------------


def _pair(text: _Text, node: Node) -> tuple[str, str]:
    """The key and value of an entry of an object."""
    if node.type == "pair":
        key, value = node.child_by_field_name("key"), node.child_by_field_name("value")
    elif node.type == "keyed_element" and len(node.named_children) == 2:  # a key and a value
        key, value = node.named_children
    else:
        return "", ""
    return text.of(key, 100).strip("'\"` "), text.of(value, 200)


def _settings(text: _Text, node: Node) -> Iterator[Hit]:
    key, value = _pair(text, node)
    if not key:
        return
    if (key == "rejectUnauthorized" and value == "false") or (key == "InsecureSkipVerify" and value == "true"):
        yield text.hit(CERTIFICATE, node, 0.9)
    elif (key == "strictSSL" and value == "false") or (key == "HostKeyCallback" and "InsecureIgnoreHostKey" in value):
        yield text.hit(CERTIFICATE, node, 0.85)
    elif key in {"secure", "Secure"} and value == "false":
        yield text.hit(COOKIE, node, 0.75)
    elif key in {"httpOnly", "HttpOnly"} and value == "false":
        yield text.hit(SCRIPTED, node, 0.75)
    elif key == "sameSite" and value.strip("'\"").lower() == "none":
        yield text.hit(SAME_SITE, node, 0.55)
    elif key == "algorithms" and re.search(r"['\"]none['\"]", value):
        yield text.hit(SIGNATURE, node, 0.85)
    elif (
        _KEY_NAME.search(key)
        and re.fullmatch(r"(['\"])[^'\"\s${}<>]{8,80}\1", value)
        and re.search(r"\d", value)
        and not re.search(r"(?i)example|change|your|placeholder|xxx|process\.env", value)
    ):
        yield text.hit(CREDENTIAL, node, 0.65)


def _cors(text: _Text, node: Node) -> Iterator[Hit]:
    if node.type == "object":
        entries = dict(_pair(text, one) for one in node.named_children)
        origin = entries.get("origin", "").strip("'\"")
        if entries.get("credentials") == "true" and (
            origin in {"true", "*"}
            or re.search(r"callback\(null,\s*true\)|=>\s*true|origin\s*:\s*\(?origin", entries.get("origin", ""))
        ):
            yield text.hit(ORIGINS, node, 0.8)
    elif (
        node.type == "call_expression"
        and text.of(node.child_by_field_name("function"), 60) == "cors"
        and not (node.child_by_field_name("arguments") or node).named_children
    ):
        yield text.hit(ORIGINS, node, 0.4)
    elif node.type == "call_expression" and re.search(
        r"\.(?:setHeader|header|set|Set|Add)$", text.of(node.child_by_field_name("function"), 100)
    ):
        given = text.of(node.child_by_field_name("arguments"), 300)
        if re.match(r"\(\s*['\"`]Access-Control-Allow-Origin['\"`]\s*,", given, re.IGNORECASE):
            if re.search(r"headers\.origin|Header\.Get\(\"Origin\"\)|req\.get\(['\"]origin", given, re.IGNORECASE):
                yield text.hit(ORIGINS, node, 0.75)
            elif re.search(r",\s*['\"`]\*['\"`]", given):
                yield text.hit(ORIGINS, node, 0.4)


def _markup(text: _Text, node: Node) -> Iterator[Hit]:
    rule = RULES["unescaped-markup"]
    if node.type == "jsx_attribute" and text.of(node, 30).startswith("dangerouslySetInnerHTML"):
        given = re.search(r"__html\s*:\s*([^}]{1,300})", text.of(node))
        value = node
        if (
            given is None
            or re.fullmatch(r"\s*(?:['\"`][^$]*['\"`])\s*", given.group(1))
            or _MADE_SAFE.search(given.group(1))
        ):
            return
        if _MADE_SAFE.search(_followed(text, value)):
            return
        yield text.hit(rule, node, 0.6)
    elif node.type == "assignment_expression":
        target, given_ = node.child_by_field_name("left"), node.child_by_field_name("right")
        if target is not None and given_ is not None and re.search(r"\.(?:innerHTML|outerHTML)$", text.of(target, 200)):
            written = _followed(text, given_)
            if (
                given_.type in {"string", "number"}
                or (given_.type == "template_string" and not _is_pieced(given_))
                or _MADE_SAFE.search(written)
            ):
                return
            yield text.hit(rule, node, 0.75 if _OUTSIDE.search(written) else 0.5)
        elif (
            target is not None
            and re.search(r"NODE_TLS_REJECT_UNAUTHORIZED", text.of(target, 200))
            and text.of(given_, 5).strip("'\"") == "0"
        ):
            yield text.hit(CERTIFICATE, node, 0.9)


def _crypto(text: _Text, node: Node) -> Iterator[Hit]:
    if node.type != "call_expression":
        return
    name = text.of(node.child_by_field_name("function"), 120)
    given = text.of(node.child_by_field_name("arguments"), 300)
    around = _function_name(text, node)
    if (
        re.fullmatch(r"(?:crypto\.)?createHash", name)
        and re.match(r"\(\s*['\"](?:md5|sha1)['\"]", given, re.IGNORECASE)
    ) or re.fullmatch(r"(?:md5|sha1)\.(?:Sum|New)", name):
        statement = node
        while statement.parent is not None and not statement.type.endswith(("statement", "declaration")):
            statement = statement.parent
        if _PASSWORD.search(f"{given} {around} {text.of(statement, 400)}"):
            yield text.hit(WEAK_HASH, node, 0.8)
    elif (
        re.search(r"createCipher(?:iv)?$", name) and re.match(r"\(\s*['\"](?:des|rc4|bf|.*-ecb)", given, re.IGNORECASE)
    ) or re.fullmatch(r"(?:des|rc4)\.New\w*Cipher", name):
        yield text.hit(CIPHER, node, 0.85)
    elif re.fullmatch(r"Math\.random|rand\.(?:Int\w*|Read|Float\w*|Uint\w*|Perm|N|IntN)", name) and _TOKEN.search(
        f"{around} {_assigned_to(text, node)}"
    ):
        if name.startswith("rand.") and b'"crypto/rand"' in text.source and b'"math/rand' not in text.source:
            return
        yield text.hit(CHANCE, node, 0.75)
    elif re.search(r"(?:^|\.)jwt\.(?:verify|decode|sign)$|^jwt\.(?:verify|decode|sign)$", name):
        if re.search(r"algorithms\s*:\s*\[[^\]]*none|,\s*(?:null|''|\"\")\s*[,)]", given) and not name.endswith(
            "decode"
        ):
            yield text.hit(SIGNATURE, node, 0.8)
        elif name.endswith("sign") and re.search(r",\s*['\"][^'\"]{4,}['\"]\s*[,)]", given):
            yield text.hit(CREDENTIAL, node, 0.7)
    elif name.endswith("ParseUnverified"):
        yield text.hit(SIGNATURE, node, 0.75)


def _function_name(text: _Text, node: Node) -> str:
    at: Node | None = node
    while at is not None:
        if at.type in _FUNCTIONS:
            name = at.child_by_field_name("name")
            if name is not None:
                return text.of(name, 100)
            if at.parent is not None and at.parent.type == "variable_declarator":
                return text.of(at.parent.child_by_field_name("name"), 100)
        at = at.parent
    return ""


def _assigned_to(text: _Text, node: Node) -> str:
    at: Node | None = node
    while at is not None and at.type not in _FUNCTIONS:
        if at.type in _ASSIGNED:
            return text.of(at.child_by_field_name("name") or at.child_by_field_name("left"), 100)
        if at.type == "pair":
            return text.of(at.child_by_field_name("key"), 100)
        at = at.parent
    return ""


SHAPES: tuple[Callable[[_Text, Node], Iterator[Hit]], ...] = (_settings, _cors, _markup, _crypto)
"""Checks of single nodes."""

ENGINE: Engine = Engine(name="script calls", prefix="manyeyes", languages=LANGUAGES, look=_look)

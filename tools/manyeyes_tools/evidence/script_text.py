"""The text of a script's syntax tree, and what its variables were given."""

# a row of a table stays a row

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.rules import Hit, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from manyeyes_tools.material import SourceFile

_MOST_NODES = 400_000
_TITLES = {"eval-injection": "Text run as code"}
_REMEDIES = {
    ("command-injection", False): "Call `execFile` or `spawn` with a list of arguments and without `shell: true`.",
    ("command-injection", True): "Pass the program and its arguments to `exec.Command` one by one, without `sh -c`.",
    ("eval-injection", False): "Use `JSON.parse` for data, or a table of the operations that are allowed.",
    (
        "path-traversal",
        False,
    ): "Resolve it with `path.resolve`, and check that it begins with the folder meant and `path.sep`.",
    ("path-traversal", True): "Open it through `os.OpenInRoot` (Go 1.24), or check it with `filepath.IsLocal` first.",
    ("unescaped-markup", False): "Set `textContent`, let a template escape it, or clean it with DOMPurify.",
    ("unescaped-markup", True): "Write it with `html/template`, or pass it through `html.EscapeString`.",
    (
        "sql-injection",
        False,
    ): "Keep the statement constant and pass the values as parameters: `query('… = $1', [value])`.",
    (
        "sql-injection",
        True,
    ): 'Keep the statement constant and pass the values as parameters: `db.Query("… = ?", value)`.',
    ("expression-injection", False): "Escape what is special in it first, or search for plain text with `includes`.",
    ("certificate-check-off", False): "Leave the check on; for a private authority pass its certificate as `ca`.",
    ("certificate-check-off", True): "Leave the check on; for a private authority set `RootCAs`.",
}
"""What a rule that was written for Python says of JavaScript (False) and of Go (True)."""
_STRINGS = frozenset({"string", "template_string", "interpreted_string_literal", "raw_string_literal"})
ASSIGNED = frozenset({
    "variable_declarator", "assignment_expression", "short_var_declaration", "assignment_statement", "var_spec",
    "const_spec",
})  # fmt: skip
FUNCTIONS = frozenset({
    "function_declaration", "function_expression", "arrow_function", "method_definition", "method_declaration",
    "func_literal", "generator_function_declaration", "function",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Text:
    """A file with what is read from it again and again.

    Attributes:
        parents: Where each node is, by its id, as far as `walked`.  The tree itself looks for it from its root on,
            which for every node of a deep nest, and for all above it, would take hours.
    """

    file: SourceFile
    source: bytes
    go: bool
    parents: dict[int, Node] = field(default_factory=dict)

    def walked(self, root: Node) -> Iterator[Node]:
        """Every named node; of those given so far it is known where they are."""
        for node in nodes(root):
            self.parents.update((one.id, node) for one in node.named_children)
            yield node

    def parent(self, node: Node) -> Node | None:
        """The node that it is a part of."""
        return self.parents.get(node.id) or node.parent

    def of(self, node: Node | None, most: int = 2_000) -> str:
        """The text of a node, or its beginning."""
        if node is None:
            return ""
        return self.source[node.start_byte : min(node.end_byte, node.start_byte + most)].decode("utf-8", "replace")

    def hit(self, rule: Rule, node: Node, sure: float, detail: str = "") -> Hit:
        """A place where a rule found something, and how sure it is."""
        rule = replace(
            rule, title=_TITLES.get(rule.id, rule.title), remedy=_REMEDIES.get((rule.id, self.go), rule.remedy)
        )
        return Hit(
            file=self.file, rule=rule, source=f"manyeyes:{rule.id}", start_line=node.start_point[0] + 1,
            end_line=min(node.end_point[0], node.start_point[0] + 20) + 1, detail=detail, confidence=round(sure, 3),
        )  # fmt: skip


def nodes(root: Node) -> Iterator[Node]:
    """Every named node, without recursion."""
    pending = [root]
    seen = 0
    while pending and seen < _MOST_NODES:
        node = pending.pop()
        seen += 1
        yield node
        pending.extend(reversed(node.named_children))


def few(node: Node) -> Iterator[Node]:
    """The first nodes of an expression; no expression of one statement has more that matter."""
    for number, one in enumerate(nodes(node)):
        if number > 200:  # noqa: PLR2004  # no expression of one statement has more that matter
            return
        yield one


def followed(text: Text, node: Node) -> str:
    """The text of an expression, and that of what its variables were given in the same function."""
    written = text.of(node)
    names = {text.of(one, 80) for one in few(node) if one.type == "identifier"}
    scope = node
    while scope.type not in FUNCTIONS and (around := text.parent(scope)) is not None:
        scope = around
    for _ in range(3):
        more: set[str] = set()
        if not names:
            break
        for one in _few_of(scope):
            if one.start_byte >= node.start_byte or one.type not in ASSIGNED:
                continue
            target = one.child_by_field_name("name") or one.child_by_field_name("left")
            value = one.child_by_field_name("value") or one.child_by_field_name("right")
            if target is None or value is None or value.type in FUNCTIONS:
                continue
            if names & set(re.findall(r"[A-Za-z_$][\w$]*", text.of(target, 300))):
                written += "\n" + text.of(value, 600)
                more |= {text.of(part, 80) for part in few(value) if part.type == "identifier"}
        names = more - names
        if len(written) > 20_000:  # noqa: PLR2004  # nobody writes so much by hand
            break
    return written


def _few_of(scope: Node) -> Iterator[Node]:
    for number, one in enumerate(nodes(scope)):
        if number > 3_000:  # noqa: PLR2004  # a long function
            return
        yield one


def is_pieced(node: Node) -> bool:
    """Whether text is put together with something that is not constant."""
    if node.type == "template_string":
        return any(one.type == "template_substitution" for one in node.named_children)
    if node.type == "binary_expression":
        kinds = {one.type for one in few(node)}
        return bool(kinds & _STRINGS) and bool(
            kinds & {"identifier", "member_expression", "call_expression", "selector_expression"}
        )
    if node.type == "call_expression":
        function = node.child_by_field_name("function")
        return function is not None and function.text is not None and function.text.endswith(b"Sprintf")
    return False


def function_name(text: Text, node: Node) -> str:
    """The name of the function that a node stands in."""
    at: Node | None = node
    while at is not None:
        if at.type in FUNCTIONS:
            name = at.child_by_field_name("name")
            if name is not None:
                return text.of(name, 100)
            around = text.parent(at)
            if around is not None and around.type == "variable_declarator":
                return text.of(around.child_by_field_name("name"), 100)
        at = text.parent(at)
    return ""


def assigned_to(text: Text, node: Node) -> str:
    """What the value of an expression is given to."""
    at: Node | None = node
    while at is not None and at.type not in FUNCTIONS:
        if at.type in ASSIGNED:
            return text.of(at.child_by_field_name("name") or at.child_by_field_name("left"), 100)
        if at.type == "pair":
            return text.of(at.child_by_field_name("key"), 100)
        at = text.parent(at)
    return ""

"""The outline of a file, by one walk over its syntax tree.

The walk keeps its own stack, so no depth overflows; it is given up after a time, and says so.  Blocking: to be called
in a worker thread.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from manyeyes_tools.syntax.imports import import_of_call, imports_of, text
from manyeyes_tools.syntax.names import callee, constant_names, definition_name, kind_of, owner, used_names
from manyeyes_tools.syntax.outline import Definition, Import, Kind, Outline, Reference
from manyeyes_tools.syntax.parsing import PATIENCE_S, NotParsed, Parsed, syntax_tree
from manyeyes_tools.syntax.rules import FUNCTIONS, RULES, TYPES, Rules

if TYPE_CHECKING:
    from tree_sitter import Node

_MOST_DEFINITIONS = 20_000
_MOST_REFERENCES = 100_000
_MOST_CHILDREN = 50_000
"""A node with more children is data, not code."""
_DEEPEST_SCOPE = 30
_LONGEST_SIGNATURE = 300
_LONGEST_DOC = 800
_BODIES = ("function_body", "class_body", "enum_class_body", "enum_body", "body_statement", "block")
_MARKS = re.compile(r"^\s*(?:/\*+!?|\*+/|\*(?!\*)|//[/!]?|#+!?|--)?[ \t]?|\s*\*+/\s*$")
_STRING = re.compile(r"""^[rRuUbBfF]*("{3}|'{3}|"|')(.*?)\1$""", re.DOTALL)
_SPACES = re.compile(r"\s+")
_TAGS = re.compile(r"</?[a-z]+>")


def outline(source: str, language: str, *, patience_s: float = PATIENCE_S) -> Outline:
    """What a text defines, calls and imports.

    Args:
        source: The text.
        language: As `languages.language_of` names it.
        patience_s: Processor time after which it is given up.
    """
    try:
        parsed = syntax_tree(source, language, patience_s=patience_s)
    except NotParsed as error:
        return Outline(incomplete=str(error), sound=False)
    walk = _Walk(parsed, RULES[parsed.grammar])
    reason = walk.run(time.thread_time() + patience_s)
    return Outline(
        definitions=tuple(sorted(walk.definitions, key=lambda one: (one.start_line, -one.end_line))),
        references=tuple(sorted(walk.references, key=lambda one: one.line)),
        imports=tuple(sorted(walk.imports, key=lambda one: one.line)),
        incomplete=reason,
        sound=parsed.sound,
    )


@dataclass(frozen=True, slots=True)
class _Scope:
    """What a node lies in: the names around it, the innermost definition's full name and kind."""

    names: tuple[str, ...] = ()
    within: str = ""
    kind: str = ""
    in_function: bool = False


@dataclass(slots=True)
class _Walk:
    parsed: Parsed
    rules: Rules
    definitions: list[Definition] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    imports: list[Import] = field(default_factory=list)
    comments: dict[int, tuple[int, str]] = field(default_factory=dict)
    """What stands on lines of its own, by the row of its end: the row of its start, and its words."""

    def run(self, deadline: float) -> str:  # noqa: C901 -- one loop, one step for each kind of node
        """Go over the whole tree; returns why it was not the whole."""
        rules, grammar = self.rules, self.parsed.grammar
        stack: list[tuple[Node, _Scope, Node | None]] = [(self.parsed.tree.root_node, _Scope(), None)]
        incomplete, steps = "", 0
        while stack:
            node, scope, outer = stack.pop()
            steps += 1
            if steps % 2_000 == 0 and time.thread_time() > deadline:
                return "it takes too long to be read"
            if len(self.definitions) > _MOST_DEFINITIONS or len(self.references) > _MOST_REFERENCES:
                return "it holds more names than are listed"
            kind = node.type
            if kind in rules.comments or kind in rules.above:
                self._above(node, said=kind in rules.comments)
                continue
            if kind in rules.imports:
                self.imports.extend(imports_of(node, grammar))
            inner, wrapper = scope, None
            if kind in rules.definitions or kind in rules.constants:
                inner = self._define(node, scope, outer)
            elif kind in rules.scopes:
                name = text(node.child_by_field_name(rules.scopes[kind])).partition("<")[0].strip()
                inner = _Scope((*scope.names, name), scope.within, "class", scope.in_function)
            elif kind in rules.wrappers:
                wrapper = outer or node
            if kind in rules.calls:
                self._call(node, scope)
            elif kind in rules.uses:
                self._use(node, scope)
            if node.named_child_count > _MOST_CHILDREN:
                incomplete = "it holds too many things in a row"
                continue
            children = node.named_children
            children.reverse()
            stack.extend([(child, inner, wrapper) for child in children])
        return incomplete

    def _above(self, node: Node, *, said: bool) -> None:
        start, end = node.start_point, node.end_point
        last = end[0] if end[1] else end[0] - 1  # some grammars count the line break in
        before = self.parsed.source[node.start_byte - start[1] : node.start_byte]
        if not before.strip():
            self.comments[last] = (start[0], text(node) if said else "")

    def _define(self, node: Node, scope: _Scope, outer: Node | None) -> _Scope:
        """Add the definition that a node is, if it is one; returns the scope of what is inside it."""
        rules, grammar = self.rules, self.parsed.grammar
        kind = kind_of(node, rules, grammar, in_type=scope.kind in TYPES)
        if kind:
            name, holder = definition_name(node, grammar)
            if not name:
                return scope
            parts = scope.names if scope.names[-1:] == (holder,) or not holder else (*scope.names, holder)
            qualified = self._add(node, name, parts, cast("Kind", kind), outer)
            bases = node.child_by_field_name("superclasses") if grammar == "python" else None
            if bases is not None:
                self._use(bases, _Scope((*parts, name), qualified))
            if len(parts) >= _DEEPEST_SCOPE:
                return scope
            return _Scope((*parts, name), qualified, kind, scope.in_function or kind in FUNCTIONS)
        if node.type in rules.constants and not scope.in_function:
            for name in constant_names(node, grammar, top=not scope.names):
                self._add(node, name, scope.names, "constant", outer)
        return scope

    def _add(self, node: Node, name: str, parts: tuple[str, ...], kind: Kind, outer: Node | None) -> str:
        qualified = ".".join((*parts, name))
        around = owner(node, outer)
        start, end = around.start_point[0], around.end_point
        last = end[0] if end[1] or end[0] == around.start_point[0] else end[0] - 1
        first, words = start, list[str]()
        while first - 1 in self.comments:
            first, said = self.comments[first - 1]
            if said:
                words.insert(0, said)
            elif not words:
                start = first  # an attribute belongs to what it stands above
        doc = _docstring(node) if self.parsed.grammar == "python" else ""
        doc = doc or _plain("\n".join(words))
        signature = _signature(node, around, self.parsed.source)
        self.definitions.append(
            Definition(
                name=name,
                qualified=qualified,
                kind=kind,
                start_line=start + 1,
                end_line=last + 1,
                line=node.start_point[0] + 1,
                signature=signature,
                doc=doc[:_LONGEST_DOC],
                doc_line=(first if words else start) + 1,
            )
        )
        return qualified

    def _call(self, node: Node, scope: _Scope) -> None:
        grammar = self.parsed.grammar
        name, receiver = callee(node, self.rules.calls[node.type], grammar)
        if not name:
            return
        found = import_of_call(name, node, grammar) if not receiver else None
        if found is not None:
            self.imports.append(found)
        else:
            self.references.append(Reference(name, node.start_point[0] + 1, scope.within, "call", receiver))

    def _use(self, node: Node, scope: _Scope) -> None:
        for name, receiver in used_names(node, self.parsed.grammar):
            if name != scope.within.rpartition(".")[2]:
                self.references.append(Reference(name, node.start_point[0] + 1, scope.within, "type", receiver))


def _signature(node: Node, around: Node, source: bytes) -> str:
    """The head of a definition in one line."""
    body = node.child_by_field_name("body")
    value = node.child_by_field_name("value")
    if body is None and value is not None:
        body = value.child_by_field_name("body")
    if body is None:
        body = next((child for child in node.named_children if child.type in _BODIES), None)
    decorated = around.type == "decorated_definition"
    start = node.start_byte if decorated or around.end_byte < node.end_byte else around.start_byte
    end = body.start_byte if body is not None and body.start_byte > node.start_byte else min(node.end_byte, start + 600)
    head = source[start : min(end, start + 2_000)].decode("utf-8", "replace")
    if body is None:
        head = head.split("\n\n")[0] if head.count("(") > head.count(")") else head.split("\n")[0]
    if body is not None:  # comments may stand between the head and the body
        head = "\n".join(line for line in head.split("\n") if not line.lstrip().startswith(("# ", "// ")))
    head = _SPACES.sub(" ", head).strip().removesuffix("=>").rstrip(" {:;=")
    return head if len(head) <= _LONGEST_SIGNATURE else f"{head[: _LONGEST_SIGNATURE - 1]}…"


def _docstring(node: Node) -> str:
    body = node.child_by_field_name("body")
    first = body.named_child(0) if body is not None and body.named_child_count else None
    if first is not None and first.type == "expression_statement" and first.named_child_count:
        first = first.named_child(0)
    if first is None or first.type != "string":
        return ""
    said = _STRING.match(text(first, 4 * _LONGEST_DOC))
    return "\n".join(line.strip() for line in said[2].strip().split("\n")) if said else ""


def _plain(comment: str) -> str:
    lines = [_TAGS.sub("", _MARKS.sub("", line)).rstrip() for line in comment[: 4 * _LONGEST_DOC].split("\n")]
    return "\n".join(lines).strip()

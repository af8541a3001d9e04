"""What a regular expression tells of text that it matches."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from manyeyes_tools.evidence.python_names import dotted
from manyeyes_tools.evidence.python_walk import walk
from manyeyes_tools.evidence.taint.evaluation import evaluate
from manyeyes_tools.evidence.taint.facts import Facts, facts_about
from manyeyes_tools.evidence.taint.tables import ADDRESS, ALL, PATH, bits

if TYPE_CHECKING:
    from manyeyes_tools.evidence.taint.frames import Frame
    from manyeyes_tools.evidence.taint.values import Value

_LOOSE = re.compile(r"(?<!\\)\.(?![\w\\]*\])|\[\^|\\S|\\D|\\W")
_CLASS = re.compile(r"\[(?:\\.|[^\]])*\]")


def of_expression(frame: Frame, call: ast.Call, method: str) -> Facts | None:
    """`re.fullmatch(PATTERN, value)`, or the same as the pattern's method."""
    pattern: Value
    if not isinstance(call.func, ast.Attribute):
        return None
    base = dotted(call.func.value)
    if frame.module.full(base) in {"re", "regex"}:
        if len(call.args) < 2:  # noqa: PLR2004  # the expression and what it is held against
            return None
        pattern, subject = evaluate(frame, call.args[0]), evaluate(frame, call.args[1])
    else:
        pattern = evaluate(frame, call.func.value)
        if not call.args:
            return None
        subject = evaluate(frame, call.args[0])
    if not pattern.const or not isinstance(pattern.const[0], str | bytes):
        if pattern.kind == "re.Pattern" or base.isupper() or base.rpartition(".")[2].isupper():
            return facts_about(subject.atoms, 0, ALL)
        return None
    text = pattern.const[0] if isinstance(pattern.const[0], str) else pattern.const[0].decode("latin-1")
    mask = expression_mask(text, method)
    return facts_about(subject.atoms, mask, ALL)


def expression_mask(text: str, method: str) -> int:
    """For which weaknesses text that a regular expression matches is harmless."""
    stripped = re.sub(r"^\(\?[aiLmsux]+\)", "", text)
    ends = method == "fullmatch" or (stripped.endswith(("$", r"\Z", r"\z")) and not stripped.endswith(r"\$"))
    starts = method in {"fullmatch", "match"} or stripped.startswith(("^", r"\A"))
    address = bool(re.match(r"^\^?(?:https\??|\(\?:https\??\))://[\w\\.()|-]+(?:/|\\/|\$|\[/\?#\]|\(\?:)", stripped))
    if starts and address:
        return ADDRESS
    if not (starts and ends) or _LOOSE.search(_CLASS.sub(lambda m: "[^" if m[0].startswith("[^") else "[]", stripped)):
        return 0
    classes = _CLASS.findall(stripped)
    mask = ALL
    if any(
        "/" in one
        or "\\" in one.replace("\\w", "").replace("\\d", "").replace("\\-", "").replace("\\.", "").replace("\\s", "")
        for one in classes
    ) or re.search(r"(?<!\[)/", stripped):
        mask &= ~(PATH | ADDRESS)
    if any(re.search(r"['\";`$|&<>(){}=]", one) for one in classes):
        mask = ALL & PATH
    if any("\\s" in one or " " in one for one in classes) or "\\s" in stripped:
        mask &= ~bits("command-injection header-injection log-injection sql-injection")
    return mask


def declared_pattern(annotation: ast.expr, default: ast.expr | None) -> int:
    """For which weaknesses a field is harmless by the pattern that it must match."""
    for part in (annotation, default):
        for one in walk(part) if part is not None else ():
            if isinstance(one, ast.keyword) and one.arg in {"pattern", "regex"} and isinstance(one.value, ast.Constant):
                return expression_mask(str(one.value.value), "search")
    return 0

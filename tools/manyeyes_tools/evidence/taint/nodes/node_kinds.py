"""Which function looks at which kind of node: the tables of `evaluation` are filled here, and nowhere else."""

from __future__ import annotations

import ast

from manyeyes_tools.evidence.taint.calling.after_calls import expression
from manyeyes_tools.evidence.taint.calling.calls import call
from manyeyes_tools.evidence.taint.calling.checks import of_call
from manyeyes_tools.evidence.taint.evaluation import EXPRESSIONS, STATEMENTS, TESTS
from manyeyes_tools.evidence.taint.nodes.assignments import annotated_assignment, assignment, augmented_assignment
from manyeyes_tools.evidence.taint.nodes.attributes import attribute_read
from manyeyes_tools.evidence.taint.nodes.blocks import (
    assertion,
    class_body,
    deletion,
    global_names,
    inner_function,
    leave,
    raised,
    try_block,
    with_block,
)
from manyeyes_tools.evidence.taint.nodes.branches import branch, match
from manyeyes_tools.evidence.taint.nodes.choices import choice, comparison, either, negation
from manyeyes_tools.evidence.taint.nodes.comparisons import of_comparison
from manyeyes_tools.evidence.taint.nodes.displays import (
    comprehension,
    dictionary,
    display,
    inner,
    small_function,
    walrus,
    yielded,
)
from manyeyes_tools.evidence.taint.nodes.entries import subscript
from manyeyes_tools.evidence.taint.nodes.loops import loop
from manyeyes_tools.evidence.taint.nodes.names import constant, name
from manyeyes_tools.evidence.taint.nodes.operators import operation
from manyeyes_tools.evidence.taint.nodes.returns import returned
from manyeyes_tools.evidence.taint.nodes.simple_tests import of_attribute, of_name, of_negation, of_several, of_walrus
from manyeyes_tools.evidence.taint.nodes.texts import formatted_text

EXPRESSIONS.update({
    ast.Constant: constant, ast.Name: name, ast.Attribute: attribute_read, ast.Subscript: subscript, ast.Call: call,
    ast.JoinedStr: formatted_text, ast.BinOp: operation, ast.BoolOp: either, ast.IfExp: choice,
    ast.Compare: comparison, ast.UnaryOp: negation, ast.List: display, ast.Tuple: display, ast.Set: display,
    ast.Dict: dictionary, ast.ListComp: comprehension, ast.SetComp: comprehension, ast.GeneratorExp: comprehension,
    ast.DictComp: comprehension, ast.Lambda: small_function, ast.NamedExpr: walrus, ast.Await: inner,
    ast.YieldFrom: inner, ast.Starred: inner, ast.FormattedValue: inner, ast.Yield: yielded,
})  # fmt: skip
STATEMENTS.update({
    ast.Assign: assignment, ast.AnnAssign: annotated_assignment, ast.AugAssign: augmented_assignment,
    ast.Expr: expression, ast.Return: returned, ast.Raise: raised, ast.Break: leave, ast.Continue: leave,
    ast.If: branch, ast.For: loop, ast.AsyncFor: loop, ast.While: loop, ast.With: with_block,
    ast.AsyncWith: with_block, ast.Try: try_block, ast.TryStar: try_block, ast.FunctionDef: inner_function,
    ast.AsyncFunctionDef: inner_function, ast.ClassDef: class_body, ast.Assert: assertion, ast.Match: match,
    ast.Global: global_names, ast.Nonlocal: global_names, ast.Delete: deletion,
})  # fmt: skip

TESTS.update({
    ast.UnaryOp: of_negation, ast.BoolOp: of_several, ast.Compare: of_comparison, ast.Call: of_call,
    ast.Attribute: of_attribute, ast.NamedExpr: of_walrus, ast.Name: of_name,
})  # fmt: skip

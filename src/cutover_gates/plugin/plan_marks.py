"""Reads plan marks from the source of a check, without importing it.

A mark that is not written out in its usual place may name any group. Then nothing is known of the
check, and its file is collected in every gate: a guess could leave out a check that is asked for.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

PLAN = "plan"


class _UnresolvableMarkError(Exception):
    """A mark whose groups cannot be known without running the file."""


def groups_of_marks(marks: Iterable[ast.expr]) -> frozenset[str]:
    """Return the arguments of every `pytest.mark.plan(…)` within the marks.

    There are none at all where one of them is not a text that stands there.
    """
    try:
        return frozenset(group for mark in marks for group in _literal_groups(mark))
    except _UnresolvableMarkError:
        return frozenset()


def has_plan_marks_elsewhere(tree: ast.Module) -> bool:
    """Return True where a file makes plan marks outside of decorators and `pytestmark`.

    Such as `proves = pytest.mark.plan`, `pytestmark.append(…)`, or a list of parameters with marks.
    """
    marks: list[ast.expr] = []
    attributes = 0
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            attributes += node.attr == PLAN
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            marks += node.decorator_list
        elif isinstance(node, ast.stmt):
            marks += pytestmark_value(node)
    return attributes > sum(len(_plan_attributes(mark)) for mark in marks)


def pytestmark_value(node: ast.AST) -> list[ast.expr]:
    """Return the value of `pytestmark = …`, however it is assigned."""
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign | ast.AugAssign):
        targets = [node.target]
    is_mark = any(isinstance(target, ast.Name) and target.id == "pytestmark" for target in targets)
    value = getattr(node, "value", None)
    return [value] if is_mark and value is not None else []


def _plan_attributes(tree: ast.expr) -> list[ast.Attribute]:
    return [n for n in ast.walk(tree) if isinstance(n, ast.Attribute) and n.attr == PLAN]


def _literal_groups(mark: ast.expr) -> Iterator[str]:
    for part in _parts_of(mark):
        name = _name_of_mark(part)
        yield from _literal_arguments(part) if name == PLAN else _groups_of_parameters(part)


def _parts_of(mark: ast.expr) -> Sequence[ast.expr]:
    return mark.elts if isinstance(mark, ast.List | ast.Tuple) else [mark]


def _name_of_mark(part: ast.expr) -> str:
    """Return NAME of `pytest.mark.NAME` or `mark.NAME`, with or without a call.

    Anything else may be any mark: a name of its own, a mark of another module, `with_args`.
    """
    mark = part.func if isinstance(part, ast.Call) else part
    if not isinstance(mark, ast.Attribute) or ast.unparse(mark.value) not in {
        "pytest.mark",
        "mark",
    }:
        raise _UnresolvableMarkError
    return mark.attr


def _literal_arguments(part: ast.expr) -> Iterator[str]:
    for arg in part.args if isinstance(part, ast.Call) else []:
        if not (isinstance(arg, ast.Constant) and isinstance(arg.value, str)):
            raise _UnresolvableMarkError
        yield arg.value


def _groups_of_parameters(part: ast.expr) -> Iterator[str]:
    """Yield the groups of `pytest.param(…, marks=…)` within a mark."""
    marks = [
        mark
        for node in ast.walk(part)
        if isinstance(node, ast.keyword) and node.arg == "marks"
        for mark in _parts_of(node.value)
    ]
    if len(_plan_attributes(part)) > sum(_name_of_mark(mark) == PLAN for mark in marks):
        raise _UnresolvableMarkError
    for mark in marks:
        yield from _literal_groups(mark)

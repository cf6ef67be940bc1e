"""Reads what a file means to be a check, to compare it with what pytest makes of it.

pytest says nothing of what it never collects for its name or its place, and its item would be
proven by the others. A hook may take values from a list of parameters before pytest makes checks of
them: what is written cannot be changed that way.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable, Iterator, Mapping

from cutover_gates.plugin.assertion_catchers import JUDGING, last_name
from cutover_gates.plugin.check_slips import find_empty_assertions
from cutover_gates.plugin.plan_marks import PLAN, pytestmark_value
from cutover_gates.plugin.source_functions import FunctionNode

LITERAL = ast.List | ast.Tuple


def find_uncollected_checks(tree: ast.Module) -> Iterator[str]:
    """Yield a sentence for each check of a test file that is never collected.

    Also for each assertion of a helper in it that can never fail: the checks rely on it.
    """
    for node in tree.body:
        if isinstance(node, FunctionNode) and not node.name.startswith("test"):
            yield from find_empty_assertions(node)
        if isinstance(node, ast.ClassDef):
            yield from _find_in_class(node)
        elif isinstance(node, FunctionNode) and not node.name.startswith("test"):
            yield from _find_in_function(node)


def find_checks_elsewhere(tree: ast.Module) -> Iterator[str]:
    """Yield a sentence where a file that pytest does not collect, by its name, holds a check."""
    marks = [mark for node in tree.body for mark in _marks_of(node)]
    if any(map(_is_plan_mark, marks)):
        yield (
            "line 1: a check stands in a file that pytest does not collect: name the file"
            " test_….py, or remove its plan mark"
        )


def _find_in_class(node: ast.ClassDef) -> Iterator[str]:
    if node.name.startswith("Test") or node.bases:
        return  # collected, or told as one that cannot be counted
    methods = [part for part in node.body if isinstance(part, FunctionNode)]
    marked = any(map(_is_plan_mark, node.decorator_list))
    if marked or any(part.name.startswith("test_") and _judges(part) for part in methods):
        yield (
            f"line {node.lineno}: the class {node.name} holds checks, and pytest collects only"
            " classes whose names begin with `Test`: rename it"
        )


def _judges(function: FunctionNode) -> bool:
    """Return whether a method asserts: a client may have one that tests a connection."""
    return any(
        isinstance(node, ast.Assert)
        or (isinstance(node, ast.Call) and last_name(node.func).startswith(JUDGING))
        for node in ast.walk(function)
    )


def _find_in_function(node: FunctionNode) -> Iterator[str]:
    if any(map(_is_plan_mark, node.decorator_list)):
        yield (
            f"line {node.lineno}: {node.name} has a plan mark, and pytest collects only functions"
            " whose names begin with `test`: rename it"
        )
    for part in ast.walk(node):
        if part is not node and isinstance(part, FunctionNode) and part.name.startswith("test_"):
            # What is returned, or given to something, may become a check elsewhere.
            used = {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}
            if part.name not in used:
                yield (
                    f"line {part.lineno}: {part.name} stands within {node.name}, where pytest does"
                    " not collect it: check the indentation"
                )


def _marks_of(node: ast.stmt) -> list[ast.expr]:
    if isinstance(node, FunctionNode | ast.ClassDef):
        return node.decorator_list
    return pytestmark_value(node)


def _is_plan_mark(mark: ast.expr) -> bool:
    return any(
        isinstance(part, ast.Attribute)
        and part.attr == PLAN
        and ast.unparse(part.value) in ("pytest.mark", "mark")
        for part in ast.walk(mark)
    )


def read_literal_lists(tree: ast.Module) -> dict[str, int]:
    """Return the lengths of the lists that a module writes out and names once."""
    names = [name for node in tree.body for name in _names_given_by(node)]
    return {
        node.targets[0].id: length
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and names.count(node.targets[0].id) == 1
        and (length := _length_of(node.value, {}))
    }


def count_parameters(marks: Iterable[ast.expr], lists: Mapping[str, int]) -> int:
    """Return how many checks pytest makes of a function with these marks, at least."""
    return math.prod(max(_count_of(mark, lists), 1) for mark in marks)


def _count_of(mark: ast.expr, lists: Mapping[str, int]) -> int:
    if not isinstance(mark, ast.Call) or not isinstance(mark.func, ast.Attribute):
        return 1
    if ast.unparse(mark.func) not in ("pytest.mark.parametrize", "mark.parametrize"):
        return 1
    named = [word.value for word in mark.keywords if word.arg == "argvalues"]
    values = [*mark.args[1:2], *named]
    return _length_of(values[0], lists) if values else 1


def _length_of(value: ast.expr, lists: Mapping[str, int]) -> int:
    """Return the number of values of a list that is written out; 0 where it is not known."""
    if isinstance(value, ast.Name):
        return lists.get(value.id, 0)
    if isinstance(value, LITERAL) and not any(isinstance(e, ast.Starred) for e in value.elts):
        return len(value.elts)
    return 0


def _names_given_by(node: ast.stmt) -> list[str]:
    """Return the names that a statement gives, once for each: `+=` and calls of a name, too."""
    return [
        part.id
        for part in ast.walk(node)
        if isinstance(part, ast.Name)
        and (not isinstance(part.ctx, ast.Load) or isinstance(node, ast.AugAssign | ast.Expr))
    ]

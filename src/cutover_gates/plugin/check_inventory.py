"""Which checks stand on disk, read without importing them.

A run can be narrowed in more ways than anyone can list (paths, `--ignore`, `--lf`, `-o
python_functions=…`). What was collected is therefore held against what is written: a check of the
census that was not collected is not proven.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from cutover_gates.plugin.suite_folders import SuiteFolders


@dataclass(frozen=True)
class WrittenCheck:
    """A check as its file has it. `check` is its node id without parameters.

    `items` are the ids of its plan marks; none where one of them is not written out (then it may be
    any, and the judge takes it so).
    """

    check: str
    items: frozenset[str]


@dataclass(frozen=True)
class CheckInventory:
    """All checks on disk, and what could not be read: files that are no Python, and checks that are
    made rather than written.
    """

    checks: tuple[WrittenCheck, ...]
    unreadable: tuple[str, ...]


class _UnresolvableMark(Exception):
    """A plan mark whose ids cannot be known without running the file."""


def build_inventory(folders: SuiteFolders) -> CheckInventory:
    """Return every check that is written in the suites, the shipped ones and the own ones."""
    checks: list[WrittenCheck] = []
    unreadable: list[str] = []
    for name, path in folders.test_files():
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except (SyntaxError, UnicodeDecodeError, OSError):
            unreadable.append(name)
        else:
            checks.extend(_find_checks(tree.body, name, []))
            unreadable.extend(_find_uncountable_checks(tree.body, name))
    return CheckInventory(tuple(checks), tuple(unreadable))


def _find_checks(body: list[ast.stmt], above: str, marks: list[ast.expr]) -> Iterator[WrittenCheck]:
    """The checks of a module or class; `marks` are the expressions that mark it from outside."""
    statements = list(_iterate_statements(body))
    marks = marks + [value for node in statements for value in _pytestmark_value(node)]
    for node in statements:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith(
            "test"
        ):
            yield WrittenCheck(f"{above}::{node.name}", _plan_ids(marks + node.decorator_list))
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            yield from _find_checks(node.body, f"{above}::{node.name}", marks + node.decorator_list)


def _iterate_statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements, also those below `if`, `try`, `with`: a check that stands under a condition
    is written all the same.
    """
    for node in body:
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for name in ("body", "orelse", "finalbody"):
                yield from _iterate_statements(getattr(node, name, []))
            for handler in getattr(node, "handlers", []):
                yield from _iterate_statements(handler.body)


def _pytestmark_value(node: ast.stmt) -> list[ast.expr]:
    """The value of `pytestmark = …`, however it is assigned."""
    targets = (
        node.targets
        if isinstance(node, ast.Assign)
        else [node.target]
        if isinstance(node, ast.AnnAssign | ast.AugAssign)
        else []
    )
    named = any(isinstance(target, ast.Name) and target.id == "pytestmark" for target in targets)
    value = getattr(node, "value", None)
    return [value] if named and value is not None else []


def _find_uncountable_checks(body: list[ast.stmt], name: str) -> Iterator[str]:
    """Checks that pytest would collect and that nobody can count here: imported, assigned, or
    inherited ones.
    """
    for node in _iterate_statements(body):
        if isinstance(node, ast.ImportFrom):
            names = [alias.asname or alias.name for alias in node.names]
        elif isinstance(node, ast.Assign):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        else:
            names = (
                [node.name]
                if isinstance(node, ast.ClassDef) and node.bases and _is_collectable(node)
                else []
            )
        yield from (
            f"{name}::{found}"
            for found in names
            if found == "*" or found.startswith(("test", "Test")) or isinstance(node, ast.ClassDef)
        )


def _is_collectable(node: ast.ClassDef) -> bool:
    """Whether pytest may find checks in a class with bases: by its own name, or (unittest) by those
    of its functions.
    """
    functions = [
        part.name for part in node.body if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return any(name.startswith(("Test", "test")) for name in [node.name, *functions])


def _plan_ids(marks: list[ast.expr]) -> frozenset[str]:
    """The arguments of every `…mark.plan(…)` within the marks; none at all where one of them is not
    a text that stands there.
    """
    try:
        return frozenset(item for mark in marks for item in _literal_ids(mark))
    except _UnresolvableMark:
        return frozenset()


def _literal_ids(mark: ast.expr) -> Iterator[str]:
    for part in mark.elts if isinstance(mark, ast.List | ast.Tuple) else [mark]:
        if isinstance(part, ast.Name):  # a mark under a name of its own may be any mark
            raise _UnresolvableMark
    for node in ast.walk(mark):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "plan"
        ):
            for arg in node.args:
                if not (isinstance(arg, ast.Constant) and isinstance(arg.value, str)):
                    raise _UnresolvableMark
                yield arg.value

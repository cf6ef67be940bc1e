"""Reads which checks are written in the suites, without importing them.

A run can be narrowed in more ways than anyone can list (paths, `--ignore`, `--lf`, `-o
python_functions=…`). What was collected is therefore compared with what is written: a written check
that was not collected is not proven.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from cutover_gates.plugin.plan_marks import (
    groups_of_marks,
    has_plan_marks_elsewhere,
    pytestmark_value,
)
from cutover_gates.plugin.suite_folders import SuiteFolders

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
SENTENCE_END = re.compile(r"(?<=[.?!])\s+(?=[A-Z`'\"])|\n\s*\n")


@dataclass(frozen=True)
class WrittenCheck:
    """A check as its file has it.

    `check` is its node id without parameters: the id of the rule that it is. `groups` are the names
    in its plan marks; there are none where one of them is not written out (then it may be any, and
    the judge takes it so). `title` is the first sentence of its docstring, `why` the rest.
    """

    check: str
    groups: frozenset[str]
    title: str = ""
    why: str = ""


@dataclass(frozen=True)
class CheckInventory:
    """All checks on disk, and what could not be read.

    `unreadable` are files that are no Python, and checks that are made rather than written.
    """

    checks: tuple[WrittenCheck, ...]
    unreadable: tuple[str, ...]


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
            checks.extend(_read_checks(tree, name))
            unreadable.extend(_find_uncountable_checks(tree.body, name))
    return CheckInventory(tuple(checks), tuple(unreadable))


def split_docstring(text: str | None) -> tuple[str, str]:
    """Return the first sentence of a docstring, without its period, and the rest: a line each."""
    parts = SENTENCE_END.split(inspect.cleandoc(text or ""), maxsplit=1)
    title, why = (" ".join(part.split()) for part in (*parts, "")[:2])
    return title.removesuffix("."), why


def _read_checks(tree: ast.Module, name: str) -> list[WrittenCheck]:
    checks = list(_find_checks(tree.body, name, []))
    if has_plan_marks_elsewhere(tree):
        return [replace(check, groups=frozenset()) for check in checks]
    return checks


def _find_checks(body: list[ast.stmt], above: str, marks: list[ast.expr]) -> Iterator[WrittenCheck]:
    """Yield the checks of a module or class; `marks` are the expressions that mark all of it."""
    statements = list(_iterate_statements(body))
    marks = marks + [value for node in statements for value in pytestmark_value(node)]
    for node in statements:
        if isinstance(node, FunctionNode) and node.name.startswith("test"):
            groups = groups_of_marks(marks + node.decorator_list)
            docstring = split_docstring(ast.get_docstring(node))
            yield WrittenCheck(f"{above}::{node.name}", groups, *docstring)
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            yield from _find_checks(node.body, f"{above}::{node.name}", marks + node.decorator_list)


def _iterate_statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements, also those below `if`, `try` and `with`.

    A check that stands under a condition is written all the same.
    """
    for node in body:
        yield node
        if not isinstance(node, FunctionNode | ast.ClassDef):
            for name in ("body", "orelse", "finalbody"):
                yield from _iterate_statements(getattr(node, name, []))
            for handler in getattr(node, "handlers", []):
                yield from _iterate_statements(handler.body)


def _find_uncountable_checks(body: list[ast.stmt], name: str) -> Iterator[str]:
    """Yield checks that pytest would collect and that nobody can count without running the file.

    These are imported, assigned and inherited ones.
    """
    for node in _iterate_statements(body):
        for made in _names_made_by(node):
            is_check = made == "*" or made.startswith(("test", "Test"))
            if is_check or isinstance(node, ast.ClassDef):
                yield f"{name}::{made}"


def _names_made_by(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [alias.asname or alias.name for alias in node.names]
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    if isinstance(node, ast.ClassDef) and node.bases and _is_collectable(node):
        return [node.name]
    return []


def _is_collectable(node: ast.ClassDef) -> bool:
    """Return True where pytest may find checks in a class with bases.

    It finds them by the name of the class, or (unittest) by those of its functions.
    """
    functions = [part.name for part in node.body if isinstance(part, FunctionNode)]
    return any(name.startswith(("Test", "test")) for name in [node.name, *functions])

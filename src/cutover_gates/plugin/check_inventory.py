"""Reads which checks are written in the suites, without importing them.

A run can be narrowed in more ways than anyone can list (paths, `--ignore`, `--lf`, `-o
python_functions=…`). What was collected is therefore compared with what is written: a written check
that was not collected is not proven.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from cutover_gates.plugin.check_slips import find_empty_assertions, find_slips
from cutover_gates.plugin.plan_marks import (
    groups_of_marks,
    has_plan_marks_elsewhere,
    pytestmark_value,
)
from cutover_gates.plugin.source_functions import FunctionNode
from cutover_gates.plugin.suite_folders import SuiteFolders
from cutover_gates.plugin.uncollected_checks import (
    count_parameters,
    find_checks_elsewhere,
    find_uncollected_checks,
    read_literal_lists,
)

REPEATED = "the file gives the name {} more than once, and only the last one counts: rename them"
SENTENCE_END = re.compile(r"(?<=[.?!])\s+(?=[A-Z`'\"])|\n\s*\n")


@dataclass(frozen=True)
class WrittenCheck:
    """A check as its file has it.

    `check` is its node id without parameters: the id of the rule that it is. `groups` are the names
    in its plan marks; there are none where one of them is not written out (then it may be any, and
    the judge takes it so). `title` is the first sentence of its docstring, `why` the rest. `line`
    is the first one of the function, its decorators included. `slips` are sentences on statements
    that look like an assertion and assert nothing. `parameters` is the number of checks that pytest
    makes of it, at least.
    """

    check: str
    groups: frozenset[str]
    title: str = ""
    why: str = ""
    line: int = 0
    slips: tuple[str, ...] = ()
    parameters: int = 1


@dataclass(frozen=True)
class CheckInventory:
    """All checks on disk, and what could not be read.

    `unreadable` are files that are no Python, and checks that are made rather than written.
    `helper_slips` are sentences on assertions that never fail beside the checks, and on checks that
    pytest never collects.
    """

    checks: tuple[WrittenCheck, ...]
    unreadable: tuple[str, ...]
    helper_slips: tuple[str, ...] = ()

    @property
    def slips(self) -> dict[str, tuple[str, ...]]:
        """The slips of each check that has some."""
        return {check.check: check.slips for check in self.checks if check.slips}


def build_inventory(folders: SuiteFolders) -> CheckInventory:
    """Return every check that is written in the suites, the shipped ones and the own ones."""
    checks: list[WrittenCheck] = []
    unreadable: list[str] = []
    lost: list[str] = []
    for name, path in folders.test_files():
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except (SyntaxError, UnicodeDecodeError, OSError):
            unreadable.append(name)
        else:
            checks.extend(_read_checks(tree, name))
            lost += [f"{name}, {sentence}" for sentence in find_uncollected_checks(tree)]
            unreadable.extend(_find_uncountable_checks(tree.body, name))
    lost += _find_helper_slips(folders)
    return CheckInventory(tuple(checks), tuple(unreadable), tuple(lost))


def _find_helper_slips(folders: SuiteFolders) -> Iterator[str]:
    """Yield the slips of files that hold no check: what they assert, a check relies on."""
    for name, path in folders.helper_files():
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except (SyntaxError, UnicodeDecodeError, OSError):
            continue  # an import of it fails
        for slip in (*find_empty_assertions(tree), *find_checks_elsewhere(tree)):
            yield f"{name}, {slip}"


def split_docstring(text: str | None) -> tuple[str, str]:
    """Return the first sentence of a docstring, without its period, and the rest: a line each."""
    parts = SENTENCE_END.split(inspect.cleandoc(text or ""), maxsplit=1)
    title, why = (" ".join(part.split()) for part in (*parts, "")[:2])
    return title.removesuffix("."), why


def _read_checks(tree: ast.Module, name: str) -> list[WrittenCheck]:
    lists = read_literal_lists(tree)
    found = _find_checks(tree.body, name, [], lists)
    checks = _name_repeated(found, _names_given_again(tree, name))
    if has_plan_marks_elsewhere(tree):
        return [replace(check, groups=frozenset()) for check in checks]
    return checks


def _find_checks(
    body: list[ast.stmt], above: str, marks: list[ast.expr], lists: Mapping[str, int]
) -> Iterator[WrittenCheck]:
    """Yield the checks of a module or class; `marks` are the expressions that mark all of it."""
    statements = list(_iterate_statements(body))
    marks = marks + [value for node in statements for value in pytestmark_value(node)]
    for node in statements:
        if isinstance(node, FunctionNode) and node.name.startswith("test"):
            groups = groups_of_marks(marks + node.decorator_list)
            docstring = split_docstring(ast.get_docstring(node))
            line = min([node.lineno, *(part.lineno for part in node.decorator_list)])
            slips = tuple(find_slips(node))
            count = count_parameters(marks + node.decorator_list, lists)
            yield WrittenCheck(f"{above}::{node.name}", groups, *docstring, line, slips, count)
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            inner = f"{above}::{node.name}"
            yield from _find_checks(node.body, inner, marks + node.decorator_list, lists)


def _name_repeated(checks: Iterable[WrittenCheck], others: set[str]) -> list[WrittenCheck]:
    """Return the checks, with a slip where a name is given more than once: the last one counts."""
    found = list(checks)
    names = [check.check for check in found]
    repeated = {name for name in names if names.count(name) > 1 or name in others}
    return [
        replace(check, slips=(REPEATED.format(check.check.rpartition("::")[2]), *check.slips))
        if check.check in repeated
        else check
        for check in found
    ]


def _names_given_again(tree: ast.Module, name: str) -> set[str]:
    """Return the ids under which a file, outside of functions, assigns, imports or deletes."""
    scopes = [(name, tree.body)]
    scopes += [(f"{name}::{n.name}", n.body) for n in tree.body if isinstance(n, ast.ClassDef)]
    return {
        f"{above}::{made}"
        for above, body in scopes
        for node in _iterate_statements(body)
        for made in _names_bound_by(node)
    }


def _names_bound_by(node: ast.stmt) -> list[str]:
    if isinstance(node, FunctionNode | ast.ClassDef):
        return []
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [alias.asname or alias.name for alias in node.names]
    return [
        part.id
        for part in ast.walk(node)
        if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load)
    ]


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

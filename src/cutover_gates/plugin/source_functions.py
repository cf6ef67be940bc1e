"""Finds the source of what runs: the function of a line in a file of the suites, as a tree."""

from __future__ import annotations

import ast
import functools
from pathlib import Path
from types import FrameType

import cutover_gates

PACKAGE = Path(cutover_gates.__file__).resolve().parent
INSTALLED = {"site-packages", "dist-packages"}
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
SCOPES = (*FunctionNode.__args__, ast.Lambda, ast.Module)


class SuiteFiles:
    """The files that belong to checks: those below a check's folder, and those of the project."""

    def __init__(self, suite: Path, root: Path) -> None:
        self.suite, self.root = suite, root
        self._known: dict[str, bool] = {}

    def owns(self, frame: FrameType) -> bool:
        """Return whether a frame runs code of the suites, and not of a library or this package."""
        name = frame.f_code.co_filename
        if name not in self._known:
            self._known[name] = self._owns_path(Path(name))
        return self._known[name]

    def _owns_path(self, path: Path) -> bool:
        if path.is_relative_to(self.suite):
            return True
        if path.is_relative_to(PACKAGE) or INSTALLED & set(path.parts):
            return False
        return path.is_relative_to(self.root)


@functools.lru_cache(maxsize=64)
def _parse(name: str) -> ast.Module | None:
    try:
        return ast.parse(Path(name).read_text(encoding="utf-8"))
    except (SyntaxError, ValueError, OSError):
        return None


def find_path_to_line(frame: FrameType) -> list[ast.AST]:
    """Return the nodes around the line that a frame runs: its function first, a statement last.

    The list is empty where the source cannot be read.
    """
    tree = _parse(frame.f_code.co_filename)
    if tree is None:
        return []
    path: list[ast.AST] = [tree]
    while (inner := _child_around(path[-1], frame.f_lineno)) is not None:
        path.append(inner)
    scopes = [n for n, node in enumerate(path) if isinstance(node, SCOPES)]
    return path[scopes[-1] :]


def _child_around(node: ast.AST, line: int) -> ast.AST | None:
    if isinstance(node, ast.stmt) and not hasattr(node, "body"):
        return None
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case) and _holds(child, line):
            return child
    return None


def _holds(node: ast.AST, line: int) -> bool:
    if isinstance(node, ast.match_case):
        return any(_holds(part, line) for part in node.body)
    decorators = getattr(node, "decorator_list", [])
    lines: list[int] = [part.lineno for part in (node, *decorators)]
    last: int | None = getattr(node, "end_lineno", None)
    return min(lines) <= line <= (last or line)

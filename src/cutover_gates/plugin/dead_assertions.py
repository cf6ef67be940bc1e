"""Finds assertions in the source of a check that are never executed, whatever the target does."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from cutover_gates.plugin.source_functions import FunctionNode

LEAVING = ast.Return | ast.Raise | ast.Continue | ast.Break


def find_dead_assertions(function: FunctionNode) -> Iterator[str]:
    """Yield a sentence for each part of a check that asserts and never runs."""
    used = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    methods = {part for node in ast.walk(function) for part in _methods_of(node)}
    for node in ast.walk(function):
        for block in _blocks_of(node):
            yield from _find_unreached(block)
        if isinstance(node, ast.If | ast.While) and _is_never(node.test) and _asserts(node.body):
            yield f"line {node.lineno}: the assertions under `{_head(node)}` never run"
        if isinstance(node, FunctionNode) and node not in {function, *methods}:
            yield from _find_uncalled(node, used)


def _methods_of(node: ast.AST) -> list[ast.stmt]:
    """Return the body of a class: others call its methods, such as a server for each request."""
    return node.body if isinstance(node, ast.ClassDef) else []


def _find_unreached(block: Sequence[ast.stmt]) -> Iterator[str]:
    leaving = next((n for n, node in enumerate(block) if isinstance(node, LEAVING)), len(block))
    if _asserts(after := block[leaving + 1 :]):
        yield (
            f"line {after[0].lineno}: what follows"
            f" `{_first_word(block[leaving])}` on line {block[leaving].lineno} never runs, and it"
            " asserts"
        )


def _find_uncalled(node: FunctionNode, used: set[str]) -> Iterator[str]:
    # A decorator may register it somewhere.
    if node.name in used or node.decorator_list:
        return
    if node.name.startswith("test"):
        yield (
            f"line {node.lineno}: {node.name} stands within another check, where pytest does not"
            " collect it: check the indentation"
        )
    elif _asserts(node.body):
        yield f"line {node.lineno}: the function {node.name} asserts, and is never called"


def _blocks_of(node: ast.AST) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        if isinstance(block := getattr(node, name, None), list):
            yield block


def _is_never(test: ast.expr) -> bool:
    if isinstance(test, ast.Constant):
        return not test.value
    return isinstance(test, ast.Name | ast.Attribute) and ast.unparse(test).endswith(
        "TYPE_CHECKING"
    )


def _asserts(block: Sequence[ast.stmt]) -> bool:
    return any(isinstance(node, ast.Assert) for part in block for node in ast.walk(part))


def _head(node: ast.If | ast.While) -> str:
    return f"{_first_word(node)} {ast.unparse(node.test)}:"


def _first_word(node: ast.AST) -> str:
    return type(node).__name__.lower()

"""The gates and suites, and the marker expressions (`pytest -m`) over them."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

GATE_PARTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "phase2": ("phase2-10", "phase2-50", "phase2-100"),
        "post": ("post-hour", "post-day", "post-week"),
    }
)
"""The gates that a whole one consists of, each judged at a moment of its own.

An item of a part is an item of the whole, too.
"""
GATES = (
    *("t24", "t12", "t1", "phase1"),
    *(*GATE_PARTS["phase2"], "phase2"),
    *("phase3", "rollback"),
    *(*GATE_PARTS["post"], "post"),
    "nightly",
)
SUITES = ("smoke", "migrations", "performance", "contract")
ANSWERS = ("release", "previous", "either")
"""What may answer at a gate: the release under judgement, the one before it, or both."""
DEFAULT_ANSWERS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(GATES, "release"),
        **dict.fromkeys(("t24", "t12", "t1", "phase1", "rollback"), "previous"),
        **dict.fromkeys((*GATE_PARTS["phase2"], "phase2"), "either"),
    }
)
"""What may answer at each gate of a plan that does not say it."""
MARKER_WORD = re.compile(r"[\w:+\-.\[\]\\/]+")
"""A word of a marker expression, as pytest defines it. Python allows fewer."""


def split_gates(expression: str) -> tuple[str, ...]:
    """Return the gates that an `-m` expression asks for, each an expression of its own.

    'phase3 or nightly' is two gates, 'phase3 and contract' is one. Markers that are neither gates
    nor suites do not count: they narrow the run, not the question. The result is empty where
    nothing is to be judged.
    """
    tree = parse_expression(expression)
    if tree is None:
        return ()
    parts = [tree]
    if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.Or):
        parts = tree.values
    # An alternative of unknown markers only narrows what runs: it asks for nothing to be judged.
    judged = [part for part in parts if evaluate_expression(part, frozenset()) is not None]
    return tuple(dict.fromkeys(ast.unparse(part) for part in judged))


def named_gates(expression: str) -> tuple[str, ...]:
    """Return the gates that an expression names, in the order of the plan; none for a suite.

    A gate below `not` is not asked for.
    """
    tree = parse_expression(expression)
    found = set() if tree is None else _find_names(tree)
    return tuple(gate for gate in GATES if gate in found)


def _find_names(node: ast.expr) -> set[str]:
    if isinstance(node, ast.Name):
        return {node.id}
    if isinstance(node, ast.BoolOp):
        return set().union(*map(_find_names, node.values))
    return set()


def add_whole_gates(gates: Iterable[str]) -> tuple[str, ...]:
    """Return the gates, each part followed by the whole gate that it belongs to."""
    found = list[str]()
    for gate in gates:
        wholes = [whole for whole, parts in GATE_PARTS.items() if gate in parts]
        found += [gate, *wholes]
    return tuple(dict.fromkeys(found))


def parse_expression(expression: str) -> ast.expr | None:
    """Return the syntax tree of a marker expression, or None where it has none.

    pytest refuses such an expression in its own words. pytest's words need not be names in Python
    ('class', 'post-day'): each stands for itself in the tree. Without that, such an expression
    would be passed over, and its gate would run without being judged.
    """
    words = {_to_python_name(word): word for word in MARKER_WORD.findall(expression)}
    readable = MARKER_WORD.sub(lambda word: _to_python_name(word[0]), expression).strip()
    try:
        tree = ast.parse(readable, mode="eval").body if readable else None
    except (SyntaxError, ValueError):  # ValueError: a null character
        return None
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Name):
            node.id = words.get(node.id, node.id)
    return tree


def _to_python_name(word: str) -> str:
    if word in ("and", "or", "not") or re.fullmatch("0|[1-9][0-9]*", word):
        return word
    if word.isidentifier() and not keyword.iskeyword(word):
        return word
    return "_" + re.sub(r"\W", "_", word)


def evaluate_expression(node: ast.expr, markers: frozenset[str]) -> bool | None:
    """Return True where `markers` satisfy the expression.

    The result is None where the expression names neither a gate nor a suite.
    """
    if isinstance(node, ast.Name):
        return node.id in markers if node.id in GATES + SUITES else None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        inner = evaluate_expression(node.operand, markers)
        return None if inner is None else not inner
    if isinstance(node, ast.BoolOp):
        return _evaluate_parts(node, markers)
    return None


def _evaluate_parts(node: ast.BoolOp, markers: frozenset[str]) -> bool | None:
    values = [evaluate_expression(part, markers) for part in node.values]
    known = [value for value in values if value is not None]
    if not known:
        return None
    return all(known) if isinstance(node.op, ast.And) else any(known)

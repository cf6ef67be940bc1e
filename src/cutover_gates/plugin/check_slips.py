"""Finds slips in the source of a check: statements that look like an assertion and assert nothing.

Python and pytest warn of some of them, and warnings can be silenced. Each slip here is one that
cannot be meant: it is a failure of the check in which it stands.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from cutover_gates.plugin.assertion_catchers import (
    catches_assertions,
    find_handler,
    keeps_failure,
    last_name,
    returns_value,
)
from cutover_gates.plugin.dead_assertions import find_dead_assertions
from cutover_gates.plugin.source_functions import FunctionNode

LOOPS = (ast.For, ast.AsyncFor, ast.While)
REJECTION = "expect_rejection"
CONTEXTS = {"raises", REJECTION}
"""Names of context managers that expect something, and do so only in a `with`."""
CAPABILITY_CONTEXT = "capabilities.refusal"
"""Another one, of the fixture `capabilities`."""


def find_slips(function: FunctionNode) -> Iterator[str]:
    """Yield a sentence for each slip in a check, in the order of its lines."""
    if any(isinstance(node, ast.Yield | ast.YieldFrom) for node in _own_nodes(function)):
        yield (
            f"{function.name} holds a `yield`, so pytest never runs its body: remove it, or make"
            " the function a fixture"
        )
    for node in ast.walk(function):
        yield from _slips_of_node(node)
    yield from _find_swallowing(function)
    yield from find_dead_assertions(function)


def find_empty_assertions(tree: ast.AST) -> Iterator[str]:
    """Yield a sentence for each `assert` of a file that can never fail."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert):
            yield from _slips_of_node(node)


def _slips_of_node(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Assert) and _is_always_true(node.test):
        hint = "assert the condition itself"
        if isinstance(node.test, ast.Tuple):
            hint = 'write `assert condition, "text"` without parentheses around both'
        yield f"line {node.lineno}: `{_source(node)}` can never fail: {hint}"
    elif isinstance(node, ast.Expr) and _is_comparison(node.value):
        yield (
            f"line {node.lineno}: `{_source(node)}` compares and asserts nothing: write `assert`"
            " before it"
        )
    elif isinstance(node, ast.Expr) and _is_context_without_block(node.value):
        yield f"line {node.lineno}: `{_source(node)}` expects nothing without `with` before it"
    elif isinstance(node, ast.With | ast.AsyncWith):
        yield from _slips_of_block(node)


def _slips_of_block(node: ast.With | ast.AsyncWith) -> Iterator[str]:
    if _suppresses_assertions(node):
        yield f"line {node.lineno}: `suppress` swallows the assertions in its block"
        return
    expecting = [item for item in node.items if _expects_rejection(item.context_expr)]
    if any(_is_refusal_by_rule(item.context_expr) and not item.optional_vars for item in expecting):
        yield f"line {node.lineno}: nothing asks whether the rule was missing: add `as refusal`"
    if len(node.body) > 1 and expecting:
        yield (
            f"line {node.lineno}: the block that expects a rejection holds {len(node.body)}"
            " statements, and the rejection of any of them satisfies it: leave one action in it"
        )


def _expects_rejection(value: ast.expr) -> bool:
    is_rejection = isinstance(value, ast.Call) and last_name(value.func) == REJECTION
    return is_rejection or _is_refusal_by_rule(value)


def _is_refusal_by_rule(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and ast.unparse(value.func) == CAPABILITY_CONTEXT


def _is_always_true(test: ast.expr) -> bool:
    """Return True for an expression that is true whatever the target does."""
    match test:
        case ast.BoolOp() | ast.NamedExpr() | ast.IfExp() | ast.UnaryOp(op=ast.Not()):
            return _is_true_of_parts(test)
        case ast.Tuple() | ast.List() | ast.Set():
            return bool(test.elts) and not any(isinstance(e, ast.Starred) for e in test.elts)
        case ast.Dict():
            return bool(test.keys) and None not in test.keys
        case ast.GeneratorExp() | ast.Lambda():
            return True
        case ast.Constant():
            return bool(test.value)
        case ast.JoinedStr():
            return any(isinstance(part, ast.Constant) and part.value for part in test.values)
        case ast.Compare():
            return _compares_with_itself(test)
    return False


def _is_true_of_parts(test: ast.expr) -> bool:
    match test:
        case ast.BoolOp(op=ast.Or()):
            return any(map(_is_always_true, test.values))
        case ast.BoolOp():
            return all(map(_is_always_true, test.values))
        case ast.NamedExpr():  # one `=` too few: `(status := 200)`
            return _is_always_true(test.value)
        case ast.IfExp():  # the text of the assertion, in the wrong place
            return any(map(_is_text, (test.body, test.orelse)))
        case ast.UnaryOp(op=ast.Not()):
            return _is_always_false(test.operand)
    return False


def _is_always_false(test: ast.expr) -> bool:
    match test:
        case ast.Constant():
            return not test.value
        case ast.List() | ast.Tuple():
            return not test.elts
        case ast.Dict():
            return not test.keys
    return False


def _is_text(part: ast.expr) -> bool:
    is_text = isinstance(part, ast.Constant) and isinstance(part.value, str)
    return (is_text or isinstance(part, ast.JoinedStr)) and _is_always_true(part)


def _compares_with_itself(test: ast.Compare) -> bool:
    """Return True for `x == x`; two calls differ, and two attributes may: a property asks."""
    (operator, *more), left, right = test.ops, test.left, test.comparators[0]
    is_reflexive = isinstance(operator, ast.Eq | ast.Is | ast.LtE | ast.GtE)
    if more or not is_reflexive or not isinstance(left, ast.Name):
        return False
    return ast.dump(left) == ast.dump(right)


def _is_comparison(value: ast.expr) -> bool:
    if isinstance(value, ast.BoolOp):
        return any(_is_comparison(part) for part in value.values)
    is_negation = isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not)
    return isinstance(value, ast.Compare) or is_negation


def _is_context_without_block(value: ast.expr) -> bool:
    """Return True for `pytest.raises(Error)` as a statement; its form with a function runs."""
    if not isinstance(value, ast.Call):
        return False
    if ast.unparse(value.func) == CAPABILITY_CONTEXT:
        return True
    return len(value.args) <= 1 and last_name(value.func) in CONTEXTS


def _find_swallowing(function: FunctionNode) -> Iterator[str]:
    """Yield a sentence for each `try` that swallows what it asserts, whatever is asserted.

    Not in a loop, which may try it again, nor in a function within that tells by its value: what
    becomes of those is seen when they run (`swallowed_assertions`).
    """
    for node in _own_nodes(function):
        if isinstance(node, FunctionNode) and not returns_value(node):
            yield from _find_swallowing(node)
        elif isinstance(node, ast.Try) and _swallows_assertions(function, node):
            yield (
                f"line {node.lineno}: the `except` swallows the assertions in its `try`: move them"
                " after it, or catch another exception"
            )


def _swallows_assertions(function: FunctionNode, node: ast.Try) -> bool:
    first = next((n for n, part in enumerate(node.body) if isinstance(part, ast.Assert)), None)
    handler = find_handler(node)
    if first is None or handler is None or _is_in_loop(function, node):
        return False
    return not keeps_failure(function, node, handler, node.body[first + 1 :])


def _is_in_loop(function: FunctionNode, node: ast.AST) -> bool:
    loops = [each for each in ast.walk(function) if isinstance(each, LOOPS)]
    return any(node in ast.walk(loop) for loop in loops)


def _suppresses_assertions(node: ast.With | ast.AsyncWith) -> bool:
    calls = [item.context_expr for item in node.items if isinstance(item.context_expr, ast.Call)]
    return _asserts(node.body) and any(
        last_name(call.func) == "suppress" and any(map(catches_assertions, call.args))
        for call in calls
    )


def _asserts(body: list[ast.stmt]) -> bool:
    """Return True where an assertion stands directly in the block."""
    return any(isinstance(node, ast.Assert) for node in body)


def _own_nodes(function: FunctionNode) -> Iterator[ast.AST]:
    """Yield the nodes of a function without those of functions within it."""
    queue: list[ast.AST] = list(function.body)
    while queue:
        node = queue.pop()
        yield node
        if not isinstance(node, FunctionNode | ast.Lambda | ast.ClassDef):
            queue += ast.iter_child_nodes(node)


def _source(node: ast.AST) -> str:
    text = ast.unparse(node)
    return text if len(text) <= 60 else f"{text[:57]}…"

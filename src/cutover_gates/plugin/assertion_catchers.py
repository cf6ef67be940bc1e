"""Reads what becomes of an assertion that fails: who catches it, and what is made of it.

Many honest checks catch one: a loop that waits, a helper that answers yes or no, a list of errors,
`pytest.raises(AssertionError)`. An assertion is lost where nothing is made of it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum

ASSERTION = "AssertionError"
SWALLOWING = {ASSERTION, "Exception", "BaseException"}
KEEPING = {"fail", "append", "add", "put", "extend", "skip", "xfail", "exit", "set_exception"}
"""Functions by which a handler fails the check, or keeps the exception for later."""
JUDGING = ("assert", "check", "verify", "expect", "ensure", "fail", "raise")
"""How the names of functions begin that judge in place of the assertion."""
EXPECTING = ("raises", "fail")
"""Parts of the names of context managers that want the assertion to fail."""
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
LEAVING = ast.Return | ast.Break | ast.Continue


class Fate(Enum):
    """What becomes of a failed assertion in one function."""

    PASSED_ON = "nothing in the function catches it"
    KEPT = "something is made of it"
    LOST = "it is caught, and nothing is made of it"


def find_fate(path: Sequence[ast.AST]) -> Fate:
    """Return what a function does with an assertion that fails at the end of `path`.

    `path` has the function first, and then each node around the one before.
    """
    for depth in range(len(path) - 2, -1, -1):
        fate = _fate_at(path, depth)
        if fate is not Fate.PASSED_ON:
            return fate
    return Fate.PASSED_ON


def _fate_at(path: Sequence[ast.AST], depth: int) -> Fate:
    match path[depth]:
        case ast.Try() | ast.TryStar() as node:
            if path[depth + 1] in node.body and (handler := find_handler(node)):
                rest = _what_follows(node.body, path[depth + 1])
                keeps = keeps_failure(path[0], node, handler, rest) or _loop_tells(path[:depth])
                return Fate.KEPT if keeps else Fate.LOST
            if path[depth + 1] not in node.finalbody and _leaves(node.finalbody):
                return Fate.LOST
        case ast.With() | ast.AsyncWith() as node:
            rest = _what_follows(node.body, path[depth + 1])
            return _fate_in_block(path[0], node, rest)
    return Fate.PASSED_ON


def _what_follows(body: Sequence[ast.stmt], statement: ast.AST) -> Sequence[ast.stmt]:
    number = next((n for n, each in enumerate(body) if each is statement), len(body))
    return body[number + 1 :]


def _fate_in_block(
    function: ast.AST, node: ast.With | ast.AsyncWith, rest: Sequence[ast.stmt]
) -> Fate:
    for call in [each.context_expr for each in node.items]:
        if not isinstance(call, ast.Call):
            continue
        name, caught = last_name(call.func), [*call.args, *(k.value for k in call.keywords)]
        if name == "suppress" and any(map(catches_assertions, caught)):
            keeps = _keeps(function, rest, [node], tells_assertion=False)
            return Fate.KEPT if keeps else Fate.LOST
        if any(part in name.lower() for part in EXPECTING):
            is_wide = any(map(catches_assertions, caught)) and not any(map(_names_it, caught))
            return Fate.LOST if is_wide else Fate.KEPT
    return Fate.PASSED_ON


def returns_value(function: ast.AST) -> bool:
    """Return whether a function tells its caller something, such as that it never came true."""
    nodes: list[ast.AST] = [function]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Return) and node.value and ast.unparse(node.value) != "None":
            return True
        inner = ast.iter_child_nodes(node)
        nodes += [each for each in inner if not isinstance(each, SCOPES)]
    return False


def drops_value(statement: ast.AST) -> bool:
    """Return whether a statement is a call whose value goes nowhere."""
    value = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(value, ast.Call | ast.Await)


def find_handler(node: ast.Try | ast.TryStar) -> ast.ExceptHandler | None:
    """Return the `except` of a `try` that takes an assertion that fails in it."""
    handlers = (
        each for each in node.handlers if each.type is None or catches_assertions(each.type)
    )
    return next(handlers, None)


def catches_assertions(caught: ast.expr) -> bool:
    """Return whether an expression names a class that assertions are of."""
    parts = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(last_name(part) in SWALLOWING for part in parts)


def _names_it(caught: ast.expr) -> bool:
    parts = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(last_name(part) == ASSERTION for part in parts)


def keeps_failure(
    function: ast.AST,
    node: ast.Try | ast.TryStar,
    handler: ast.ExceptHandler,
    rest: Sequence[ast.stmt],
) -> bool:
    """Return whether a `try` makes something of it: in its handler, or where nothing failed.

    As in `try: assert …; except AssertionError: pass; else: pytest.fail()`. `rest` is what follows
    the assertion in the `try`. A value that is returned is for the caller to use.
    """
    return (
        _keeps(function, handler.body, [node])
        or _keeps(function, node.orelse, [node])
        or _keeps(function, rest, [node], tells_assertion=False)
    )


def _keeps(
    function: ast.AST,
    body: Sequence[ast.stmt],
    within: Sequence[ast.AST],
    *,
    tells_assertion: bool = True,
) -> bool:
    used = set(_names_used(function, within))
    nodes = [node for statement in body for node in ast.walk(statement)]
    if tells_assertion and any(isinstance(node, ast.Assert) or _judges(node) for node in nodes):
        return True
    return any(_is_kept_by(node, used) for node in nodes)


def _judges(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and last_name(node.func).lstrip("_").startswith(JUDGING)


def _is_kept_by(node: ast.AST, used: set[str]) -> bool:
    match node:
        case ast.Raise():
            return True
        case ast.Call():
            return last_name(node.func) in KEEPING
        case ast.Assign():
            return any(_is_used(target, used) for target in node.targets)
        case ast.AugAssign() | ast.AnnAssign() | ast.NamedExpr():
            return _is_used(node.target, used)
    return False


def _is_used(target: ast.expr, used: set[str]) -> bool:
    if isinstance(target, ast.Tuple | ast.List):
        return any(_is_used(each, used) for each in target.elts)
    return not isinstance(target, ast.Name) or target.id in used


def _names_used(function: ast.AST, within: Iterable[ast.AST]) -> Iterator[str]:
    """Yield the names that a function reads elsewhere.

    Not the condition of a `while`: a number of attempts tells nothing of the last one.
    """
    queue: list[ast.AST] = [function]
    while queue:
        node = queue.pop()
        if node in within:
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
        if isinstance(node, ast.Global | ast.Nonlocal):
            yield from node.names
        if isinstance(node, ast.While):
            queue += [*node.body, *node.orelse]
        else:
            queue += ast.iter_child_nodes(node)


def _loop_tells(outer: Sequence[ast.AST]) -> bool:
    """Return whether a loop around has an `else`: what is done where no attempt has passed."""
    return any(
        isinstance(node, ast.For | ast.AsyncFor | ast.While) and node.orelse for node in outer
    )


def _leaves(block: Sequence[ast.stmt]) -> bool:
    return any(isinstance(node, LEAVING) for statement in block for node in ast.walk(statement))


def last_name(node: ast.expr) -> str:
    """Return the name of a function or class without what it belongs to."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""

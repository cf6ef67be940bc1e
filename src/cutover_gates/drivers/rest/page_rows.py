"""The number of rows on a page, as the target counts them: also those that a filter leaves out.

The next offset follows from it, and so does the end of a list: a page of which the mapping takes
nothing (`items = "rows[?active]"`) is not the last one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jmespath.exceptions import JMESPathError
from jmespath.visitor import TreeInterpreter

from cutover_gates.drivers.rest.extraction import ExtractionError, compile_expression
from cutover_gates.drivers.rest.templates import is_template

_INTERPRETER = TreeInterpreter()
_FROM_LIST = ("filter_projection", "projection", "flatten", "index_expression", "or_expression")
"""Nodes of which the first child gives the list that they take from."""
_IN_TURN = ("pipe", "subexpression")
"""Nodes of which the second child goes on with what the first one gives."""
Node = Any
"""A node of the parsed expression: a table with `type` and `children`."""


def count_rows(where: str, body: Any, items: list[Any]) -> int:
    """Return the rows of a page from which `where` took `items`."""
    rows = _find_only_list(body) if is_template(where) else _find_list(where, body)
    return len(items) if rows is None else len(rows)


def _find_list(where: str, body: Any) -> list[Any] | None:
    try:
        return _search(compile_expression(where).parsed, body)
    except (ExtractionError, JMESPathError):
        return None  # a header, or another shape: then what was taken counts


def _search(node: Node, value: Any) -> list[Any] | None:
    """Return the list that a node takes from: the one that stands in the answer."""
    children = node["children"]
    found = None
    if node["type"] in _IN_TURN:
        found = _search(children[0], value)
        if found is None:
            found = _search(children[1], _INTERPRETER.visit(children[0], value))
    elif node["type"] == "index_expression" and children[1]["type"] == "index":
        pass  # one of a list, and not what the list holds
    elif node["type"] in _FROM_LIST:
        found = _search(children[0], value)
    elif node["type"] == "function_expression":
        found = next((one for one in _search_each(children, value) if one is not None), None)
    if found is None:
        own = _INTERPRETER.visit(node, value)
        found = own if isinstance(own, list) else None
    return found


def _search_each(nodes: list[Node], value: Any) -> list[list[Any] | None]:
    # An expression such as `&name` is of the entries of a list, and not of the answer.
    return [_search(node, value) for node in nodes if node["type"] != "expref"]


def _find_only_list(body: Any) -> list[Any] | None:
    """Return the body where it is a list, or the only list in it."""
    if isinstance(body, list):
        return body
    values = body.values() if isinstance(body, Mapping) else ()
    lists = [value for value in values if isinstance(value, list)]
    return lists[0] if len(lists) == 1 else None

"""How a value is read from an answer: a JMESPath into its body, `header:NAME`, `cookie:NAME`, or a
template for what comes back changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache, partial
from http.cookies import CookieError, SimpleCookie
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.visitor import TreeInterpreter

from cutover_gates.drivers.rest.templates import TemplateFault, is_template, render
from cutover_gates.hospital import Answer

_INTERPRETER = TreeInterpreter()  # it keeps nothing


class ReadFault(Exception):
    """A value cannot be read; the message says why in one line."""


@cache
def compile_expression(expression: str) -> Any:
    """The compiled JMESPath. Raises `ReadFault` when it is not one."""
    try:
        return jmespath.compile(expression)
    except JMESPathError as error:
        raise ReadFault(f"not a JMESPath: {str(error).splitlines()[0]}") from error


@cache
def _finder(expression: str) -> Callable[[Any], Any]:
    """The search itself, without what JMESPath does anew for each: to make an interpreter, and to
    ask it for the expression's kind.
    """
    tree = compile_expression(expression).parsed
    return partial(getattr(_INTERPRETER, f"visit_{tree['type']}"), tree)


def search_body(expression: str, body: Any) -> Any:
    """What `expression` finds in `body`, None when nothing is there."""
    try:
        return _finder(expression)(body)
    except JMESPathError as error:
        raise ReadFault(
            f"{expression!r} cannot be applied to what came: {str(error).splitlines()[0]}"
        ) from error


def read_value(where: str, answer: Answer, body: Any, variables: Mapping[str, Any]) -> Any:
    """The value that `where` names. `body` is the answer's JSON, or one item of the list in it."""
    kind, name = _split_source(where)
    if kind == "body":
        return search_body(where, body)
    if kind == "header":
        return answer.headers.get(name)
    if kind == "cookie":
        return _read_cookie(answer, name)
    try:
        headers = {key.lower(): value for key, value in answer.headers.items()}
        return render(where, {**variables, "body": body, "headers": headers})
    except TemplateFault as fault:
        raise ReadFault(str(fault)) from fault


@cache
def _split_source(where: str) -> tuple[str, str]:
    """header or cookie, with its name; else template or body."""
    kind, _, name = where.partition(":")
    if kind in ("header", "cookie"):
        return kind, name.strip()
    return ("template" if is_template(where) else "body"), where


def _read_cookie(answer: Answer, name: str) -> str | None:
    # Several Set-Cookie headers come joined by commas; a comma inside of a date is not followed by
    # `name=`.
    for text in re.split(r",\s*(?=[^\s;,=]+=)", answer.headers.get("set-cookie", "")):
        try:
            cookies = SimpleCookie(text)
        except CookieError:
            continue
        if name in cookies:
            return cookies[name].value
    return None

"""The mapping's templates: Jinja2 in its sandbox, where a name that is not there is an error.

A text that is one whole `{{ … }}` gives the value itself (a number stays a number, None stays
None); anything else gives text.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from typing import Any, cast
from urllib.parse import quote

from jinja2 import (
    StrictUndefined,
    Template,
    TemplateError,
    TemplateSyntaxError,
    Undefined,
    UndefinedError,
    meta,
    nodes,
)
from jinja2.environment import TemplateExpression
from jinja2.sandbox import SandboxedEnvironment

__all__ = [
    "TemplateFault",
    "attribute_names",
    "is_template",
    "render",
    "render_path",
    "render_tree",
    "variable_names",
]


class TemplateFault(Exception):
    """A template cannot be rendered; the message says why in one line."""


def _path_part(value: Any) -> str:
    """A value inside a path: one segment, whatever it holds."""
    if value is None or value == "":
        raise TemplateFault("a value in the path is empty")
    return quote(str(value), safe="")


def _to_date(text: str, form: str) -> date:
    """`{{ body.dob | to_date('%d/%m/%Y') }}`: a date written in another way."""
    return datetime.strptime(text, form).date()


_TEXT = SandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
_PATH = SandboxedEnvironment(undefined=StrictUndefined, finalize=_path_part)
_TEXT.filters["to_date"] = _PATH.filters["to_date"] = _to_date


def is_template(text: str) -> bool:
    return "{{" in text or "{%" in text


def _single_expression(text: str) -> str | None:
    """The expression, when `text` is nothing but one `{{ … }}`."""
    inner = text.strip()
    if (
        inner.startswith("{{")
        and inner.endswith("}}")
        and "{{" not in inner[2:]
        and "}}" not in inner[:-2]
    ):
        return inner[2:-2].strip()
    return None


@cache
def _expression(text: str) -> TemplateExpression:
    expression = _TEXT.compile_expression(text, undefined_to_none=False)
    _flatten(expression._template)
    return expression


@cache
def _template(text: str, in_path: bool) -> Template:
    return _flatten((_PATH if in_path else _TEXT).from_string(text))


def _flatten(template: Template) -> Template:
    """Each rendering copies the environment's names, and Jinja keeps them where that takes longer
    than the rendering.
    """
    template.globals = dict(template.globals)
    return template


def _evaluate(text: str, variables: Mapping[str, Any]) -> Any:
    whole = _single_expression(text)
    if whole is None:
        return _template(text, False).render(variables)
    value = _expression(whole)(**variables)
    if isinstance(value, Undefined):
        str(value)  # StrictUndefined says here what is missing
    return value


def render(text: str, variables: Mapping[str, Any]) -> Any:
    """The value of a template.

    Raises `TemplateFault` when a name is missing or the expression fails.
    """
    try:
        return _evaluate(text, variables) if is_template(text) else text
    except (TemplateError, TypeError, ValueError, LookupError, AttributeError) as error:
        raise TemplateFault(_describe_error(error)) from error


def render_path(text: str, variables: Mapping[str, Any]) -> str:
    """A path, in which every value is quoted to stay one segment."""
    try:
        template = _template(text, True)
        return "".join(
            template.root_render_func(template.new_context(cast(dict[str, Any], variables)))
        )
    except (TemplateError, TypeError, ValueError, LookupError, AttributeError) as error:
        raise TemplateFault(_describe_error(error)) from error


def render_tree(tree: Any, variables: Mapping[str, Any]) -> Any:
    """`render` for every text in nested tables and lists."""
    if isinstance(tree, str):
        return render(tree, variables)
    if isinstance(tree, Mapping):
        return {key: render_tree(item, variables) for key, item in tree.items()}
    if isinstance(tree, list):
        return [render_tree(item, variables) for item in tree]
    return tree


def _describe_error(error: Exception) -> str:
    if isinstance(error, UndefinedError):
        return error.message or "a name is not there"
    return f"{type(error).__name__}: {error}"


def _parse(text: str) -> nodes.Template:
    try:
        return _TEXT.parse(text)
    except TemplateSyntaxError as error:
        raise TemplateFault(f"not a template that can be read: {error.message}") from error


def variable_names(text: str) -> set[str]:
    """The variables that a template uses. Raises `TemplateFault` on a syntax error."""
    tree = _parse(text)
    whole = _single_expression(text)
    if whole is not None:
        try:
            _expression(whole)
        except TemplateError as error:
            raise TemplateFault(_describe_error(error)) from error
    return meta.find_undeclared_variables(tree)


def attribute_names(text: str) -> set[tuple[str, str]]:
    """The (variable, attribute) pairs that a template uses, as far as they can be seen in its text."""
    return {
        (node.node.name, node.attr)
        for node in _parse(text).find_all(nodes.Getattr)
        if isinstance(node.node, nodes.Name)
    }

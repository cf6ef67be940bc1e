"""What a PromQL expression reads: its selectors, and the numbers that it compares with.

`promql-parser` parses the expression (docs/decisions/0024-promql-parser.md). It belongs to the
extra `surroundings`; without it the functions raise `UnsupportedExpression`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from promql_parser import (
        AggregateExpr,
        BinaryExpr,
        Expr,
        Matcher,
        NumberLiteral,
        VectorSelector,
    )

_SIGNS: Mapping[str, str] = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}
_SET_OPERATORS = frozenset({"and", "or", "unless"})
_METRIC_NAME = "__name__"


class UnsupportedExpression(ValueError):
    """The expression cannot be parsed. The text is the reason, as a clause."""


@dataclass(frozen=True)
class PromqlSelector:
    """One selector, in one spelling: no spaces, double quotes, no empty braces.

    `name` is that of the metric; None where no label gives it exactly. `labels` are the names of
    the labels that the selector restricts.
    """

    text: str
    name: str | None
    labels: tuple[str, ...] = ()

    @property
    def any_value(self) -> str:
        """The selector of the same metric and labels, whatever their values are."""
        names = [label for label in dict.fromkeys(self.labels) if label != _METRIC_NAME]
        if not self.name:
            return self.text
        # A label that is not empty exists, whatever its value is.
        conditions = ",".join(f'{label}!=""' for label in names)
        return f"{self.name}{{{conditions}}}" if conditions else self.name


@dataclass(frozen=True)
class _ParsedExpression:
    """The nodes of an expression by their kind, in its order."""

    selectors: list[VectorSelector] = field(default_factory=list)
    numbers: list[NumberLiteral] = field(default_factory=list)
    aggregations: list[AggregateExpr] = field(default_factory=list)
    operations: list[BinaryExpr] = field(default_factory=list)


def parse_selectors(expression: str) -> Sequence[PromqlSelector]:
    """Return every selector once, in the order of the expression.

    Raises:
        UnsupportedExpression: the expression cannot be parsed.
    """
    # The same series twice is one question to Prometheus.
    return list(dict.fromkeys(map(_build_selector, _parse(expression).selectors)))


def normalize_selector(text: str) -> str:
    """Return a selector in the spelling of `PromqlSelector.text`.

    A text that is not one selector is returned without spaces.
    """
    try:
        selectors = parse_selectors(text)
    except UnsupportedExpression:
        selectors = []
    # The settings are written by hand: what cannot be parsed is compared as it is.
    return selectors[0].text if len(selectors) == 1 else "".join(text.split())


def find_numbers(expression: str) -> frozenset[float]:
    """Return the number literals, thresholds among them. Raises `UnsupportedExpression`.

    The ranges in brackets and the values of labels are not numbers.
    """
    return frozenset(node.val for node in _parse(expression).numbers)


def find_result_labels(expression: str) -> frozenset[str] | None:
    """Return the labels that a result of the expression may have; None where it may have any.

    Only aggregations with `by` remove labels for certain. Raises `UnsupportedExpression`.
    """
    parsed = _parse(expression)
    # One side of a set operator may be a series with all of its labels.
    has_set_operator = any(str(node.op) in _SET_OPERATORS for node in parsed.operations)
    removes_labels = parsed.aggregations and not any(map(_is_without, parsed.aggregations))
    if has_set_operator or not removes_labels:
        return None
    kept = (node.modifier.labels for node in parsed.aggregations if node.modifier)
    return frozenset().union(*kept)


def add_labels(selector: str, labels: str) -> str:
    """Return the selector with further labels (`job="hospital"`)."""
    # The settings may write the labels with their braces or without.
    labels = labels.strip("{}, ")
    if not labels:
        return selector
    name, brace, inner = selector.strip().partition("{")
    own = inner.rpartition("}")[0].strip(", ") if brace else ""
    return f"{name.strip()}{{{','.join(filter(None, (own, labels)))}}}"


def _parse(expression: str) -> _ParsedExpression:
    try:
        # An optional extra: checks are collected without it.
        import promql_parser
    except ImportError:
        reason = "promql-parser is not installed (extra `surroundings`)"
        raise UnsupportedExpression(reason) from None
    parsed = _ParsedExpression()
    lists: Mapping[type, list[Any]] = {
        promql_parser.VectorSelector: parsed.selectors,
        promql_parser.NumberLiteral: parsed.numbers,
        promql_parser.AggregateExpr: parsed.aggregations,
        promql_parser.BinaryExpr: parsed.operations,
    }

    def visit(node: Expr) -> None:
        # Exact types: the parser's classes are final.
        if type(node) in lists:
            lists[type(node)].append(node)

    try:
        promql_parser.walk(promql_parser.parse(expression), visit)
    except ValueError as error:
        raise UnsupportedExpression(str(error)) from None
    return parsed


def _build_selector(node: VectorSelector) -> PromqlSelector:
    matchers = node.matchers.matchers
    conditions = ",".join(map(_format_matcher, matchers))
    text = f"{node.name or ''}{{{conditions}}}" if conditions else str(node.name)
    # `{__name__="a"}` is the same as `a`.
    exact = (each.value for each in matchers if _is_exact_name(each))
    name = node.name or next(exact, None)
    return PromqlSelector(text, name, tuple(each.name for each in matchers))


def _format_matcher(matcher: Matcher) -> str:
    # Not str(matcher): it does not escape a quote in the value.
    value = json.dumps(matcher.value, ensure_ascii=False)
    return f"{matcher.name}{_sign(matcher)}{value}"


def _is_exact_name(matcher: Matcher) -> bool:
    return matcher.name == _METRIC_NAME and _sign(matcher) == "="


def _sign(matcher: Matcher) -> str:
    return _SIGNS[str(matcher.op).rpartition(".")[2]]


def _is_without(node: AggregateExpr) -> bool:
    return node.modifier is not None and str(node.modifier.type).endswith("Without")

"""What an expression of PromQL reads."""

from __future__ import annotations

import sys

import pytest

from cutover_gates.probes.observability.promql import (
    UnsupportedExpression,
    add_labels,
    find_numbers,
    find_result_labels,
    normalize_selector,
    parse_selectors,
)


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("up", ["up"]),
        ('up{job="a"} == 0', ['up{job="a"}']),
        ("sum by (job, le) (rate(x_bucket[5m])) > 0.5", ["x_bucket"]),
        ("sum(a) by (job) / on (job) group_left (team) b offset 5m", ["a", "b"]),
        ('{__name__="a", job=~"x|y"}', ['{__name__="a",job=~"x|y"}']),
        (
            (
                'histogram_quantile(0.95, sum without (instance) (rate(x_bucket{le!="+Inf"}[5m:30s]'
                " offset -1m)))"
            ),
            ['x_bucket{le!="+Inf"}'],
        ),
        ('absent(up{job="a}]"}) or vector(1) > bool 2 # and comment', ['up{job="a}]"}']),
        (
            "job:x:rate5m > 2 * job:x:rate5m_baseline and on () hour() > 7",
            ["job:x:rate5m", "job:x:rate5m_baseline"],
        ),
        ("increase(a_total[1h30m] @ end()) > 1e3", ["a_total"]),
        ("topk(3, a) unless b", ["a", "b"]),
        ("sum", ["sum"]),
        ("vector(1)", []),
        ("a{} + a", ["a"]),
        ("a{x='y',z=`r`}", ['a{x="y",z="r"}']),
        ('a{x="say \\"no\\""}', ['a{x="say \\"no\\""}']),
    ],
)
def test_every_selector_is_found(expression: str, found: list[str]) -> None:
    assert [selector.text for selector in parse_selectors(expression)] == found


@pytest.mark.parametrize(
    ("selector", "every"),
    [
        ('a{status=~"5..", job="x"}', 'a{status!="",job!=""}'),
        ("a", "a"),
        ('{__name__="a",job="x"}', 'a{job!=""}'),
        ("a{}", "a"),
        ('{job="x"}', '{job="x"}'),
    ],
)
def test_the_same_metric_with_any_values_of_its_labels(selector: str, every: str) -> None:
    assert [one.any_value for one in parse_selectors(selector)] == [every]


def test_numbers_are_neither_durations_nor_labels() -> None:
    expression = 'rate(a{status="500"}[5m]) > 0.01 or b > 1e3 and c offset 5m == 0x1f'
    assert find_numbers(expression) == {0.01, 1000.0, 31.0}
    assert find_numbers("a > -5") == {-5.0}


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("a{ x = 'y' }", 'a{x="y"}'),
        ('{job="x", __name__="a"}', '{job="x",__name__="a"}'),
        ("a{}", "a"),
        ("a{ b", "a{b"),
        ("a + b", "a+b"),
    ],
)
def test_a_selector_has_one_spelling(text: str, normal: str) -> None:
    assert normalize_selector(text) == normal


@pytest.mark.parametrize(
    ("expression", "labels"),
    [
        ("a > 1", None),
        ("sum(a) > 1", frozenset()),
        ("sum by (job, site) (a) > 1", frozenset({"job", "site"})),
        ("sum without (x) (a)", None),
        ("sum(a) or b", None),
    ],
)
def test_labels_that_a_result_may_have(expression: str, labels: frozenset[str] | None) -> None:
    assert find_result_labels(expression) == labels


@pytest.mark.parametrize(
    ("selector", "labels", "narrow"),
    [
        ("up", 'job="a"', 'up{job="a"}'),
        ('up{x="1"}', '{job="a"}', 'up{x="1",job="a"}'),
        ("up{}", 'job="a"', 'up{job="a"}'),
        ("up", "", "up"),
    ],
)
def test_a_selector_is_narrowed(selector: str, labels: str, narrow: str) -> None:
    assert add_labels(selector, labels) == narrow


@pytest.mark.parametrize("expression", ["a{", "a[5m", "sum by (job", "a ; b"])
def test_an_expression_that_cannot_be_parsed_is_reported(expression: str) -> None:
    with pytest.raises(UnsupportedExpression):
        parse_selectors(expression)


def test_without_the_parser_no_expression_is_supported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra `surroundings` may be missing; the checks then say so and are not proven."""
    monkeypatch.setitem(sys.modules, "promql_parser", None)
    with pytest.raises(UnsupportedExpression, match="surroundings"):
        parse_selectors("up")
    assert normalize_selector("up { }") == "up{}"

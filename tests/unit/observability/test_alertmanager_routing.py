"""How Alertmanager decides, held against what `amtool` and its documentation say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from cutover_gates.probes.observability.alertmanager_routing import (
    LabelMatcher,
    RouteLeaf,
    find_inhibitors,
    find_routes,
    matches_all,
    parse_api_matchers,
    parse_config_matchers,
)
from cutover_gates.probes.observability.alerts.time_intervals import contains_moment


@pytest.mark.parametrize(
    ("matcher", "labels", "holds"),
    [
        (LabelMatcher("a", "x"), {"a": "x"}, True),
        (LabelMatcher("a", "x"), {"a": "xy"}, False),
        (LabelMatcher("a", "x.*", regex=True), {"a": "xy"}, True),
        (LabelMatcher("a", "x", regex=True), {"a": "xy"}, False),
        (LabelMatcher("a", "x", equal=False), {}, True),
        (LabelMatcher("a", "", equal=True), {}, True),
        (LabelMatcher("a", "x|y", regex=True, equal=False), {"a": "y"}, False),
        (LabelMatcher("a", "(", regex=True), {"a": "y"}, True),
    ],
)
def test_a_matcher(matcher: LabelMatcher, labels: dict[str, str], holds: bool) -> None:
    assert matcher.matches(labels) is holds


@pytest.mark.parametrize(
    "table",
    [
        {"match": {"a": "x"}, "match_re": {"b": "y.*"}},
        {"matchers": ['a="x"', "b=~y.*"]},
        {"matchers": ['{a="x", b=~"y.*"}']},
        {"matchers": ['a = "x"', 'b =~ "y.*"']},
    ],
)
def test_matchers_of_every_spelling(table: dict[str, Any]) -> None:
    assert parse_config_matchers(table) == [
        LabelMatcher("a", "x"),
        LabelMatcher("b", "y.*", regex=True),
    ]


def test_matchers_of_a_silence() -> None:
    told = [
        {"name": "a", "value": "x", "isRegex": False, "isEqual": False},
        {"name": "b", "value": "y", "isRegex": True},
    ]
    assert [str(matcher) for matcher in parse_api_matchers(told)] == ['a!="x"', 'b=~"y"']
    assert matches_all(parse_api_matchers(told), {"a": "z", "b": "y"})


TREE = {
    "receiver": "all",
    "routes": [
        {
            "receiver": "pages",
            "matchers": ['severity="page"'],
            "routes": [
                {"receiver": "night", "match": {"when": "night"}, "continue": True},
                {"match": {"team": "b"}},
            ],
        },
        {"receiver": "log", "matchers": ['team=~".+"'], "continue": True},
        {"receiver": "b", "match": {"team": "b"}},
    ],
}


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        ({}, ["all"]),
        ({"severity": "page"}, ["pages"]),
        ({"severity": "page", "when": "night"}, ["night"]),
        ({"severity": "page", "when": "night", "team": "b"}, ["night", "pages"]),
        ({"team": "b"}, ["log", "b"]),
        ({"team": "c"}, ["log"]),
    ],
)
def test_a_tree_of_routes(labels: dict[str, str], receivers: list[str]) -> None:
    assert [leaf.receiver for leaf in find_routes(TREE, labels)] == receivers


def test_time_intervals_are_those_of_the_last_route() -> None:
    tree = {
        "receiver": "all",
        "mute_time_intervals": ["night"],
        "routes": [{"match": {"a": "x"}, "active_time_intervals": ["day"]}],
    }
    assert find_routes(tree, {}) == [RouteLeaf("all", ("night",))]
    assert find_routes(tree, {"a": "x"}) == [RouteLeaf("all", (), ("day",))]


@pytest.mark.parametrize(
    ("interval", "within"),
    [
        ({}, True),
        ({"times": [{"start_time": "22:00", "end_time": "24:00"}]}, True),
        (
            {"times": [{"start_time": 1320, "end_time": 1435}]},
            False,
        ),  # 22:00 to 23:55, as YAML reads them bare
        ({"times": [{"start_time": "00:00", "end_time": "23:58"}]}, False),
        ({"weekdays": ["monday:friday"]}, True),
        ({"weekdays": ["saturday", "sunday"]}, False),
        ({"weekdays": ["saturday"], "location": "Europe/Berlin"}, True),
        ({"days_of_month": ["-4:-1"]}, True),
        ({"days_of_month": ["1:26"]}, False),
        ({"months": ["november:december"], "years": ["2026"]}, True),
        ({"months": ["1:3"]}, False),
        ({"months": ["november"], "weekdays": ["monday"]}, False),
    ],
)
def test_a_time_interval(interval: dict[str, Any], within: bool) -> None:
    """At 23:58 UTC on a Friday, the 27th of November 2026."""
    assert contains_moment([interval], datetime(2026, 11, 27, 23, 58, tzinfo=UTC)) is within


@pytest.mark.parametrize(
    "interval",
    [{"location": "Nowhere/Atall"}, {"times": [{}]}, {"weekdays": ["someday"]}, {"years": 2026}],
)
def test_what_is_no_time_interval_is_said(interval: dict[str, Any]) -> None:
    with pytest.raises(ValueError):  # its words are for the sentence, and matter little  # noqa: PT011
        contains_moment([interval], datetime(2026, 11, 27, tzinfo=UTC))


def test_an_inhibition() -> None:
    """The labels in `equal` must be the same; what is missing on both sides is."""
    rules = [
        {
            "source_match": {"severity": "critical"},
            "target_match_re": {"severity": "warning|info"},
            "equal": ["site", "rack"],
        }
    ]
    active = [{"alertname": "Big", "severity": "critical", "site": "north"}]
    assert find_inhibitors(rules, {"severity": "warning", "site": "north"}, active) == active
    assert not find_inhibitors(rules, {"severity": "warning", "site": "south"}, active)
    assert not find_inhibitors(rules, {"severity": "critical", "site": "north"}, active)

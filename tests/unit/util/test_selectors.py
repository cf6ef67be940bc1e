"""Selectors mean to us what they mean to a cluster."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cutover_gates.util.kubernetes_notation import format_selector, matches_selector


def selector(
    labels: dict[str, str] | None = None, *rules: tuple[str, str, list[str] | None]
) -> Any:
    expressions = [
        SimpleNamespace(key=key, operator=operator, values=values)
        for key, operator, values in rules
    ]
    return SimpleNamespace(match_labels=labels, match_expressions=expressions or None)


@pytest.mark.parametrize(
    ("given", "labels", "found"),
    [
        (None, {"app": "a"}, False),
        (selector(), {"app": "a"}, True),
        (selector({"app": "a"}), {"app": "a", "x": "y"}, True),
        (selector({"app": "a"}), {"app": "b"}, False),
        (selector({"app": "a", "tier": "web"}), {"app": "a"}, False),
        (selector(None, ("app", "In", ["a", "b"])), {"app": "b"}, True),
        (selector(None, ("app", "In", ["a", "b"])), {}, False),
        (selector(None, ("app", "NotIn", ["a"])), {"app": "a"}, False),
        (selector(None, ("app", "NotIn", ["a"])), {}, True),
        (selector(None, ("app", "Exists", None)), {"app": ""}, True),
        (selector(None, ("app", "Exists", None)), {}, False),
        (selector(None, ("app", "DoesNotExist", None)), {}, True),
        (selector({"app": "a"}, ("app", "DoesNotExist", None)), {"app": "a"}, False),
    ],
)
def test_a_selector_finds_what_a_cluster_would_find(
    given: Any, labels: dict[str, str], found: bool
) -> None:
    assert matches_selector(given, labels) is found


def test_a_selector_is_asked_for_in_the_words_of_the_api() -> None:
    given = selector(
        {"b": "2", "a": "1"},
        ("c", "In", ["x", "y"]),
        ("d", "NotIn", ["z"]),
        ("e", "Exists", None),
        ("f", "DoesNotExist", None),
    )
    assert format_selector(given) == "a=1,b=2,c in (x,y),d notin (z),e,!f"

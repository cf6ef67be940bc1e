"""How Alertmanager decides: label matchers, the tree of routes and inhibitions.

A label that an alert does not have counts as empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Labels = Mapping[str, str]
_MATCHER_PATTERN = re.compile(
    r"""\s*(?P<name>[^\s=!~"']+)\s*(?P<sign>=~|!~|!=|=)"""
    r"""\s*(?P<value>"(?:\\.|[^"\\])*"|[^,"]*?)\s*(?:,|$)"""
)
_SIGNS = {(False, True): "=", (False, False): "!=", (True, True): "=~", (True, False): "!~"}
"""The sign of a matcher by `regex` and `equal`."""


@dataclass(frozen=True)
class LabelMatcher:
    """One condition on one label. A regular expression must match the whole value."""

    name: str
    value: str
    regex: bool = False
    equal: bool = True

    def matches(self, labels: Labels) -> bool:
        """Return whether the condition holds for these labels."""
        value = labels.get(self.name, "")
        if not self.regex:
            return (value == self.value) is self.equal
        try:
            return (re.fullmatch(self.value, value) is not None) is self.equal
        except re.error:
            # Go's expressions are nearly Python's. One that Python does not know counts as a match,
            # so that a silence with it is reported and not passed over.
            return True

    def __str__(self) -> str:
        return f'{self.name}{_SIGNS[self.regex, self.equal]}"{self.value}"'


def matches_all(matchers: Iterable[LabelMatcher], labels: Labels) -> bool:
    """Return whether every matcher holds for these labels."""
    return all(matcher.matches(labels) for matcher in matchers)


def parse_api_matchers(entries: Iterable[Mapping[str, Any]]) -> list[LabelMatcher]:
    """Return the matchers of a silence, as the API gives them."""
    return [
        LabelMatcher(
            str(entry["name"]),
            str(entry["value"]),
            bool(entry.get("isRegex")),
            bool(entry.get("isEqual", True)),
        )
        for entry in entries
    ]


def parse_config_matchers(table: Mapping[str, Any], prefix: str = "") -> list[LabelMatcher]:
    """Return the matchers of a route (`match`, `match_re`, `matchers`).

    With the prefix `source_` or `target_`, those of one side of an inhibition.
    """
    plain = table.get(f"{prefix}match") or {}
    regular = table.get(f"{prefix}match_re") or {}
    texts = table.get(f"{prefix}matchers") or []
    # Both a list and one text are valid.
    if isinstance(texts, str):
        texts = [texts]
    matchers = [LabelMatcher(str(name), str(value)) for name, value in plain.items()]
    matchers += [LabelMatcher(str(name), str(value), regex=True) for name, value in regular.items()]
    for text in texts:
        matchers += parse_matchers(str(text))
    return matchers


def parse_matchers(text: str) -> Iterator[LabelMatcher]:
    """Yield the matchers of a text such as `a="b", c=~"d"`, with or without braces.

    Alertmanager and PromQL write them this way.
    """
    inner = text.strip().removeprefix("{").removesuffix("}")
    for match in _MATCHER_PATTERN.finditer(inner):
        value, sign = match["value"], match["sign"]
        # Only quoted values have escapes.
        if value.startswith('"'):
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        yield LabelMatcher(match["name"], value, regex="~" in sign, equal="!" not in sign)


@dataclass(frozen=True)
class RouteLeaf:
    """A route at which an alert ends: its receiver, and the names of its time intervals.

    It sends nothing within the intervals in `mute`, and nothing outside of those in `active`.
    """

    receiver: str
    mute: tuple[str, ...] = ()
    active: tuple[str, ...] = ()


def find_routes(
    route: Mapping[str, Any], labels: Labels, inherited: str = ""
) -> Sequence[RouteLeaf]:
    """Return the routes at which an alert with these labels ends.

    The root takes every alert. A route without a receiver has its parent's (`inherited`); time
    intervals are not inherited.
    """
    # Alertmanager refuses a root without a receiver, so it is empty in tests only.
    receiver = str(route.get("receiver") or inherited)
    leaves: list[RouteLeaf] = []
    for child in route.get("routes") or ():
        if matches_all(parse_config_matchers(child), labels):
            leaves += find_routes(child, labels, receiver)
            # Only `continue` lets the alert go on to the next sibling.
            if not child.get("continue"):
                break
    if leaves:
        return leaves
    mute, active = (route.get(f"{kind}_time_intervals") or () for kind in ("mute", "active"))
    return [RouteLeaf(receiver, tuple(map(str, mute)), tuple(map(str, active)))]


def find_inhibitors(
    rules: Iterable[Mapping[str, Any]], labels: Labels, active: Iterable[Labels]
) -> Sequence[Labels]:
    """Return the active alerts that keep an alert with these labels from being sent now."""
    alerts = list(active)
    return [other for rule in rules for other in alerts if _inhibits(rule, other, labels)]


def _inhibits(rule: Mapping[str, Any], source: Labels, target: Labels) -> bool:
    source_matchers = parse_config_matchers(rule, "source_")
    target_matchers = parse_config_matchers(rule, "target_")
    if not matches_all(target_matchers, target) or not matches_all(source_matchers, source):
        return False
    # A label that neither alert has counts as equal.
    equal = rule.get("equal") or ()
    if any(source.get(name, "") != target.get(name, "") for name in equal):
        return False
    # Alertmanager: two alerts that match both sides do not inhibit each other.
    return not (matches_all(source_matchers, target) and matches_all(target_matchers, source))

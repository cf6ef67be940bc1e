"""How Alertmanager decides: matchers, the tree of routes, silences and inhibitions.

Labels that an alert does not have count as empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Labels = Mapping[str, str]
_MATCHER_PATTERN = re.compile(
    r"""\s*(?P<name>[^\s=!~"']+)\s*(?P<sign>=~|!~|!=|=)\s*(?P<value>"(?:\\.|[^"\\])*"|[^,"]*?)\s*(?:,|$)"""
)


@dataclass(frozen=True)
class LabelMatcher:
    """One condition on one label. A regular expression holds for the whole value."""

    name: str
    value: str
    regex: bool = False
    equal: bool = True

    def matches(self, labels: Labels) -> bool:
        has = labels.get(self.name, "")
        try:
            same = re.fullmatch(self.value, has) is not None if self.regex else has == self.value
        except re.error:  # Go's expressions are nearly Python's; one that is not is taken to match, so that it is named and not passed over
            return True
        return same is self.equal

    def __str__(self) -> str:
        sign = {(False, True): "=", (False, False): "!=", (True, True): "=~", (True, False): "!~"}[
            self.regex, self.equal
        ]
        return f'{self.name}{sign}"{self.value}"'


def matches_all(matchers: Iterable[LabelMatcher], labels: Labels) -> bool:
    return all(matcher.matches(labels) for matcher in matchers)


def parse_api_matchers(told: Iterable[Mapping[str, Any]]) -> list[LabelMatcher]:
    """Those of a silence, as the API gives them."""
    return [
        LabelMatcher(
            str(one["name"]),
            str(one["value"]),
            bool(one.get("isRegex")),
            bool(one.get("isEqual", True)),
        )
        for one in told
    ]


def parse_config_matchers(table: Mapping[str, Any], before: str = "") -> list[LabelMatcher]:
    """Those of a route (`match`, `match_re`, `matchers`) or of one side of an inhibition (`before`
    is `source_` or `target_`).
    """
    plain = [
        LabelMatcher(str(name), str(value))
        for name, value in (table.get(f"{before}match") or {}).items()
    ]
    regular = [
        LabelMatcher(str(name), str(value), regex=True)
        for name, value in (table.get(f"{before}match_re") or {}).items()
    ]
    written = table.get(f"{before}matchers") or []
    return [
        *plain,
        *regular,
        *(
            matcher
            for text in ([written] if isinstance(written, str) else written)
            for matcher in parse_matchers(str(text))
        ),
    ]


def parse_matchers(text: str) -> Iterator[LabelMatcher]:
    """`a="b"`, or several with commas between them, with or without braces: as Alertmanager and
    PromQL write them.
    """
    for found in _MATCHER_PATTERN.finditer(text.strip().removeprefix("{").removesuffix("}")):
        value, sign = found["value"], found["sign"]
        if value.startswith('"'):
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        yield LabelMatcher(found["name"], value, regex="~" in sign, equal="!" not in sign)


@dataclass(frozen=True)
class RouteLeaf:
    """A route at which an alert ends: its receiver, and the names of the time intervals in which it
    is mute, or alone is not.
    """

    receiver: str
    mute: tuple[str, ...] = ()
    active: tuple[str, ...] = ()


def find_routes(route: Mapping[str, Any], labels: Labels, above: str = "") -> Sequence[RouteLeaf]:
    """Where a tree of routes leads an alert.

    The root takes everything; a receiver is inherited, time intervals are not.
    """
    own = str(route.get("receiver") or above)
    found: list[RouteLeaf] = []
    for child in route.get("routes") or ():
        if matches_all(parse_config_matchers(child), labels):
            found += find_routes(child, labels, own)
            if not child.get("continue"):
                break
    intervals = (
        tuple(map(str, route.get(f"{kind}_time_intervals") or ())) for kind in ("mute", "active")
    )
    return found or [RouteLeaf(own, *intervals)]


def find_inhibitors(
    rules: Iterable[Mapping[str, Any]], labels: Labels, active: Iterable[Labels]
) -> Sequence[Labels]:
    """The active alerts that now keep an alert with these labels from being sent."""
    found = []
    for rule in rules:
        if not matches_all(parse_config_matchers(rule, "target_"), labels):
            continue
        for other in active:
            if (
                matches_all(parse_config_matchers(rule, "source_"), other)
                and all(
                    other.get(name, "") == labels.get(name, "") for name in rule.get("equal") or ()
                )
                and not (
                    matches_all(parse_config_matchers(rule, "source_"), labels)
                    and matches_all(parse_config_matchers(rule, "target_"), other)
                )
            ):
                found.append(other)
    return found

"""How Alertmanager decides: matchers, the tree of routes, silences and inhibitions.

Labels that an alert does not have count as empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Labels = Mapping[str, str]
_WRITTEN = re.compile(
    r"""\s*(?P<name>[^\s=!~"']+)\s*(?P<sign>=~|!~|!=|=)\s*(?P<value>"(?:\\.|[^"\\])*"|[^,"]*?)\s*(?:,|$)"""
)


@dataclass(frozen=True)
class Matcher:
    """One condition on one label. A regular expression holds for the whole value."""

    name: str
    value: str
    regex: bool = False
    equal: bool = True

    def holds(self, labels: Labels) -> bool:
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


def all_hold(matchers: Iterable[Matcher], labels: Labels) -> bool:
    return all(matcher.holds(labels) for matcher in matchers)


def of_api(told: Iterable[Mapping[str, Any]]) -> list[Matcher]:
    """Those of a silence, as the API gives them."""
    return [
        Matcher(
            str(one["name"]),
            str(one["value"]),
            bool(one.get("isRegex")),
            bool(one.get("isEqual", True)),
        )
        for one in told
    ]


def of_config(table: Mapping[str, Any], before: str = "") -> list[Matcher]:
    """Those of a route (`match`, `match_re`, `matchers`) or of one side of an inhibition (`before`
    is `source_` or `target_`).
    """
    plain = [
        Matcher(str(name), str(value))
        for name, value in (table.get(f"{before}match") or {}).items()
    ]
    regular = [
        Matcher(str(name), str(value), regex=True)
        for name, value in (table.get(f"{before}match_re") or {}).items()
    ]
    written = table.get(f"{before}matchers") or []
    return [
        *plain,
        *regular,
        *(
            matcher
            for text in ([written] if isinstance(written, str) else written)
            for matcher in of_text(str(text))
        ),
    ]


def of_text(text: str) -> Iterator[Matcher]:
    """`a="b"`, or several with commas between them, with or without braces: as Alertmanager and
    PromQL write them.
    """
    for found in _WRITTEN.finditer(text.strip().removeprefix("{").removesuffix("}")):
        value, sign = found["value"], found["sign"]
        if value.startswith('"'):
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        yield Matcher(found["name"], value, regex="~" in sign, equal="!" not in sign)


@dataclass(frozen=True)
class Leaf:
    """A route at which an alert ends: its receiver, and the names of the time intervals in which it
    is mute, or alone is not.
    """

    receiver: str
    mute: tuple[str, ...] = ()
    active: tuple[str, ...] = ()


def leaves_of(route: Mapping[str, Any], labels: Labels, above: str = "") -> Sequence[Leaf]:
    """Where a tree of routes leads an alert.

    The root takes everything; a receiver is inherited, time intervals are not.
    """
    own = str(route.get("receiver") or above)
    found: list[Leaf] = []
    for child in route.get("routes") or ():
        if all_hold(of_config(child), labels):
            found += leaves_of(child, labels, own)
            if not child.get("continue"):
                break
    intervals = (
        tuple(map(str, route.get(f"{kind}_time_intervals") or ())) for kind in ("mute", "active")
    )
    return found or [Leaf(own, *intervals)]


def inhibiting(
    rules: Iterable[Mapping[str, Any]], labels: Labels, active: Iterable[Labels]
) -> Sequence[Labels]:
    """The active alerts that now keep an alert with these labels from being sent."""
    found = []
    for rule in rules:
        if not all_hold(of_config(rule, "target_"), labels):
            continue
        for other in active:
            if (
                all_hold(of_config(rule, "source_"), other)
                and all(
                    other.get(name, "") == labels.get(name, "") for name in rule.get("equal") or ()
                )
                and not (
                    all_hold(of_config(rule, "source_"), labels)
                    and all_hold(of_config(rule, "target_"), other)
                )
            ):
                found.append(other)
    return found

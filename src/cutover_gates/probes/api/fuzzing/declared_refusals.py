"""The answers by which a target is declared to refuse who is not signed in.

The mapping says it (`refusals.unauthenticated`): HTTP 400 with a word in its body, for example. In
the run's process there is no driver, so the rules go there as plain values.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from cutover_gates.drivers.rest.extraction import ExtractionError, search_body
from cutover_gates.hospital import RefusalRule

UNAUTHENTICATED = 401
REFUSED_MARK = " (refused)"
"""Stands behind a status in the count of statuses, where the answer is such a refusal."""


@dataclass(frozen=True)
class DeclaredRefusals:
    """The rules. 401 is such a refusal on every target."""

    rules: tuple[RefusalRule, ...] = ()

    @classmethod
    def from_plain(cls, plain: Iterable[Iterable[object]]) -> DeclaredRefusals:
        """Return the refusals of the lists that `dataclasses.astuple` made of the rules."""
        rules = []
        for status, where, text in plain:
            statuses = tuple(status) if isinstance(status, list | tuple) else ()
            rules.append(RefusalRule(statuses, str(where), str(text)))
        return cls(tuple(rules))

    def includes(self, status: int, content: bytes) -> bool:
        """Return whether an answer is such a refusal. A success by its status may be one, too."""
        if status == UNAUTHENTICATED:
            return True
        return any(_matches(rule, status, content) for rule in self.rules)

    def describe_status(self, status: int, content: bytes) -> str:
        """Return a status as it is counted."""
        is_declared = status != UNAUTHENTICATED and self.includes(status, content)
        return f"{status}{REFUSED_MARK if is_declared else ''}"


def _matches(rule: RefusalRule, status: int, content: bytes) -> bool:
    if rule.statuses and status not in rule.statuses:
        return False
    if rule.text and rule.text not in content.decode(errors="replace"):
        return False
    return not rule.where or _holds(rule.where, content)


def _holds(where: str, content: bytes) -> bool:
    try:
        return bool(search_body(where, json.loads(content)))
    except (ValueError, ExtractionError):
        return False  # a body of another shape is not this refusal

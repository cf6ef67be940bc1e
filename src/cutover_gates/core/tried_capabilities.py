"""What checks saw of the capabilities that a target is declared not to have.

A check tries such a capability all the same and keeps an observation of it. From these follow the
note about a declaration that is not true any more, and the count of what a gate left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from cutover_gates.core.verdict import CheckResult, Outcome

TITLE = "a capability that is declared absent, or otherwise, was tried"
"""The title of the observation. Its facts are `capability`, and `works`: true or false."""


def find_missing(result: CheckResult) -> frozenset[str]:
    """Return the declared capabilities without which a check went on, and asked less."""
    return frozenset(name for name, works in _trials(result.evidence) if not works)


def find_working(results: Iterable[CheckResult]) -> dict[str, str]:
    """Return the capabilities that work after all, each with a check that found it so.

    Each check that tried it must have found so, and have come to its end.
    """
    working: dict[str, str] = {}
    missing: set[str] = set()
    for result in results:
        for name, works in _trials(result.evidence):
            if works and result.outcome is Outcome.PASSED:
                working.setdefault(name, result.check)
            else:
                missing.add(name)
    return {name: check for name, check in working.items() if name not in missing}


def _trials(evidence: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, bool]]:
    for entry in evidence:
        facts = entry.get("facts")
        if entry.get("title") == TITLE and isinstance(facts, Mapping):
            yield str(facts.get("capability")), facts.get("works") is True

"""How the checks ended that were run on a fault: a gate's verdict, or the results of single checks.

Both answer the same questions, so that one judge can read them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from cutover_gates.core.findings import NotProven, Rule
from tests.calibration import current_factor
from tests.findings import values_of


class Results(Protocol):
    """The outcomes of the items of a gate, or of single checks, by name."""

    @property
    def names(self) -> Collection[str]: ...

    @property
    def holds(self) -> tuple[str, ...]:
        """Return what makes the whole run no proof, whatever its items say."""

    def outcome(self, name: str) -> str:
        """Return the outcome, such as "passed", "failed" or "not proven"."""

    def message(self, name: str) -> str:
        """Return what is said of it, for a person."""

    def checks_of(self, name: str) -> Mapping[str, str]:
        """Return the outcome of each of its checks."""

    def values_of(self, name: str, *rules: Rule) -> list[str]:
        """Return its findings and gaps of these rules, as "subject | expected | actual |"."""

    def find_general_problems(self, seconds: float) -> list[str]:
        """Return what is wrong with the run as a whole, where it may take `seconds`."""


@dataclass(frozen=True)
class Verdict:
    """A gate's verdict, its exit status and its output. The names are those of the plan's items."""

    status: int
    word: str
    seconds: float
    items: Mapping[str, Mapping[str, Any]]
    output: str
    holds: tuple[str, ...] = field(default=(), kw_only=True)
    declared: tuple[str, ...] = field(default=(), kw_only=True)
    """The names of the declared facts for which something was left out."""

    @property
    def names(self) -> Collection[str]:
        return self.items.keys()

    def outcome(self, item: str) -> str:
        return str(self.items[item]["outcome"])

    def message(self, item: str) -> str:
        """Return what the verdict says of the item and of its checks that did not pass."""
        found = self.items[item]
        open_checks = [check for check in found["checks"] if check["outcome"] != "passed"]
        return " | ".join(str(part.get("why", "")) for part in (found, *open_checks))

    def checks_of(self, item: str) -> Mapping[str, str]:
        return {check["check"]: check["outcome"] for check in self.items[item]["checks"]}

    def failed_checks(self, item: str) -> list[str]:
        """Return the item's checks that found something."""
        return [check for check, outcome in self.checks_of(item).items() if outcome == "failed"]

    def values_of(self, item: str, *rules: Rule) -> list[str]:
        ids = {rule.id for rule in rules}
        return [
            f"{finding['subject']} | {finding['expected']} | {finding['actual']} |"
            for check in self.items[item]["checks"]
            for finding in check["findings"]
            if finding["rule"] in ids
        ]

    @property
    def checks(self) -> Mapping[str, str]:
        """Return the outcome of every check."""
        return {
            check: outcome for item in self.items for check, outcome in self.checks_of(item).items()
        }

    def find_general_problems(self, seconds: float) -> list[str]:
        """Return why this is no NO-GO in time. The limit is scaled to the machine."""
        problems = []
        if self.word != "NO-GO" or self.status == 0:
            problems.append(f"the gate said {self.word}, with exit status {self.status}")
        allowed = seconds * current_factor()
        if self.seconds > allowed:
            problems.append(f"it took {self.seconds:.1f} s, and may take {allowed:g}")
        return problems


@dataclass(frozen=True)
class CheckResult:
    """How a check ended: "passed", "failed" or "not proven", and the error that says why."""

    word: str
    error: Exception | None = None

    @property
    def why(self) -> str:
        """Return the error's text."""
        return str(self.error or "")


@dataclass(frozen=True)
class CheckResults:
    """The results of checks that were called one by one. The names are those of the checks."""

    by_check: Mapping[str, CheckResult]
    holds: tuple[str, ...] = field(default=(), kw_only=True)

    @property
    def names(self) -> Collection[str]:
        return self.by_check.keys()

    def outcome(self, check: str) -> str:
        return self.by_check[check].word

    def message(self, check: str) -> str:
        return self.by_check[check].why

    def checks_of(self, check: str) -> Mapping[str, str]:
        return {check: self.outcome(check)}

    def values_of(self, check: str, *rules: Rule) -> list[str]:
        error = self.by_check[check].error
        if error is None:
            return []
        return [values for rule in rules for values in values_of(error, rule)]

    def find_general_problems(self, seconds: float) -> list[str]:
        """Return nothing: checks that are called one by one make no run as a whole."""
        return []


def run_check(check: Callable[..., None], fixtures: Mapping[str, Any]) -> CheckResult:
    """Return how one check ends with these fixtures."""
    try:
        check(**{name: fixtures[name] for name in inspect.signature(check).parameters})
    except AssertionError as error:
        return CheckResult("failed", error)
    except NotProven as error:
        return CheckResult("not proven", error)
    return CheckResult("passed")

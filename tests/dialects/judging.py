"""When a fault in a dialect counts as caught: as on the reference (`tests.faults.judging`), but for
what a dialect does not offer.
"""

from __future__ import annotations

from dataclasses import replace

from tests.dialects.dialect import Caught
from tests.faults import judge
from tests.faults.gate_runs import Verdict
from tests.faults.judge import FUNCTIONAL

__all__ = ["FUNCTIONAL", "find_problems", "not_passed"]


def find_problems(fault: Caught, verdict: Verdict) -> list[str]:
    """Why this verdict does not do for the fault, a sentence each.

    None: its item has caught it, and nothing else is blamed.
    """
    return judge.find_problems(fault, _offered(verdict))


def not_passed(verdict: Verdict) -> dict[str, str]:
    """The functional items that are not passed, with what they are."""
    return {item: verdict.outcome(item) for item in FUNCTIONAL if verdict.outcome(item) != "passed"}


def _offered(verdict: Verdict) -> Verdict:
    """The verdict without the checks that are not applicable here."""
    items = {
        name: {
            **item,
            "checks": [check for check in item["checks"] if check["outcome"] != "not applicable"],
        }
        for name, item in verdict.items.items()
    }
    return replace(verdict, items=items)

"""The judge of a fault in a dialect.

It is the judge of the reference (`tests.faults.judge`), without the checks of operations that a
dialect does not offer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from tests.dialects.dialect import Caught
from tests.faults import judge
from tests.faults.functional.functional_fault import FunctionalFault
from tests.faults.judge import FUNCTIONAL
from tests.faults.results import Verdict

__all__ = ["FUNCTIONAL", "find_problems", "not_passed"]


def find_problems(fault: Caught, verdict: Verdict, files: Collection[str] = ()) -> list[str]:
    """Return why this verdict does not do for the fault, a sentence each.

    Empty: its item has caught it, and nothing else is blamed.
    """
    if fault.item not in FUNCTIONAL:
        return _find_problems_of_one_item(fault, verdict)
    return judge.find_problems(_as_functional_fault(fault), _offered(verdict), files)


def _find_problems_of_one_item(fault: Caught, verdict: Verdict) -> list[str]:
    """Return why this verdict does not do, where only the checks of the fault's item were run."""
    problems = verdict.find_general_problems(fault.seconds)
    if verdict.outcome(fault.item) != "failed":
        problems.append(f"{fault.item} is {verdict.outcome(fault.item)}")
    return problems


def not_passed(verdict: Verdict) -> dict[str, str]:
    """Return the functional items that are not passed, with what they are."""
    return {item: verdict.outcome(item) for item in FUNCTIONAL if verdict.outcome(item) != "passed"}


def _as_functional_fault(fault: type[Any]) -> type[FunctionalFault]:
    """Return a fault of the reference's kind.

    A dialect's server may import nothing of ours, so its own faults only have the same attributes.
    """
    if issubclass(fault, FunctionalFault):
        return fault
    attributes = {name: getattr(fault, name) for name in ("item", "also", "seconds", "__doc__")}
    attributes["perhaps"] = getattr(fault, "perhaps", {})
    return type(fault.__name__, (FunctionalFault,), attributes)


def _offered(verdict: Verdict) -> Verdict:
    """Return the verdict without the checks that are not applicable here."""
    items = {name: _without_inapplicable(item) for name, item in verdict.items.items()}
    return replace(verdict, items=items)


def _without_inapplicable(item: Mapping[str, Any]) -> dict[str, Any]:
    checks = [check for check in item["checks"] if check["outcome"] != "not applicable"]
    return {**item, "checks": checks}

"""When a fault counts as caught. What is asked of a verdict, in one place."""

from __future__ import annotations

from cutover_gates.core.plan_file import load_plan
from tests.faults.fault import EVERYTHING, Fault
from tests.faults.gate_runs import Verdict
from tests.shipped_plan import PLAN_FILE

PLAN = load_plan(PLAN_FILE)
FUNCTIONAL = (*PLAN.item("critical-features").rests_on, "health-checks")
"""The items that the functional checks prove.

What rests on them (`functional-testing`) follows from them.
"""
STORY = "critical-paths"
"""Goes through all rooms in one story, so it may stumble over whatever is wrong in one of them."""


def find_problems(fault: type[Fault], verdict: Verdict) -> list[str]:
    """Why this verdict does not do for this fault, a sentence each.

    None: it is caught, by its own item, and nothing else is blamed.

    - The gate says NO-GO, with an exit status that says so, in time.
    - The named item has a check that found something. (Where nothing of the hospital can be used,
      it is enough that it is not passed.)
    - Every other functional item is passed; but for the story, for what the fault says in `also`,
      and for an item that shares with the
      named one every check that did not pass.
    """
    wrong = (
        []
        if verdict.word == "NO-GO" and verdict.status != 0
        else [f"the gate said {verdict.word}, with exit status {verdict.status}"]
    )
    if verdict.seconds > fault.seconds:
        wrong.append(f"it took {verdict.seconds:.1f} s, and may take {fault.seconds:g}")
    if fault.also is EVERYTHING:
        return wrong + (
            [f"{fault.item} is passed"] if verdict.outcome(fault.item) == "passed" else []
        )
    if not verdict.failed_checks(fault.item):
        wrong.append(
            f"no check of {fault.item} found anything (the item is {verdict.outcome(fault.item)})"
        )
    wrong += [
        f"{item} was blamed, by {', '.join(verdict.not_passed(item))}"
        for item in find_wrongly_blamed_items(fault, verdict)
    ]
    wrong += [
        f"`also` names {item}, which is passed"
        for item in fault.also
        if verdict.outcome(item) == "passed"
    ]
    return wrong


def find_wrongly_blamed_items(fault: type[Fault], verdict: Verdict) -> list[str]:
    """The items that should have passed."""
    own = set(verdict.checks_of(fault.item))
    return [
        item
        for item in FUNCTIONAL
        if item not in (fault.item, STORY, *fault.also)
        and verdict.outcome(item) != "passed"
        and not (verdict.not_passed(item) and own.issuperset(verdict.not_passed(item)))
    ]

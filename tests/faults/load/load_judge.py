"""When a fault under load counts as caught."""

from __future__ import annotations

from cutover_gates.probes.load.model import ALL_CERTAIN
from tests.faults.data.data_judge import item_messages
from tests.faults.load.gate_on_fault import GateResult
from tests.faults.load.load_fault import LoadFault

FOLLOWS = frozenset({"performance-validation"})
"""Items that only rest on others."""


def find_problems(fault: type[LoadFault], found: GateResult) -> list[str]:
    """Why this verdict does not do for this fault, a sentence each.

    None: it is caught, by its own item, and nothing else is blamed.

    - The gate says NO-GO, with an exit status that says so, in time. Its named item comes to what
      the fault says, and says what is wrong.
    - The load stops in time.
    - No other item has found anything. It may be not proven only where the run had to end before
      everything was certain: then it says so itself.
    """
    verdict = found.verdict
    wrong = (
        []
        if verdict.word == "NO-GO" and verdict.status != 0
        else [f"the gate said {verdict.word}, with exit status {verdict.status}"]
    )
    if (outcome := verdict.outcome(fault.item)) != fault.outcome:
        wrong.append(f"{fault.item} is {outcome}: {item_messages(verdict, fault.item)}")
    elif not any(fault.shows in values for values in verdict.values_of(fault.item, *fault.breaks)):
        names = " or ".join(rule.id for rule in fault.breaks)
        wrong.append(
            f"{fault.item} has no finding of {names} that shows {fault.shows!r}:"
            f" {item_messages(verdict, fault.item)}"
        )
    if (lasted := lasted_for(found)) > fault.stops_within:
        wrong.append(f"the load went on for {lasted:.0f} s, and may for {fault.stops_within:g}")
    allowed = (
        {"passed", "not proven"}
        if fault.outcome == "not proven" or ended_early(found)
        else {"passed"}
    )
    for item in verdict.items.keys() - {fault.item, *fault.also, *fault.perhaps} - FOLLOWS:
        if verdict.outcome(item) not in allowed:
            wrong.append(
                f"{item} was blamed ({verdict.outcome(item)}): {item_messages(verdict, item)}"
            )
    wrong += [
        f"`also` names {item}, which is passed"
        for item in fault.also
        if verdict.outcome(item) == "passed"
    ]
    return wrong + (
        ["a run that is no good one became the baseline"]
        if fault.gate == "t1" and found.recorded
        else []
    )


def ended_early(found: GateResult) -> bool:
    """Whether the run ended before everything was certain: because one thing was, for safety, or
    because its time was over.
    """
    return found.load.get("end_reason") != ALL_CERTAIN


def lasted_for(found: GateResult) -> float:
    """Seconds from the start of the load to its last request."""
    *_, (last, *_) = found.load.get("series") or [[0.0]]
    return float(last)

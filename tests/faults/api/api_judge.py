"""When a fault of the API against its document counts as caught."""

from __future__ import annotations

from tests.faults.api.api_fault import ApiFault
from tests.faults.data.data_judge import item_messages
from tests.faults.gate_runs import Verdict


def find_problems(fault: type[ApiFault], verdict: Verdict) -> list[str]:
    """Why this verdict does not do for this fault, a sentence each.

    None: it is caught, by its own item, and nothing else is blamed.

    - The gate says NO-GO, with an exit status that says so. Its named item comes to what the fault
      says, and says what is wrong.
    - Every other item of the suite is passed, but for what the fault names in `also`.
    """
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
    wrong += [
        f"{item} was blamed ({verdict.outcome(item)}): {item_messages(verdict, item)}"
        for item in verdict.items.keys() - {fault.item, *fault.also}
        if verdict.outcome(item) != "passed"
    ]
    return wrong + [
        f"`also` names {item}, which is passed"
        for item in fault.also
        if verdict.outcome(item) == "passed"
    ]

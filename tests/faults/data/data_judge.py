"""When a fault of the data counts as caught."""

from __future__ import annotations

from tests.faults.data.data_fault import DataFault
from tests.faults.gate_runs import Verdict

FOLLOWS = frozenset({"data-validation"})
"""Items that only rest on others."""
NO_DEFECT = frozenset({"passed", "waived", "not applicable"})


def find_problems(fault: type[DataFault], verdict: Verdict) -> list[str]:
    """Why this verdict does not do for this fault, a sentence each.

    None: it is caught, by its own item, and nothing else is blamed.
    """
    wrong = (
        []
        if verdict.word == "NO-GO" and verdict.status != 0
        else [f"the gate said {verdict.word}, with exit status {verdict.status}"]
    )
    if (outcome := verdict.outcome(fault.item)) != fault.outcome:
        wrong.append(f"{fault.item} is {outcome}: {item_messages(verdict, fault.item)}")
    elif fault.says.lower() not in item_messages(verdict, fault.item).lower():
        wrong.append(
            f"{fault.item} does not say {fault.says!r}: {item_messages(verdict, fault.item)}"
        )
    for item in verdict.items.keys() - {fault.item, *fault.also} - FOLLOWS:
        if verdict.outcome(item) not in NO_DEFECT:
            wrong.append(
                f"{item} was blamed ({verdict.outcome(item)}): {item_messages(verdict, item)}"
            )
    wrong += [
        f"`also` names {item}, which is passed"
        for item in fault.also
        if verdict.items.get(item) and verdict.outcome(item) == "passed"
    ]
    return wrong


def item_messages(verdict: Verdict, item: str) -> str:
    """What is said of the item and of its checks."""
    found = verdict.items[item]
    return " | ".join(
        [
            str(found.get("why", "")),
            *(
                str(check.get("why", ""))
                for check in found["checks"]
                if check["outcome"] != "passed"
            ),
        ]
    )

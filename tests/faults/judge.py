"""The judge of all faults: when a fault counts as caught."""

from __future__ import annotations

from collections.abc import Collection

from cutover_gates.core.plan_file import load_plan
from tests.faults.fault import EVERYTHING, Fault
from tests.faults.functional.functional_fault import FunctionalFault
from tests.faults.results import Results
from tests.shipped_plan import PLAN_FILE

PLAN = load_plan(PLAN_FILE)
FUNCTIONAL = (*PLAN.item("critical-features").rests_on, "health-checks")
"""The items that the functional checks prove.

What rests on them (`functional-testing`) follows from them.
"""


FOUND = ("failed", "error")


def find_problems(fault: type[Fault], results: Results, files: Collection[str] = ()) -> list[str]:
    """Return why these results do not count as catching this fault, a sentence each.

    `files`: only these were asked, so what is proven elsewhere is nobody's.

    Empty: its own item (or check) caught it, and nothing else is blamed.

    - A gate says NO-GO, with an exit status that says so, in time.
    - The named item comes to the fault's `outcome`, for a rule that the fault breaks.
    - Every other item is passed, but for those in `also`, `perhaps` and `follows`.
    - What `also` names did fail: an excuse that is not needed is an error.
    """
    return [
        *results.find_general_problems(fault.seconds),
        *fault.find_own_problems(results),
        *(_find_strangers(fault, results) if files else _find_wrongly_blamed(fault, results)),
        *([] if files else _find_needless_excuses(fault, results)),
        *fault.find_more_problems(results),
    ]


def _find_wrongly_blamed(fault: type[Fault], results: Results) -> list[str]:
    """Return the items, or checks, that should have passed."""
    if fault.also is EVERYTHING:
        return []
    excused = fault.excused_names()
    return [
        f"{name} was blamed ({results.outcome(name)}): {results.message(name)}"
        for name in _judged_names(fault, results)
        if name not in excused and not fault.is_innocent(results, name)
    ]


def _find_strangers(fault: type[Fault], results: Results) -> list[str]:
    """Return the checks that found something, and are of no item that may fail."""
    if fault.also is EVERYTHING:
        return []
    own = {
        check
        for name in fault.excused_names() & {*results.names}
        for check in results.checks_of(name)
    }
    return [
        f"{check} of {name} was blamed ({outcome}): {results.message(name)}"
        for name in sorted(results.names)
        for check, outcome in results.checks_of(name).items()
        if outcome in FOUND and check not in own
    ]


def _judged_names(fault: type[Fault], results: Results) -> Collection[str]:
    """Return the names that a fault may not harm.

    A gate of functions is run on a part of its suites, so other items of it are not proven anyway.
    """
    return FUNCTIONAL if issubclass(fault, FunctionalFault) else sorted(results.names)


def _find_needless_excuses(fault: type[Fault], results: Results) -> list[str]:
    return [
        f"`also` names {name}, which is passed"
        for name in fault.also
        if name in results.names and results.outcome(name) == "passed"
    ]

"""What a target itself says it has not excuses single checks, and never a whole item: a release
that lost its visits would be none the worse.
"""

from __future__ import annotations

from typing import Any

from cutover_gates.core.verdict import CheckResult, Outcome
from cutover_gates.plugin.check_inventory import CheckInventory, WrittenCheck
from cutover_gates.plugin.results import CheckPhase, ResultCollector

SEEN: dict[str, Any] = {
    "items": [],
    "attempt": 1,
    "raised": False,
    "not_offered": None,
    "finding": False,
    "why": "",
    "evidence": [{"status": 200}],
}
VISITS, PATIENTS, BOTH = (
    "smoke/test_a.py::test_visits",
    "smoke/test_a.py::test_patients",
    "smoke/test_a.py::test_both",
)


def results(
    lacking: dict[str, str], items: dict[str, set[str]], **given: Any
) -> dict[str, CheckResult]:
    """The results of checks; `lacking` are those that were told that an operation is not offered."""
    tally = ResultCollector(collected={check: frozenset(own) for check, own in items.items()})
    for check in items:
        missing = lacking.get(check)
        for when in ("setup", "call", "teardown"):
            seen = (
                {**SEEN, "not_offered": missing, "why": f"{missing} is not listed", "raised": True}
                if missing and when == "call"
                else SEEN
            )
            tally.add(
                check,
                CheckPhase(
                    when,
                    "skipped" if missing and when == "call" else "passed",
                    0.1,
                    "",
                    False,
                    seen,
                ),
            )
    census = CheckInventory(
        tuple(WrittenCheck(check, frozenset(own)) for check, own in items.items()), ()
    )
    return {result.check: result for result in tally.results(census, **given)}


def test_a_single_check_is_excused() -> None:
    found = results(
        {VISITS: "vread"}, {VISITS: {"a"}, PATIENTS: {"a"}}, said={"vread": "not listed"}
    )
    assert (found[VISITS].outcome, found[PATIENTS].outcome) == (
        Outcome.NOT_APPLICABLE,
        Outcome.PASSED,
    )


def test_a_whole_item_is_not() -> None:
    """Also where a check proves another item, too."""
    found = results(
        {VISITS: "open_visit", BOTH: "open_visit"},
        {VISITS: {"visits"}, BOTH: {"visits", "a"}, PATIENTS: {"a"}},
        said={"open_visit": "not listed"},
    )
    assert {found[check].outcome for check in (VISITS, BOTH)} == {Outcome.NOT_PROVEN}
    assert "open_visit is not listed; its own word excuses no whole item" in found[VISITS].why
    assert found[PATIENTS].outcome is Outcome.PASSED


def test_what_the_settings_declare_is_excused_as_ever() -> None:
    found = results(
        {VISITS: "open_visit"},
        {VISITS: {"visits"}},
        said={"open_visit": "not listed"},
        unsupported={"open_visit"},
    )
    assert found[VISITS].outcome is Outcome.NOT_APPLICABLE


def test_what_nobody_said_is_not() -> None:
    assert (
        results({VISITS: "open_visit"}, {VISITS: {"a"}, PATIENTS: {"a"}})[VISITS].outcome
        is Outcome.NOT_PROVEN
    )

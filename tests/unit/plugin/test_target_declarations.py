"""The target's own word excuses single checks, and never a whole item.

A release that lost its visits would be none the worse.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cutover_gates.core.verdict import CheckResult, Outcome
from cutover_gates.plugin.check_outcome import CheckOutcome
from cutover_gates.plugin.expected_checks import ExpectedCheck, ExpectedChecks
from cutover_gates.plugin.result_rules import CheckPhase
from cutover_gates.plugin.results import NOT_DECLARED, ResultCollector

CAPTURED = CheckOutcome(entered=1, returned=1, asked=True, evidence=({"status": 200},))
VISITS, PATIENTS, BOTH = (
    "smoke/test_a.py::test_visits",
    "smoke/test_a.py::test_patients",
    "smoke/test_a.py::test_both",
)


def results(
    lacking: dict[str, str], items: dict[str, set[str]], **given: Any
) -> dict[str, CheckResult]:
    """The results of checks; `lacking` are those that were told that an operation is not offered."""
    collector = ResultCollector(collected={check: frozenset(own) for check, own in items.items()})
    for check in items:
        missing = lacking.get(check)
        for when in ("setup", "call", "teardown"):
            captured = CAPTURED
            if missing and when == "call":
                why = f"{missing} is not listed"
                captured = replace(CAPTURED, unsupported=missing, why=why, raised=True)
            collector.add(
                check,
                CheckPhase(
                    when,
                    "skipped" if missing and when == "call" else "passed",
                    0.1,
                    "",
                    False,
                    captured,
                ),
            )
    expected = ExpectedChecks(
        tuple(ExpectedCheck(check, frozenset(own)) for check, own in items.items()), ()
    )
    return {result.check: result for result in collector.results(expected, **given)}


def test_a_single_check_is_excused() -> None:
    found = results(
        {VISITS: "vread"}, {VISITS: {"a"}, PATIENTS: {"a"}}, undeclared={"vread": "not listed"}
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
        undeclared={"open_visit": "not listed"},
    )
    assert {found[check].outcome for check in (VISITS, BOTH)} == {Outcome.NOT_PROVEN}
    assert NOT_DECLARED in found[VISITS].why
    assert found[PATIENTS].outcome is Outcome.PASSED


def test_what_the_settings_declare_is_excused_as_ever() -> None:
    found = results(
        {VISITS: "open_visit"},
        {VISITS: {"visits"}},
        undeclared={"open_visit": "not listed"},
        unsupported={"open_visit"},
    )
    assert found[VISITS].outcome is Outcome.NOT_APPLICABLE


def test_what_nobody_said_is_not() -> None:
    assert (
        results({VISITS: "open_visit"}, {VISITS: {"a"}, PATIENTS: {"a"}})[VISITS].outcome
        is Outcome.NOT_PROVEN
    )

"""Every way in which a check may not have proven something has its name.

Whatever the collector does not know as a pass is none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from cutover_gates.core.findings import THIS_CHECK, Finding, Rule
from cutover_gates.core.verdict import CheckResult, Outcome
from cutover_gates.plugin.check_outcome import CheckOutcome
from cutover_gates.plugin.expected_checks import ExpectedCheck, ExpectedChecks
from cutover_gates.plugin.result_rules import CheckPhase
from cutover_gates.plugin.results import ResultCollector, strip_parameters

FILE = "smoke/test_a.py"
CHECK = f"{FILE}::test_it"
ITEMS = frozenset({"a"})
EXPECTED = ExpectedChecks((ExpectedCheck(CHECK, ITEMS, "It works", "Else nobody can work."),), ())
CAPTURED = CheckOutcome(items=ITEMS, entered=1, returned=1, asked=True, evidence=({"status": 200},))
"""The outcome that is attached to a report of a check that did nothing odd."""


def phase(
    when: str, outcome: str = "passed", text: str = "", xfail: bool = False, **seen: Any
) -> CheckPhase:
    return CheckPhase(when, outcome, 0.25, text, xfail, replace(CAPTURED, **seen))


def whole(**call: Any) -> list[CheckPhase]:
    """A check that ran from beginning to end; `call` changes its middle."""
    return [phase("setup"), phase("call", **call), phase("teardown")]


def collector_with(phases: Iterable[CheckPhase], check: str = CHECK) -> ResultCollector:
    collector = ResultCollector(collected={check: ITEMS})
    for one in phases:
        collector.add(check, one)
    return collector


def result(phases: Iterable[CheckPhase], **given: Any) -> CheckResult:
    """The one result of the one check that is written."""
    (found,) = collector_with(phases).results(EXPECTED, **given)
    return found


# ── what is a pass ──


def test_a_check_that_ran_once_to_its_end_with_evidence_passed() -> None:
    """The only way to a pass. Time and evidence of all its phases come along."""
    found = result(whole())
    assert (found.check, found.items, found.outcome, found.why, found.seconds) == (
        CHECK,
        ITEMS,
        Outcome.PASSED,
        "",
        0.75,
    )
    assert list(found.evidence) == [{"status": 200}] * 3


def test_evidence_may_come_at_the_end() -> None:
    """It is handed over with the last phase."""
    assert (
        result([phase("setup", evidence=()), phase("call", evidence=()), phase("teardown")]).outcome
        is Outcome.PASSED
    )


# ── what is not ──


@dataclass(frozen=True)
class Hole:
    """A way not to prove anything: what was reported, and how the collector calls it."""

    name: str
    phases: list[CheckPhase]
    says: str
    outcome: Outcome = Outcome.NOT_PROVEN
    given: Mapping[str, Any] = field(default_factory=dict)


HOLES = (
    Hole("never started", [], "never started"),
    Hole(
        "skipped in its arrangement",
        [phase("setup", "skipped", "no database"), phase("teardown")],
        "it was skipped: no database",
    ),
    Hole(
        "skipped by itself", whole(outcome="skipped", text="not today"), "it was skipped: not today"
    ),
    Hole(
        "something it could not see",
        whole(outcome="skipped", not_proven=True, raised=True, why="3 were not read"),
        "3 were not read",
    ),
    Hole("xfailed", whole(outcome="skipped", text="known", xfail=True), "it is marked xfail"),
    Hole("xpassed", whole(xfail=True), "it is marked xfail and passed all the same"),
    Hole(
        "xpassed, strictly",
        whole(outcome="failed", text="[XPASS(strict)] known"),
        "[XPASS(strict)] known",
        Outcome.FAILED,
    ),
    Hole("no call", [phase("setup"), phase("teardown")], "it did not come to its end"),
    Hole("no teardown", [phase("setup"), phase("call")], "it did not come to its end"),
    Hole("no setup", [phase("call"), phase("teardown")], "it did not come to its end"),
    Hole(
        "an unknown phase instead of the call",
        [phase("setup"), phase("subtest"), phase("teardown")],
        "it did not come to its end",
    ),
    Hole("an unknown outcome", whole(outcome="warned"), "its call ended as 'warned'"),
    Hole(
        "an unknown outcome beside a whole run",
        [*whole(), phase("subtest", "skipped", "one of five")],
        "it was skipped: one of five",
    ),
    Hole(
        "run again by the rerun plugin",
        [phase("setup"), phase("call", "rerun"), phase("teardown"), *whole()],
        "it passed only on a retry",
    ),
    Hole("run again by another plugin", whole(attempt=2), "it passed only on a retry"),
    Hole(
        "an exception that something swallowed",
        whole(raised=True),
        "it raised an exception, and something turned that into a pass",
    ),
    Hole(
        "no evidence",
        [phase(when, evidence=()) for when in ("setup", "call", "teardown")],
        "it passed without any evidence",
    ),
    Hole(
        "no witness",
        [CheckPhase(when, "passed", 0.1) for when in ("setup", "call", "teardown")],
        "its function was never entered",
    ),
    Hole("a call that never came to the function", whole(entered=0, returned=0), "never entered"),
    Hole(
        "an exception that never came out of the call",
        whole(returned=0),
        "it raised an exception, and something turned that into a pass",
    ),
    Hole(
        "evidence of fixtures alone",
        whole(asked=False),
        "its function asked the target nothing",
    ),
    Hole(
        "an operation that is not offered",
        whole(outcome="skipped", unsupported="refresh", why="no refresh"),
        "the check reported refresh as unsupported, which [targets.NAME.capabilities] does not",
    ),
    Hole(
        "another operation than the declared one",
        whole(outcome="skipped", unsupported="refresh", why="no refresh"),
        "the check reported refresh as unsupported, which [targets.NAME.capabilities] does not",
        given={"unsupported": ["sign_out"]},
    ),
    Hole(
        "a finding",
        whole(outcome="failed", is_finding=True, why="expected 403, came 200"),
        "expected 403, came 200",
        Outcome.FAILED,
    ),
    Hole(
        "a check that broke",
        whole(outcome="failed", why="KeyError: 'id'"),
        "The check itself broke: KeyError: 'id'",
        Outcome.ERROR,
    ),
    Hole(
        "settings that cannot be used",
        whole(outcome="failed", why="SettingsError: database.rows.visit cannot be used: no table"),
        "The settings cannot be used: database.rows.visit cannot be used: no table",
        Outcome.ERROR,
    ),
    Hole(
        "a fixture that broke",
        [phase("setup", "failed", why="OSError: full"), phase("teardown")],
        "Setup failed, so the check did not run: OSError: full",
        Outcome.ERROR,
    ),
    Hole(
        "a finding in a fixture",
        [phase("setup", "failed", is_finding=True, why="no patient"), phase("teardown")],
        "Setup failed, so the check did not run: no patient",
        Outcome.ERROR,
    ),
    Hole(
        "a clean-up that broke",
        [phase("setup"), phase("call"), phase("teardown", "failed", why="still there")],
        "Cleaning up after the check failed: still there",
        Outcome.ERROR,
    ),
    Hole(
        "a worker that crashed",
        [CheckPhase("???", "failed", 0, "worker 'gw0' crashed")],
        "worker 'gw0' crashed",
        Outcome.ERROR,
    ),
    Hole(
        "a failure and a pass",
        [*whole(outcome="failed", is_finding=True, why="came 200"), *whole()],
        "came 200",
        Outcome.FAILED,
    ),
    Hole(
        "a failed subtest in a pass",
        [*whole(), phase("call", "failed", is_finding=True, why="3 of 5")],
        "3 of 5",
        Outcome.FAILED,
    ),
)


@pytest.mark.parametrize("hole", HOLES, ids=lambda hole: hole.name)
def test_a_hole_has_its_name(hole: Hole) -> None:
    """None of these is a pass, and each says in its own words what it is."""
    found = result(hole.phases, **hole.given)
    assert found.outcome is hole.outcome
    assert hole.says in found.why


def test_a_declared_operation_makes_its_check_not_applicable() -> None:
    """With the reason that the settings give."""
    found = result(
        whole(outcome="skipped", unsupported="refresh", why="no refresh"), unsupported=["refresh"]
    )
    assert (found.outcome, found.why) == (Outcome.NOT_APPLICABLE, "no refresh")


def test_a_clean_up_that_broke_is_not_excused_by_a_declared_operation() -> None:
    phases = [
        phase("setup"),
        phase("call", "skipped", unsupported="refresh"),
        phase("teardown", "failed", why="still there"),
    ]
    assert result(phases, unsupported=["refresh"]).outcome is Outcome.ERROR


def test_every_phase_left_out_and_every_outcome_changed_is_noticed() -> None:
    """Only a whole run of passes is a pass."""
    for missing in ("setup", "call", "teardown"):
        assert result([one for one in whole() if one.when != missing]).outcome is not Outcome.PASSED
        for outcome in ("failed", "skipped", "rerun", "error", ""):
            changed = [
                CheckPhase(
                    one.when,
                    outcome if one.when == missing else one.status,
                    0,
                    "",
                    False,
                    one.outcome,
                )
                for one in whole()
            ]
            assert result(changed).outcome is not Outcome.PASSED, (missing, outcome)


# ── what was not run ──


def test_a_deselected_check_is_not_proven() -> None:
    """By -k, --deselect, --lf or a marker that the plan does not know."""
    (found,) = ResultCollector(collected={CHECK: ITEMS}, deselected={CHECK}).results(EXPECTED)
    assert (found.outcome, found.items, found.why) == (
        Outcome.NOT_PROVEN,
        ITEMS,
        f"{CHECK} was deselected",
    )


def test_a_check_that_is_written_and_was_not_collected_is_not_proven() -> None:
    """By a path, --ignore, -o python_functions, or a folder that is not there any more."""
    (found,) = ResultCollector().results(EXPECTED)
    assert (found.outcome, found.items, found.why) == (
        Outcome.NOT_PROVEN,
        ITEMS,
        f"{CHECK} was not collected",
    )


def test_a_check_of_a_broken_file_is_an_error() -> None:
    """The file is named, with its reason."""
    (found,) = ResultCollector(broken_files={FILE: "ImportError: no module"}).results(EXPECTED)
    assert (found.outcome, found.items, found.why) == (
        Outcome.ERROR,
        ITEMS,
        f"{FILE} could not be collected: ImportError: no module",
    )


def test_a_report_without_collection_still_counts() -> None:
    """A worker may die before it told what it collected: its reports name their items."""
    collector = ResultCollector()
    collector.add(CHECK, phase("call", "failed", is_finding=True, why="came 200"))
    (found,) = collector.results(EXPECTED)
    assert (found.outcome, found.items) == (Outcome.FAILED, ITEMS)


def test_parameters_are_checks_of_their_own() -> None:
    """One that did not run is not proven, whatever became of the others."""
    collector = collector_with(whole(), f"{CHECK}[one]")
    collector.collected[f"{CHECK}[two::a[b]]"] = ITEMS
    assert {found.check: found.outcome for found in collector.results(EXPECTED)} == {
        f"{CHECK}[one]": Outcome.PASSED,
        f"{CHECK}[two::a[b]]": Outcome.NOT_PROVEN,
    }


@pytest.mark.parametrize(
    ("check", "without"),
    [
        (CHECK, CHECK),
        (f"{CHECK}[a]", CHECK),
        (f"{CHECK}[a::b[c]]", CHECK),
        (f"{FILE}::TestA::test_b[x]", f"{FILE}::TestA::test_b"),
    ],
)
def test_a_base_is_a_check_without_its_parameters(check: str, without: str) -> None:
    assert strip_parameters(check) == without


@pytest.mark.parametrize(
    "given",
    [
        FILE,
        "test_a.py",
        "../smoke/test_a.py",
        "./smoke/test_a.py",
        "/somewhere/smoke/test_a.py",
        "smoke.test_a",
    ],
)
def test_a_file_that_was_narrowed_to_single_checks_is_not_proven(given: str) -> None:
    """`test_a.py::test_it[one]` runs one parameter and leaves no trace of the others; however the
    path is spelt.
    """
    outcomes = [
        (found.outcome, found.why)
        for found in collector_with(whole()).results(EXPECTED, narrowed_files=[given])
    ]
    assert outcomes == [
        (Outcome.PASSED, ""),
        (Outcome.NOT_PROVEN, f"the run was narrowed to single checks of {FILE}"),
    ]


def test_a_narrowed_file_leaves_the_others_as_they_are() -> None:
    expected = ExpectedChecks(
        (*EXPECTED.checks, ExpectedCheck("smoke/test_b.py::test_it", frozenset({"b"}))), ()
    )
    assert [
        found.check
        for found in collector_with(whole()).results(expected, narrowed_files=["smoke/test_b.py"])
        if found.outcome is Outcome.NOT_PROVEN
    ] == ["smoke/test_b.py::test_it"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("smoke/test_b.py", "smoke/test_b.py cannot be counted: the file is no Python"),
        (
            "smoke/test_b.py::test_it",
            (
                "smoke/test_b.py::test_it cannot be counted: it is not written out as a function in"
                " its file"
            ),
        ),
    ],
)
def test_what_cannot_be_read_is_not_proven(name: str, says: str) -> None:
    """Of no known item: the judge makes it a fault of the run."""
    found = collector_with(whole()).results(ExpectedChecks(EXPECTED.checks, (name,)))[-1]
    assert (found.outcome, found.items, found.why) == (Outcome.NOT_PROVEN, frozenset(), says)


# ── findings ──

RULE = Rule("DATA-001", "Every foreign key refers to an existing row")
BREACH = Finding(RULE, "visits.patient_id", "0 orphan rows", "12 of 12,000 rows")


def test_findings_come_along_and_each_once() -> None:
    """Also where two phases carry the same."""
    phases = [
        phase("setup"),
        phase("call", "failed", is_finding=True, why="orphans", findings=(BREACH,)),
        phase("teardown", findings=(BREACH,)),
    ]
    assert result(phases).findings == (BREACH,)


def test_a_check_is_its_own_rule() -> None:
    """A finding of the running check gets the check's id, title and reason."""
    own = Finding(THIS_CHECK, "family_name", "Muster", "Mueller")
    found = result(whole(outcome="failed", is_finding=True, why="differs", findings=(own,)))
    assert found.title == "It works"
    assert [(one.rule, one.subject) for one in found.findings] == [
        (Rule(CHECK, "It works", "Else nobody can work."), "family_name")
    ]


def test_gaps_of_a_check_that_is_not_proven_come_along() -> None:
    gap = Finding(RULE, "visits", "", "the table was locked")
    found = result(whole(outcome="skipped", not_proven=True, why="locked", findings=(gap,)))
    assert (found.outcome, found.findings) == (Outcome.NOT_PROVEN, (gap,))


def test_a_check_without_a_docstring_is_known_by_its_node() -> None:
    """Such as one that a hospital added while the run was going on."""
    own = Finding(THIS_CHECK, "family_name")
    collector = collector_with(whole(findings=(own,)), f"{FILE}::test_other[one]")
    found = collector.results(ExpectedChecks((), ()))[0]
    assert found.findings[0].rule.id == f"{FILE}::test_other"


def test_an_outcome_survives_its_way_between_processes() -> None:
    """Through JSON, as xdist carries it."""
    outcome = replace(
        CAPTURED,
        attempt=2,
        unsupported="refresh",
        findings=(BREACH,),
        new_secrets=(("tok-1", "a token"),),
    )
    assert CheckOutcome.from_plain(json.loads(json.dumps(outcome.to_plain()))) == outcome

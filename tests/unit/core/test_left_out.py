"""What is left out of a verdict: declared facts, waivers of rules and checks, and their terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cutover_gates.core.decision_validity import Terms
from cutover_gates.core.declarations import CAPABILITY, ITEM, STATEMENT, Declaration
from cutover_gates.core.findings import Finding, Rule
from cutover_gates.core.plan import Item
from cutover_gates.core.tried_capabilities import TITLE
from cutover_gates.core.verdict import CheckResult, Outcome, Verdict, VerdictWord
from tests.unit.core.test_verdict import (
    NOW,
    SUBJECT,
    check,
    decision,
    judged,
    outcomes,
    result,
)

OTHER = result("b", Outcome.PASSED)
ROWS, DOORS = Rule("DATA-001", "Rows are whole"), Rule("FUZZ-002", "Shut", waivable=False)
NARROW = {"item": ""}


def broken(*findings: tuple[Rule, str], outcome: Outcome = Outcome.FAILED) -> CheckResult:
    """The check of the item `a`, with findings of these rules about these subjects."""
    found = tuple(Finding(rule, subject, "x", "y") for rule, subject in findings)
    return replace(result("a", outcome), findings=found)


def judge_a(
    own: Sequence[CheckResult] | CheckResult, item: Item | None = None, **given: Any
) -> Verdict:
    """Judge the item `a` beside `b`, which passed."""
    results = [own] if isinstance(own, CheckResult) else list(own)
    return judged([item or check("a"), check("b")], [*results, OTHER], **given)


# ── declared facts ──


@pytest.mark.parametrize("outcome", sorted(Outcome))
def test_a_declared_item_excuses_what_was_not_found(outcome: Outcome) -> None:
    """What its checks found is NO-GO; that they could not see, or broke, is excused."""
    verdict = judge_a(result("a", outcome), not_applicable={"a": "we have none"})
    expected = {Outcome.FAILED: Outcome.FAILED, Outcome.WAIVED: Outcome.WAIVED}
    assert outcomes(verdict)["a"] is expected.get(outcome, Outcome.NOT_APPLICABLE)
    assert verdict.items[0].checks
    assert bool(verdict.notes) is (outcome is Outcome.PASSED)


def test_every_fact_that_leaves_something_out_is_listed() -> None:
    """Items of the gate, capabilities and statements, each once; what left out nothing is not."""
    facts = [
        Declaration(ITEM, "a", "none", "Ada", NOW.date()),
        Declaration(ITEM, "elsewhere", "none", "Ada", NOW.date()),
        Declaration(CAPABILITY, "refresh", "none", "Ada", NOW.date() - timedelta(days=181)),
        Declaration(CAPABILITY, "database", "none", "Ada", NOW.date()),
        Declaration(STATEMENT, "open_visit", "not listed", "its statement"),
    ]
    left_out = [
        replace(result("b", Outcome.NOT_APPLICABLE, name=name), absent=capability)
        for name, capability in [("test_1", "refresh"), ("test_2", "refresh"), ("test_3", "fhir")]
    ]
    left_out.append(
        replace(result("b", Outcome.NOT_APPLICABLE, name="test_4"), absent="open_visit")
    )
    items = [check("a"), check("b"), check("elsewhere", gates=("t24",))]
    verdict = judged(items, [*left_out, OTHER], declarations=facts)
    assert [(one.declaration.name, len(one.checks)) for one in verdict.declared] == [
        ("a", 0),
        ("refresh", 2),
        ("open_visit", 1),
    ]
    assert [one.is_old for one in verdict.declared] == [False, True, False]
    assert "refresh was declared absent" in verdict.notes[0]


def test_a_check_that_passed_by_asking_less_counts() -> None:
    """Where an empty list stands for a refusal, nothing is left out, and less is asked."""
    fact = Declaration(CAPABILITY, "refusal-to-strangers", "lists are filtered", "Ada", NOW.date())
    for works, counted in ((False, ["refusal-to-strangers"]), (True, [])):
        seen = {"title": TITLE, "facts": {"capability": fact.name, "works": works}}
        verdict = judge_a(
            replace(result("a", Outcome.PASSED), evidence=[seen]), declarations=[fact]
        )
        assert [one.declaration.name for one in verdict.declared] == counted
        assert verdict.word is VerdictWord.GO


def test_an_item_below_another_gates_item_counts() -> None:
    """The gate rests on it, though it does not ask for it by itself."""
    items = [check("top", "below", "b"), check("below", gates=("t24",)), check("b")]
    verdict = judged(items, [OTHER], not_applicable={"below": "none"})
    assert [one.declaration.name for one in verdict.declared] == ["below"]


# ── what an item needs at least ──


@pytest.mark.parametrize("waivable", [True, False])
@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("test_it", Outcome.PASSED),
        ("smoke/test_a.py::test_it", Outcome.PASSED),
        ("test_it[one]", Outcome.PASSED),
        ("test_it[two]", Outcome.NOT_PROVEN),
        ("test_lest", Outcome.NOT_PROVEN),
        ("test_left", Outcome.NOT_PROVEN),
    ],
)
def test_the_least_must_have_passed(name: str, outcome: Outcome, waivable: bool) -> None:
    """In one of its parameters. A check that is not applicable, or not there, is not enough."""
    item = replace(check("a", waivable=waivable), at_least=(name,))
    own = [
        result("a", Outcome.PASSED, name="test_it[one]"),
        result("a", Outcome.NOT_APPLICABLE, name="test_it[two]"),
        result("a", Outcome.NOT_APPLICABLE, name="test_left"),
    ]
    assert outcomes(judge_a(own, item))["a"] is outcome


def test_an_item_that_is_never_waived_says_what_it_needs() -> None:
    """Where nothing of it is left out it need not."""
    item = check("a", waivable=False)
    passed = result("a", Outcome.PASSED)
    assert judge_a(passed, item).word is VerdictWord.GO
    own = [passed, result("a", Outcome.NOT_APPLICABLE, name="test_other")]
    assert outcomes(judge_a(own, item))["a"] is Outcome.NOT_PROVEN


# ── waivers of rules and checks ──

SCOPES: list[tuple[dict[str, str], bool]] = [
    ({"rule": "DATA-001"}, True),
    ({"rule": "DATA-001", "item": "a"}, True),
    ({"rule": "DATA-001", "item": "b"}, False),
    ({"rule": "DATA-001", "subject": "visits"}, False),
    ({"rule": "DATA-002"}, False),
    ({"check": "test_it"}, True),
    ({"check": "smoke/test_a.py::test_it"}, True),
    ({"check": "test_other"}, False),
    ({"check": "test_it", "rule": "DATA-001"}, True),
    ({"check": "test_it", "subject": "patients"}, False),
]


@pytest.mark.parametrize(("scope", "covers"), SCOPES)
def test_a_narrow_waiver_covers_what_it_names(scope: dict[str, str], covers: bool) -> None:
    """All findings of a check must be covered: one that is left keeps it failed."""
    own = broken((ROWS, "patients"), (ROWS, "visits"))
    verdict = judge_a(own, waivers=[decision("a", **(NARROW | scope))])
    assert outcomes(verdict)["a"] is (Outcome.WAIVED if covers else Outcome.FAILED)
    assert bool(verdict.items[0].checks[0].waivers) is covers


def test_several_narrow_waivers_cover_a_check_together() -> None:
    """Each by its subject; both are named."""
    waivers = [
        decision("a", item="", rule="DATA-001", subject=subject)
        for subject in ("patients", "visits")
    ]
    verdict = judge_a(broken((ROWS, "patients"), (ROWS, "visits")), waivers=waivers)
    assert verdict.word is VerdictWord.GO_WITH_WAIVERS
    assert verdict.items[0].checks[0].waivers == tuple(waivers)


def test_a_rule_covers_neither_what_broke_nor_what_else_was_wrong() -> None:
    """An error is no finding, and a retry may have failed in another way."""
    waiver = decision("a", item="", rule="DATA-001")
    for own in (
        broken((ROWS, "patients"), outcome=Outcome.ERROR),
        replace(broken((ROWS, "patients")), only_findings=False),
        broken(),
    ):
        assert outcomes(judge_a(own, waivers=[waiver]))["a"] is own.outcome


def test_a_narrow_waiver_for_what_is_not_proven_covers_no_failure() -> None:
    waiver = decision("a", item="", rule="DATA-001", covers="not proven")
    for outcome, expected in (
        (Outcome.FAILED, Outcome.FAILED),
        (Outcome.NOT_PROVEN, Outcome.WAIVED),
    ):
        own = broken((ROWS, "patients"), outcome=outcome)
        assert outcomes(judge_a(own, waivers=[waiver]))["a"] is expected


@pytest.mark.parametrize("scope", [{"rule": "FUZZ-002"}, {"check": "test_it"}, {"item": "a"}])
def test_no_waiver_covers_access_or_lost_data(scope: dict[str, str]) -> None:
    """Whatever item the finding shows in."""
    own = broken((DOORS, "GET /patients"))
    verdict = judge_a(own, waivers=[decision("a", **(NARROW | scope))])
    assert outcomes(verdict)["a"] is Outcome.FAILED
    assert verdict.rejected_decisions or "no waiver covers" in verdict.items[0].why


def test_a_waiver_about_an_item_that_is_never_waived_is_rejected() -> None:
    """It names a rule, and the rule was broken there alone."""
    verdict = judge_a(
        broken((ROWS, "patients")),
        check("a", waivable=False),
        waivers=[decision("a", item="", rule="DATA-001")],
    )
    (rejected,) = verdict.rejected_decisions
    assert "it is about a" in rejected.why


# ── terms and names ──

TERMS = Terms(
    targets=frozenset({"staging", "production"}),
    rules=frozenset({"DATA-001"}),
    checks={
        "smoke/test_a.py::test_it": frozenset({"a"}),
        "smoke/test_b.py::test_it": frozenset({"b"}),
        "smoke/test_a.py::test_one": frozenset({"a"}),
    },
)
REJECTED: dict[str, tuple[dict[str, Any], str]] = {
    "target": ({"target": "stagign"}, "no target is called 'stagign' (did you mean 'staging'?)"),
    "rule": (NARROW | {"rule": "DATA-01"}, "(did you mean 'DATA-001'?)"),
    "check": (NARROW | {"check": "test_on"}, "(did you mean 'test_one'?)"),
    "two checks": (NARROW | {"check": "test_it"}, "several checks are called 'test_it'"),
    "item of a check": ({"item": "b", "check": "test_one"}, "proves a, and not b"),
    "term": ({"expires": NOW + timedelta(days=40)}, "longest_waiver_days allows 30"),
}


@pytest.mark.parametrize("case", REJECTED)
def test_a_decision_that_cannot_count_is_told(case: str) -> None:
    """With the nearest name, or the term."""
    changed, says = REJECTED[case]
    verdict = judge_a(result("a", Outcome.FAILED), waivers=[decision("a", **changed)], terms=TERMS)
    (rejected,) = verdict.rejected_decisions
    assert says in rejected.why


def test_a_decision_for_another_target_is_passed_over() -> None:
    verdict = judge_a(
        result("a", Outcome.FAILED), waivers=[decision("a", target="production")], terms=TERMS
    )
    assert (verdict.rejected_decisions, verdict.word) == ((), VerdictWord.NO_GO)


@pytest.mark.parametrize("kind", ["embedded", "remote"])
def test_the_demonstration_is_exempt_from_the_term(kind: str) -> None:
    """Its decision counts, and is marked."""
    long = decision("a", expires=NOW + timedelta(days=300))
    verdict = judge_a(
        result("a", Outcome.FAILED), waivers=[long], subject=replace(SUBJECT, kind=kind)
    )
    is_exempt = kind == "embedded"
    assert (verdict.word is VerdictWord.GO_WITH_WAIVERS) is is_exempt
    decided = verdict.items[0].decision
    assert (decided is not None and decided.is_exempt) is is_exempt


def test_accepted_findings_are_a_decision() -> None:
    """A GO that goes without something says so."""
    accepted = replace(result("a", Outcome.PASSED), accepted=("GET /x: one", "GET /y: two"))
    verdict = judge_a(accepted)
    assert verdict.word is VerdictWord.GO_WITH_WAIVERS
    assert len(verdict.accepted_findings) == 2

"""Each cause of a NO-GO is told once."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

from cutover_gates.core.findings import describe_finding
from cutover_gates.core.judge import judge
from cutover_gates.core.plan import Item, Plan
from cutover_gates.core.verdict import CheckResult, Outcome, Verdict
from cutover_gates.reporting.causes import collect_causes, title_of
from tests.unit.reporting.sample_findings import ORPHANS, broken_check, orphan, own_finding
from tests.unit.reporting.sample_verdicts import NOW, PLAN, SUBJECT, decision, sample_verdict


def verdict_of(*checks: CheckResult, plan: Plan = PLAN) -> Verdict:
    """Judge these checks. Items without one get a passed check."""
    named = {item for check in checks for item in check.items}
    rest = [
        CheckResult(f"smoke/test_rest.py::test_{item.id}", frozenset({item.id}), Outcome.PASSED)
        for item in plan.items
        if item.id not in named and item.proof == "check"
    ]
    return judge(
        plan,
        "phase3",
        [*checks, *rest],
        subject=SUBJECT,
        started=NOW,
        now=NOW,
        signoffs=[decision("told")] if "told" in plan.by_id else [],
    )


def test_a_cause_has_the_title_and_all_values_of_its_findings() -> None:
    """Subject, expected and actual are there in full, with the rule and what to do."""
    (cause,) = collect_causes(verdict_of(broken_check("rows", "patients", orphan())))
    assert (cause.outcome, cause.items) == (Outcome.FAILED, ("patients",))
    assert cause.title == "The title of rows"
    text = "\n".join(cause.details)
    assert all(part in text for part in (ORPHANS.id, ORPHANS.title, ORPHANS.fix))
    assert describe_finding(orphan()) in text


def test_the_findings_of_a_checks_own_rule_have_no_second_heading() -> None:
    """The title names the check already."""
    (cause,) = collect_causes(verdict_of(broken_check("sign_in", "doors", own_finding())))
    assert cause.details == (describe_finding(own_finding()),)


def test_every_line_of_a_text_is_told() -> None:
    """A difference of two records does not stop at its first line."""
    why = "not the same:\n  name: expected 'A'\n\n  name: found 'B'"
    (cause,) = collect_causes(verdict_of(broken_check("rows", "patients", why=why)))
    assert [line.strip() for line in cause.details] == [
        "not the same:",
        "name: expected 'A'",
        "name: found 'B'",
    ]


def test_a_broken_sign_in_is_told_once() -> None:
    """A hundred checks whose setup broke with one text are one cause behind the failed check."""
    broken = [
        broken_check(
            f"x{number}",
            "patients",
            outcome=Outcome.ERROR,
            why=f"no session of role {number % 4 * 'x'}\nPOST /login: 503 (request {uuid4()})",
        )
        for number in range(113)
    ]
    failed = broken_check("sign_in", "doors", own_finding())
    causes = collect_causes(verdict_of(*broken, failed))
    assert [(cause.outcome, cause.items, len(cause.checks)) for cause in causes] == [
        (Outcome.FAILED, ("doors",), 1),
        (Outcome.ERROR, ("patients",), 113),
    ]


def test_equal_findings_of_different_checks_are_one_cause() -> None:
    """Each check is its own rule, and the values tell whether they mean the same."""
    checks = [
        broken_check("sign_in", "doors", own_finding("sign_in")),
        broken_check("sign_out", "redis", own_finding("sign_out")),
        broken_check("other", "patients", own_finding("other", found="500")),
    ]
    causes = collect_causes(verdict_of(*checks))
    assert [cause.items for cause in causes] == [("doors", "redis"), ("patients",)]
    assert causes[0].title == ""


def test_failures_with_different_numbers_stay_apart() -> None:
    """The numbers of a failure are its message; only those of an error are ids and ports."""
    checks = [
        broken_check("a", "doors", why="expected 1, found 2"),
        broken_check("b", "redis", why="expected 1, found 3"),
    ]
    assert len(collect_causes(verdict_of(*checks))) == 2


def test_failed_stands_before_error_before_not_proven() -> None:
    """A failure says something about the target."""
    checks = [
        broken_check("a", "doors", outcome=Outcome.NOT_PROVEN, why="a"),
        broken_check("b", "redis", outcome=Outcome.ERROR, why="b"),
        broken_check("c", "patients", why="c"),
    ]
    assert [cause.outcome for cause in collect_causes(verdict_of(*checks))] == [
        Outcome.FAILED,
        Outcome.ERROR,
        Outcome.NOT_PROVEN,
    ]


def test_the_unproven_check_of_a_failed_item_is_a_cause_too() -> None:
    """Mending the failure alone would not make a GO."""
    checks = [
        broken_check("a", "doors", own_finding()),
        broken_check("b", "doors", outcome=Outcome.NOT_PROVEN, why="it was skipped"),
    ]
    causes = collect_causes(verdict_of(*checks))
    assert [cause.outcome for cause in causes] == [Outcome.FAILED, Outcome.NOT_PROVEN]


def test_checks_that_never_ran_are_one_cause() -> None:
    """Each text names its own check, and means the same."""
    checks = [
        replace(
            broken_check(name, "redis", outcome=Outcome.NOT_PROVEN),
            why=f"smoke/test_redis.py::test_{name} was deselected",
        )
        for name in ("a", "b")
    ]
    (cause,) = collect_causes(verdict_of(*checks))
    assert len(cause.checks) == 2


def test_items_that_nobody_signed_are_one_cause() -> None:
    """Four unsigned items are one line."""
    more = tuple(Item(name, "Team", name, ("phase3",), "sign-off") for name in ("a", "b"))
    (cause,) = collect_causes(verdict_of(plan=Plan((*PLAN.items, *more))))
    assert (cause.outcome, cause.items, cause.checks) == (Outcome.NOT_PROVEN, ("a", "b"), ())


def test_an_item_that_only_rests_on_another_is_no_cause() -> None:
    """The plan has one for all of it, which is open with each of its parts."""
    causes = collect_causes(sample_verdict({"patients": Outcome.FAILED}))
    assert [cause.items for cause in causes] == [("patients",)]


def test_a_check_without_a_title_is_named_by_its_function() -> None:
    """A check of an older suite has none."""
    check = CheckResult("smoke/test_a.py::test_it_is_there", frozenset(), Outcome.FAILED)
    assert title_of(check) == "it is there"

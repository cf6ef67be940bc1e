"""The verdict that joins the steps: an item is as good as the worst of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from cutover_gates.core.judge import judge
from cutover_gates.core.plan import Item, Plan
from cutover_gates.core.verdict import Outcome, Verdict, VerdictSubject, VerdictWord
from cutover_gates.plugin.joined_steps import StepVerdict, join_results, list_holds

STEPS = ("phase2-10", "phase2-50", "phase2-100")
TRIGGER = Item("trigger", "S", "T", (*STEPS, "phase2"), "check", "smoke", kind="trigger")
HALF = Item("half", "S", "T", ("phase2-50", "phase2"), "check", "smoke")
WHOLE = Item("whole", "S", "T", ("phase2",), "check", "smoke")
PLAN = Plan((TRIGGER, HALF))
DUE = (10, 50, 100)
NOW = datetime(2026, 11, 30, 3, tzinfo=UTC)
SUBJECT = VerdictSubject(
    "staging", "remote", "https://x", "2.0.0", "2.0.0", None, "1", "c", "s", "host"
)
DECISION = {
    **dict.fromkeys(("item", "target", "release", "by", "reason", "rule", "check", "subject"), "x"),
    "kind": "waiver", "at": "2026-11-30T01:00:00Z", "expires": "2026-12-01T01:00:00Z",
    "covers": "any outcome", "exempt": False, "signed": False,
}  # fmt: skip


def check(name: str, outcome: str = "passed", **more: Any) -> dict[str, Any]:
    plain = {"check": name, "title": "", "outcome": outcome, "why": "", "seconds": 1.0}
    return {**plain, "absent": "", "accepted": [], "waivers": [], "evidence": [], **more}


def item(name: str, *checks: dict[str, Any], outcome: str = "passed") -> dict[str, Any]:
    return {"id": name, "outcome": outcome, "why": "no check proves it", "checks": list(checks)}


def step(percent: int, *items: dict[str, Any], **more: Any) -> StepVerdict:
    plain = {"verdict": "GO", "holds": [], "items": list(items), **more}
    return StepVerdict(percent, 0, plain=plain)


def good(percent: int) -> StepVerdict:
    items = [item("trigger", check("t.py::t"))]
    items += [item("half", check("h.py::h"))] if percent == 50 else []
    return step(percent, *items)


def join(*steps: StepVerdict, plan: Plan = PLAN) -> Verdict:
    return judge(
        plan,
        "phase2",
        join_results(plan, DUE, steps),
        subject=SUBJECT,
        started=NOW,
        now=NOW,
        run_errors=list_holds(steps),
    )


def outcomes(verdict: Verdict) -> dict[str, Outcome]:
    return {one.item.id: one.outcome for one in verdict.items}


def test_three_good_steps_are_go() -> None:
    assert join(*map(good, DUE)).word is VerdictWord.GO


@pytest.mark.parametrize("bad", DUE)
@pytest.mark.parametrize("outcome", ["failed", "error", "not proven"])
def test_one_bad_step_is_the_outcome_of_its_item(bad: int, outcome: str) -> None:
    steps = {percent: good(percent) for percent in DUE}
    found = item("trigger", check("t.py::t", outcome, why="bad"), outcome=outcome)
    steps[bad] = step(bad, found, *([item("half", check("h.py::h"))] if bad == 50 else []))
    verdict = join(*steps.values())
    assert verdict.word is VerdictWord.NO_GO
    assert outcomes(verdict) == {"trigger": Outcome(outcome), "half": Outcome.PASSED}
    assert f"at {bad} %: bad" in verdict.items[0].why or verdict.items[0].checks


@pytest.mark.parametrize("missing", DUE)
def test_a_step_that_was_not_judged_is_not_proven(missing: int) -> None:
    verdict = join(*(good(percent) for percent in DUE if percent != missing))
    assert verdict.word is VerdictWord.NO_GO
    assert outcomes(verdict)["trigger"] is Outcome.NOT_PROVEN


def test_an_item_that_is_missing_in_its_step_is_not_proven() -> None:
    verdict = join(good(10), step(50, item("trigger", check("t.py::t"))), good(100))
    assert outcomes(verdict) == {"trigger": Outcome.PASSED, "half": Outcome.NOT_PROVEN}


def test_an_item_without_a_check_in_one_step_is_not_proven() -> None:
    """Its checks of the other steps do not stand for it."""
    verdict = join(good(10), good(50), step(100, item("trigger", outcome="not proven")))
    assert outcomes(verdict)["trigger"] is Outcome.NOT_PROVEN


def test_an_item_that_is_asked_at_no_step_is_not_proven() -> None:
    verdict = join(*map(good, DUE), plan=Plan((TRIGGER, HALF, WHOLE)))
    assert outcomes(verdict)["whole"] is Outcome.NOT_PROVEN


def test_a_hold_of_any_step_is_one_of_the_whole() -> None:
    held = step(50, *good(50).plain["items"], holds=["the suite changed"], verdict="NO-GO")
    verdict = join(good(10), held, good(100))
    assert verdict.run_errors == ("phase2-50: the suite changed",)
    assert verdict.word is VerdictWord.NO_GO
    assert not held.is_go


def test_a_problem_of_a_child_is_a_hold() -> None:
    broken = StepVerdict(10, 3, problems=("its gate left no verdict",))
    assert list_holds([broken]) == ["phase2-10: its gate left no verdict"]
    assert not broken.is_go
    assert join(broken).word is VerdictWord.NO_GO


def test_what_a_step_goes_without_is_told_by_the_whole() -> None:
    waived = check("t.py::t", "waived", waivers=[DECISION])
    verdict = join(step(10, item("trigger", waived, outcome="waived")), good(50), good(100))
    assert verdict.word is VerdictWord.GO_WITH_WAIVERS
    (shown,) = [one for one in verdict.items[0].checks if one.waivers]
    assert shown.waivers[0].by == "x"

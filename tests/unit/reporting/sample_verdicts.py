"""Verdicts to lay out: one small plan, judged by the real judge, so that no test shows what no run
can give.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cutover_gates.core.declarations import ITEM, Declaration
from cutover_gates.core.gates import GATES
from cutover_gates.core.judge import judge
from cutover_gates.core.plan import Item, Plan
from cutover_gates.core.verdict import CheckResult, Outcome, Verdict, VerdictSubject
from cutover_gates.core.waivers import Decision
from cutover_gates.reporting.sample_evidence import make_load_evidence

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
SUBJECT = VerdictSubject(
    "main",
    "remote",
    "https://main.hospital.example",
    "2.0.0",
    "2.0.0",
    "8",
    "0.1.0",
    "abc",
    "0" * 64,
    "runner",
    production=True,
)
LOAD: dict[str, Any] = {
    "kind": "observation",
    "title": "response times",
    "facts": make_load_evidence(),
}
PLAN = Plan(
    (
        Item(
            "all-of-it",
            "Phase 3",
            "All of it works",
            GATES,
            "check",
            "smoke",
            ("doors", "patients"),
        ),
        Item(
            "doors",
            "Phase 3 / Functions",
            "Doors are shut",
            GATES,
            "check",
            "smoke",
            waivable=False,
        ),
        Item("patients", "Phase 3 / Functions", "Patients are kept", GATES, "check", "smoke"),
        Item("redis", "Phase 3 / Functions", "Redis is up", GATES, "check", "smoke"),
        Item("told", "Team", "The team was told", GATES, "sign-off"),
    )
)


def decision(item: str, **changed: Any) -> Decision:
    made = Decision(
        item,
        "main",
        "2.0.0",
        "Ada Example",
        NOW - timedelta(hours=1),
        "we can live with it",
        NOW + timedelta(days=1),
    )
    return replace(made, **changed)


def sample_verdict(
    outcomes: Mapping[str, Outcome] | None = None,
    *,
    gate: str = "phase3",
    why: str = "it broke",
    evidence: Any = (),
    waived: tuple[Decision, ...] = (),
    signed: bool = True,
    run_errors: tuple[str, ...] = (),
    plan: Plan = PLAN,
    **subject: Any,
) -> Verdict:
    """A verdict with these outcomes by item id; the other items passed, and the sign-off is given.

    Keywords of `Subject` change what is judged.
    """
    results = []
    for item in plan.items:
        outcome = (outcomes or {}).get(item.id, Outcome.PASSED)
        if item.proof == "check" and not item.rests_on and outcome is not Outcome.NOT_APPLICABLE:
            said = "" if outcome is Outcome.PASSED else why
            results.append(
                CheckResult(
                    f"smoke/test_{item.id}.py::test_it",
                    frozenset({item.id}),
                    outcome,
                    said,
                    0.1,
                    evidence,
                )
            )
    absent = [
        Declaration(ITEM, item, "the target has none", "Ada Example", NOW.date())
        for item, outcome in (outcomes or {}).items()
        if outcome is Outcome.NOT_APPLICABLE
    ]
    return judge(
        plan,
        gate,
        results,
        subject=replace(SUBJECT, **subject),
        started=NOW - timedelta(seconds=30),
        now=NOW,
        waivers=waived,
        signoffs=[decision("told")] if signed else [],
        declarations=absent,
        run_errors=run_errors,
    )

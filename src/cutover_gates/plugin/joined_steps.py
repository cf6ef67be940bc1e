"""Joins the verdicts of the steps of a rollout: what each found counts for the whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from cutover_gates.core.plan import Plan
from cutover_gates.core.rollout.rollout_step import STEP_GATES
from cutover_gates.core.verdict import (
    OPEN_OUTCOMES,
    SEVERITY_ORDER,
    CheckResult,
    JudgedStep,
    Outcome,
    VerdictWord,
    worst_outcome,
)
from cutover_gates.core.waivers import Decision
from cutover_gates.plugin.live_step import STEP_KEY

SHARE_FIGURE = "share of all answers"
"""The figure of an assessment that tells the share of the new release."""
UNJUDGED = "was not judged"


@dataclass(frozen=True)
class StepVerdict:
    """The verdict of one step as it stands in its `folder`; `status` is how its gate ended.

    `problems` are why it cannot be believed: each of them makes the whole NO-GO.
    """

    percent: int
    status: int
    folder: Path | None = None
    plain: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    @property
    def gate(self) -> str:
        """The gate that judged it."""
        return STEP_GATES[self.percent]

    @property
    def is_go(self) -> bool:
        """Whether the next step may begin, as far as this one is concerned."""
        word = self.plain.get("verdict")
        return word in (VerdictWord.GO, VerdictWord.GO_WITH_WAIVERS) and not self.problems

    @property
    def summary(self) -> JudgedStep | None:
        """What the joined page shows of it; None where there is no verdict."""
        if self.folder is None or not self.plain:
            return None
        return JudgedStep(
            self.gate,
            self.percent,
            VerdictWord(self.plain["verdict"]),
            datetime.fromisoformat(self.plain["started"]),
            datetime.fromisoformat(self.plain["finished"]),
            _read_live_seconds(self.folder),
            self.folder.name,
            _find_share(self.plain),
        )


def list_holds(steps: Sequence[StepVerdict]) -> list[str]:
    """Return the faults of all steps, each with its gate."""
    found = []
    for step in steps:
        holds = [*step.problems, *map(str, step.plain.get("holds", ()))]
        found += [f"{step.gate}: {hold}" for hold in holds]
    return found


def join_results(plan: Plan, due: Sequence[int], steps: Sequence[StepVerdict]) -> list[CheckResult]:
    """Return the checks of all steps as results of the whole: an item is as good as its worst step.

    `due` are the percentages that must be judged: what is asked at one that was not is not proven.
    """
    by_percent = {step.percent: step for step in steps if step.plain}
    results: list[CheckResult] = []
    for percent in due:
        gate = STEP_GATES[percent]
        items = [item.id for item in plan.select_items(gate) if item.proof == "check"]
        if percent in by_percent:
            results += _list_results(by_percent[percent], items)
        else:
            why = f"the step of {percent} % {UNJUDGED}"
            results.append(
                CheckResult(gate, frozenset(items), Outcome.NOT_PROVEN, why, did_run=False)
            )
    return results


def _list_results(step: StepVerdict, items: Sequence[str]) -> Iterator[CheckResult]:
    told = {item["id"]: item for item in step.plain["items"]}
    of_check: dict[str, set[str]] = {}
    checks: dict[str, Mapping[str, Any]] = {}
    for item in told.values():
        for check in item["checks"]:
            of_check.setdefault(check["check"], set()).add(item["id"])
            checks[check["check"]] = check
    for name, check in checks.items():
        yield _make_result(step, name, frozenset(of_check[name]), check)
    for name in items:
        yield from _list_open_item(step, name, told.get(name))


def _make_result(
    step: StepVerdict, name: str, items: frozenset[str], check: Mapping[str, Any]
) -> CheckResult:
    outcome = Outcome(check["outcome"])
    why = f"at {step.percent} %: {check['why']}" if check["why"] else ""
    return CheckResult(
        f"{name}[{step.percent} %]",
        items,
        outcome,
        why,
        float(check["seconds"]),
        title=check["title"],
        absent=check["absent"],
        accepted=tuple(check["accepted"]),
        waivers=tuple(_read_decision(one) for one in check["waivers"]),
        saw_failure=outcome in (Outcome.FAILED, Outcome.ERROR),
    )


def _list_open_item(
    step: StepVerdict, name: str, item: Mapping[str, Any] | None
) -> Iterator[CheckResult]:
    """Yield a result for an item that is open, or missing, without a check that says so."""
    if item is None:
        why = f"the verdict of {step.percent} % does not have it"
        yield CheckResult(step.gate, frozenset({name}), Outcome.NOT_PROVEN, why, did_run=False)
        return
    outcome = Outcome(item["outcome"])
    of_checks = worst_outcome([Outcome(each["outcome"]) for each in item["checks"]])
    if outcome in OPEN_OUTCOMES and _is_worse(outcome, of_checks, has_any=bool(item["checks"])):
        why = f"at {step.percent} %: {item['why']}"
        yield CheckResult(step.gate, frozenset({name}), outcome, why)


def _is_worse(outcome: Outcome, other: Outcome, *, has_any: bool) -> bool:
    return not has_any or SEVERITY_ORDER.index(outcome) < SEVERITY_ORDER.index(other)


def _read_decision(plain: Mapping[str, Any]) -> Decision:
    return Decision(
        plain["item"],
        plain["target"],
        plain["release"],
        plain["by"],
        datetime.fromisoformat(plain["at"]),
        plain["reason"],
        datetime.fromisoformat(plain["expires"]),
        plain["covers"],
        plain["rule"],
        plain["check"],
        plain["subject"],
        is_exempt=plain["exempt"],
        is_signed=plain["signed"],
    )


def _read_live_seconds(folder: Path) -> float:
    try:
        step = json.loads((folder / f"{STEP_KEY}.json").read_text(encoding="utf-8"))["found"][
            "step"
        ]
        return float(step["ends"]) - float(step["begins"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0.0


def _find_share(plain: Mapping[str, Any]) -> str:
    """Return what the checks of the step saw of the share; empty where they left nothing of it."""
    checks = [check for item in plain.get("items", ()) for check in item["checks"]]
    facts = [entry.get("facts") for check in checks for entry in check["evidence"]]
    told = [fact.get(SHARE_FIGURE) for fact in facts if isinstance(fact, Mapping)]
    return next((str(one) for one in told if one), "")

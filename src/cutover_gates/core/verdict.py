"""What GO means: a pure function from plan, outcomes, waivers, sign-offs and clock to a verdict.

Nothing is read or written here. A GO is proof: every item of the gate is passed or attested, by
checks that all ran, once, to their end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from cutover_gates.core.findings import Finding
from cutover_gates.core.plan import Item, Plan
from cutover_gates.core.waivers import Decision, RejectedDecision, select_valid_decisions


class Outcome(StrEnum):
    """How one check or item came out.

    The order is the ladder: the worst of several is the first that is among them.
    """

    ERROR = "error"
    FAILED = "failed"
    NOT_PROVEN = "not proven"
    WAIVED = "waived"
    ATTESTED = "attested"
    PASSED = "passed"
    NOT_APPLICABLE = "not applicable"


SEVERITY_ORDER = tuple(Outcome)
OPEN_OUTCOMES = frozenset({Outcome.ERROR, Outcome.FAILED, Outcome.NOT_PROVEN})
PROVEN_OUTCOMES = frozenset({Outcome.PASSED, Outcome.ATTESTED})


def worst_outcome(outcomes: Iterable[Outcome]) -> Outcome:
    """The worst of several; of none, nothing is proven."""
    return min(outcomes, key=SEVERITY_ORDER.index, default=Outcome.NOT_PROVEN)


class VerdictWord(StrEnum):
    """The one word that a gate ends in."""

    GO = "GO"
    GO_WITH_WAIVERS = "GO WITH WAIVERS"
    NO_GO = "NO-GO"


@dataclass(frozen=True)
class CheckResult:
    """One check's outcome.

    `check` is its node id, `title` what holds when it passes, `items` the plan items that it
    proves, `evidence` what it saw (JSON-able, redacted). `findings` are the breaches of rules, or,
    of a check that is not proven, the gaps (`Finding.actual` is the reason); `why` says the same
    in a text.
    """

    check: str
    items: frozenset[str]
    outcome: Outcome
    why: str = ""
    seconds: float = 0.0
    evidence: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    findings: tuple[Finding, ...] = ()
    title: str = ""


@dataclass(frozen=True)
class ItemResult:
    """One item's outcome in a verdict. `why` is empty where nothing needs saying."""

    item: Item
    outcome: Outcome
    why: str = ""
    checks: tuple[CheckResult, ...] = ()
    decision: Decision | None = None


@dataclass(frozen=True)
class VerdictSubject:
    """What was judged: the part of a verdict that binds it to a system, a release and a moment.

    `reported_release` and `migration` are what the target said of itself (None where it did not).
    `settings` is a SHA-256 of all settings but secrets.
    """

    target: str
    kind: str
    address: str
    release: str
    reported_release: str | None
    migration: str | None
    suite_version: str
    suite_commit: str
    settings: str
    host: str
    production: bool = False


@dataclass(frozen=True)
class Verdict:
    """A gate's word with all that it stands on.

    `run_errors` are faults of the run itself, each of them NO-GO.
    """

    gate: str
    word: VerdictWord
    subject: VerdictSubject
    started: datetime
    finished: datetime
    items: tuple[ItemResult, ...]
    run_errors: tuple[str, ...] = ()
    rejected_decisions: tuple[RejectedDecision, ...] = ()

    @property
    def is_go(self) -> bool:
        return self.word is not VerdictWord.NO_GO

    def with_outcome(self, *outcomes: Outcome) -> tuple[ItemResult, ...]:
        return tuple(result for result in self.items if result.outcome in outcomes)


def judge(
    plan: Plan,
    gate: str,
    results: Sequence[CheckResult],
    *,
    subject: VerdictSubject,
    started: datetime,
    now: datetime,
    waivers: Sequence[Decision] = (),
    signoffs: Sequence[Decision] = (),
    not_applicable: Mapping[str, str] | None = None,
    holds: Sequence[str] = (),
) -> Verdict:
    """Judge one gate (an expression over gates and suites).

    `not_applicable` maps item ids to the reasons declared in settings.
    """
    waived, refused_waivers = select_valid_decisions(
        "waiver", waivers, plan, subject.target, subject.release, now
    )
    signed, refused_signoffs = select_valid_decisions(
        "sign-off", signoffs, plan, subject.target, subject.release, now
    )
    judged = plan.select_items(gate)
    bench = _ItemJudge(
        plan, frozenset(item.id for item in judged), results, waived, signed, not_applicable or {}
    )
    items = tuple(bench.judge_item(item) for item in judged)
    holds = (*holds, *_find_unassigned_results(plan, results))
    return Verdict(
        gate,
        _decide_word(items, holds),
        subject,
        started,
        now,
        items,
        holds,
        (*refused_waivers, *refused_signoffs),
    )


def _find_unassigned_results(plan: Plan, results: Sequence[CheckResult]) -> tuple[str, ...]:
    """What is not proven and belongs to no item of the plan: any item might have needed it, so it
    belongs to the run itself.
    """
    return tuple(
        result.why
        or f"{result.check} is {result.outcome.value}, and no item of the plan is known for it"
        for result in results
        if result.outcome in OPEN_OUTCOMES and not result.items & plan.by_id.keys()
    )


def _decide_word(items: Sequence[ItemResult], holds: Sequence[str]) -> VerdictWord:
    outcomes = {result.outcome for result in items}
    if holds or outcomes & OPEN_OUTCOMES or not outcomes & PROVEN_OUTCOMES:
        return VerdictWord.NO_GO
    return VerdictWord.GO_WITH_WAIVERS if Outcome.WAIVED in outcomes else VerdictWord.GO


@dataclass
class _ItemJudge:
    """The judge's table: everything that one item's outcome may depend on."""

    plan: Plan
    judged: frozenset[str]
    results: Sequence[CheckResult]
    waived: Mapping[str, Decision]
    signed: Mapping[str, Decision]
    not_applicable: Mapping[str, str]

    def judge_item(self, item: Item) -> ItemResult:
        found = self._judge_without_waiver(item)
        waiver = self.waived.get(item.id)
        if waiver is not None and found.outcome in (
            OPEN_OUTCOMES if waiver.covers == "anything" else {Outcome.NOT_PROVEN}
        ):
            return ItemResult(
                item, Outcome.WAIVED, f"{found.outcome.value}: {found.why}", found.checks, waiver
            )
        return found

    def _judge_without_waiver(self, item: Item) -> ItemResult:
        if item.id in self.not_applicable:
            against = _applicability_objection(item)
            return ItemResult(
                item,
                Outcome.NOT_PROVEN if against else Outcome.NOT_APPLICABLE,
                against or self.not_applicable[item.id],
            )
        return self._judge_sign_off(item) if item.proof == "sign-off" else self._judge_checks(item)

    def _judge_sign_off(self, item: Item) -> ItemResult:
        decision = self.signed.get(item.id)
        if decision is None:
            return ItemResult(item, Outcome.NOT_PROVEN, "nobody signed it off")
        return ItemResult(item, Outcome.ATTESTED, f"{decision.by}: {decision.reason}", (), decision)

    def _judge_checks(self, item: Item) -> ItemResult:
        own = tuple(result for result in self.results if item.id in result.items)
        below = [self.judge_item(self.plan.item(other)) for other in item.rests_on]
        if not own and not below:
            return ItemResult(item, Outcome.NOT_PROVEN, "no check proves it")
        outcome = worst_outcome(
            [result.outcome for result in own] + [result.outcome for result in below]
        )
        if outcome in (Outcome.WAIVED, Outcome.NOT_APPLICABLE) and not item.waivable:
            outcome = Outcome.NOT_PROVEN
        elsewhere = tuple(
            check
            for result in below
            if result.item.id not in self.judged
            for check in result.checks
        )
        return ItemResult(item, outcome, _explain_outcome(outcome, own, below), own + elsewhere)


def _applicability_objection(item: Item) -> str:
    """Why an item cannot be declared not applicable; empty where it can."""
    if not item.waivable:
        return (
            f"declared not applicable, which {item.id} cannot be: it guards against data loss or"
            " open doors"
        )
    if item.rests_on:  # it would hide what it rests on, which this gate may not ask for by itself
        return (
            f"declared not applicable, but it rests on {', '.join(item.rests_on)}: declare the one"
            " that is meant"
        )
    return ""


def _explain_outcome(
    outcome: Outcome, own: Sequence[CheckResult], below: Sequence[ItemResult]
) -> str:
    """What the worst of them say, the first of each kind; of a passed item, what was left out of it
    by declaration.
    """
    if outcome is Outcome.PASSED and (
        left_out := [result for result in own if result.outcome is Outcome.NOT_APPLICABLE]
    ):
        return (
            f"{len(left_out)} of its {len(own)} checks are declared not applicable:"
            f" {left_out[0].why}"
        )
    blamed = [result.why for result in own if result.outcome is outcome and result.why]
    blamed += [
        f"{result.item.id} is {result.outcome.value}"
        for result in below
        if result.outcome in OPEN_OUTCOMES | {Outcome.WAIVED}
    ]
    if (
        outcome is Outcome.NOT_PROVEN and not blamed
    ):  # an item that may not be left out, and every check of it was
        blamed = [
            f"nothing proves it: {given.why}"
            for given in own
            if given.outcome is Outcome.NOT_APPLICABLE
        ]
        blamed += [
            f"nothing proves it: {given.item.id} is not applicable"
            for given in below
            if given.outcome is Outcome.NOT_APPLICABLE
        ]
    rest = f" (and {len(blamed) - 1} more)" if len(blamed) > 1 else ""
    return blamed[0] + rest if blamed and outcome not in PROVEN_OUTCOMES else ""

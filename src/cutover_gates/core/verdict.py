"""The values of a verdict: outcomes of checks and items, the word, and what was judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from cutover_gates.core.declarations import AppliedDeclaration
from cutover_gates.core.findings import Finding
from cutover_gates.core.judged_by import JudgedBy
from cutover_gates.core.plan import Item
from cutover_gates.core.release_answers import ReleaseAnswers
from cutover_gates.core.waivers import Decision, RejectedDecision


class Outcome(StrEnum):
    """The outcome of one check or item, from the worst to the best."""

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
    """Return the worst of several outcomes. Of none, nothing is proven."""
    return min(outcomes, key=SEVERITY_ORDER.index, default=Outcome.NOT_PROVEN)


class VerdictWord(StrEnum):
    """The word that a gate ends in.

    `NOT_JUDGED` is the word of a call that asked for a verdict and was wrong: nothing was asked of
    the target.
    """

    GO = "GO"
    GO_WITH_WAIVERS = "GO WITH WAIVERS"
    NO_GO = "NO-GO"
    NOT_JUDGED = "NOT JUDGED"


GO_WORDS = frozenset({VerdictWord.GO, VerdictWord.GO_WITH_WAIVERS})


@dataclass(frozen=True)
class CheckResult:
    """One check's outcome.

    `check` is its node id, `title` what holds when it passes, `items` the plan items that it
    proves, `evidence` what it saw (JSON-able, redacted). `findings` are the breaches of rules, or,
    of a check that is not proven, the gaps (`Finding.actual` is the reason); `why` says the same
    in a text. `only_findings` is False where something else was wrong, too. `absent` is the
    capability without which it is not applicable. `accepted` are the accepted findings that it
    passed over, each as a sentence. `waivers` are those that cover it. `saw_failure` is True where
    it found the target wrong in any attempt or phase, whatever its outcome is. `did_run` is False
    where it was deselected, left out or never started.
    """

    check: str
    items: frozenset[str]
    outcome: Outcome
    why: str = ""
    seconds: float = 0.0
    evidence: Sequence[Mapping[str, Any]] = field(default=(), repr=False)
    findings: tuple[Finding, ...] = ()
    title: str = ""
    only_findings: bool = True
    absent: str = ""
    accepted: tuple[str, ...] = ()
    waivers: tuple[Decision, ...] = ()
    saw_failure: bool = False
    did_run: bool = True


@dataclass(frozen=True)
class ItemResult:
    """The outcome of one item in a verdict. `why` is empty where nothing needs saying."""

    item: Item
    outcome: Outcome
    why: str = ""
    checks: tuple[CheckResult, ...] = ()
    decision: Decision | None = None


@dataclass(frozen=True)
class VerdictSubject:
    """The system, release, suite and settings that a verdict is bound to.

    `reported_release` and `migration` are what the target reported (None where it did not).
    `settings` is a SHA-256 of all that decides what is asked: the settings but secrets, and what
    `judged_by.digest` names beside them. `judged_by` is None where it is not known.
    `images` are those under judgement, as
    `repository@sha256:…`; without one `document` is the SHA-256 of the document that the target
    serves about itself. `signer` is the id of the key or identity that signs. `previous_release`
    is the declared release before the cutover; `release_answers` are what the target reported, many
    times, before and after the checks.
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
    images: tuple[str, ...] = ()
    document: str | None = None
    signer: str | None = None
    previous_release: str | None = None
    release_answers: tuple[ReleaseAnswers, ...] = ()
    judged_by: JudgedBy | None = None


@dataclass(frozen=True)
class JudgedStep:
    """One step of a rollout in the verdict that joins them.

    `seconds` is how long it was live, `folder` the name of the folder of its own verdict.
    """

    gate: str
    percent: int
    word: VerdictWord
    started: datetime
    finished: datetime
    seconds: float
    folder: str
    share: str = ""


@dataclass(frozen=True)
class Verdict:
    """The word of a gate, with all that it is decided from.

    `run_errors` are faults of the run itself: each of them is NO-GO. `declared` are the facts that
    left something out of this gate. `notes` are sentences that change nothing. `steps` are those
    of a rollout, which have verdicts of their own.
    """

    gate: str
    word: VerdictWord
    subject: VerdictSubject
    started: datetime
    finished: datetime
    items: tuple[ItemResult, ...]
    run_errors: tuple[str, ...] = ()
    rejected_decisions: tuple[RejectedDecision, ...] = ()
    declared: tuple[AppliedDeclaration, ...] = ()
    notes: tuple[str, ...] = ()
    rollback_order: str = ""
    steps: tuple[JudgedStep, ...] = ()

    @property
    def accepted_findings(self) -> tuple[str, ...]:
        """The accepted findings that its checks passed over, each once."""
        sentences = [one for item in self.items for check in item.checks for one in check.accepted]
        return tuple(dict.fromkeys(sentences))

    @property
    def is_go(self) -> bool:
        """True for GO and for GO WITH WAIVERS."""
        return self.word in GO_WORDS

    def with_outcome(self, *outcomes: Outcome) -> tuple[ItemResult, ...]:
        """Return the items with one of these outcomes, in the order of the plan."""
        return tuple(result for result in self.items if result.outcome in outcomes)

"""Asks a target over new connections whether the failed release still answers."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.statistics.sequential_test import ShareLimit, estimate_remaining_requests
from cutover_gates.watch.way_back import rules
from cutover_gates.watch.way_back.assessments import (
    NO_ANSWER,
    NO_RELEASE,
    RollbackAssessments,
)

LARGEST_SHARE = 0.01
"""The share of the answers of which so many clean ones prove that the failed release has less."""
LANES = 6
"""Questions at the same time: instances must answer, and not bear a load."""


def count_needed() -> int:
    """Return how many answers without the failed release prove that it has less than the share."""
    needed = estimate_remaining_requests(ShareLimit(LARGEST_SHARE), 0, 0)
    assert needed is not None  # a share of 0 has an end in sight
    return needed


def ask_many(ask: Callable[[], str], count: int, seconds: float) -> Counter[str]:
    """Return what `count` questions were answered, at random moments spread over `seconds`."""
    begins = time.monotonic()

    def ask_at(number: int) -> str:
        # A fixed rhythm would show a client of a fixed cycle one instance only.
        planned = seconds * (number + secrets.randbelow(1000) / 1000) / count
        time.sleep(max(0.0, begins + planned - time.monotonic()))
        return ask()

    with ThreadPoolExecutor(LANES, thread_name_prefix="way-back") as threads:
        return Counter(threads.map(ask_at, range(count)))


@dataclass(frozen=True)
class TrafficAssessments:
    """The question whether traffic still reaches the failed release.

    `ask` sends one request over a new connection, and returns the release that the answer names,
    `NO_ANSWER` or `NO_RELEASE`. `may_be_silent`: an answer of the release before names none.
    """

    rollback: RollbackAssessments
    ask: Callable[[], str]
    previous: str
    may_be_silent: bool
    ask_many: Callable[[Callable[[], str], int, float], Counter[str]] = ask_many

    def assess_traffic(self) -> Assessment:
        """Return whether no answer comes from the failed release, now and for long enough.

        The watcher's record shows the time where it can; else the questions take it.
        """
        builder, quiet = AssessmentBuilder(), self.rollback.settings.quiet_seconds
        seconds = 0.0 if self.rollback.watched_quiet() else quiet
        answers = self.ask_many(self.ask, count_needed(), seconds)
        builder.figures |= {"answers": dict(answers), "asked for seconds": seconds}
        self._judge(answers, builder)
        self.rollback.add_last_answer(builder)
        assessment = builder.build(rules.TRAFFIC_STOPPED.title)
        self.rollback.record_assessment(assessment)
        return assessment

    def _judge(self, answers: Counter[str], builder: AssessmentBuilder) -> None:
        total, rule = answers.total(), rules.TRAFFIC_STOPPED
        allowed = {self.previous, NO_ANSWER, NO_RELEASE}
        for release in sorted(answers.keys() - allowed):
            builder.add_finding(
                rule,
                f"release {release}",
                expected=f"{self.previous} in all {total} answers, each over a new connection",
                actual=f"{release} in {answers[release]} of them",
                count=answers[release],
            )
        silent = answers[NO_RELEASE]
        if silent and not self.may_be_silent:
            reason = f"{silent} of {total} answers name no release"
            builder.add_gap(rule, "the answers", reason)
        if lost := answers[NO_ANSWER]:
            reason = f"{lost} of {total} requests got no answer: nobody knows who would give it"
            builder.add_gap(rule, "the answers", reason)
        builder.checked.append(
            f"{total} answers over new connections: at most {LARGEST_SHARE:.0%} are of another"
            " release (95 %)"
        )

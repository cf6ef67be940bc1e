"""The success criteria over the whole night, by what the watcher's probes saw.

A load run shows what the service bears at one moment. Beside it stands what was asked all through
the cutover. The two are never added up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from cutover_gates.config.performance import Performance
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.findings import Rule
from cutover_gates.core.statistics.sequential_test import Conclusion, ShareLimit
from cutover_gates.probes.observability.metrics.night_traffic import SLOW_SHARE
from cutover_gates.watch import rules
from cutover_gates.watch.assessments import WatchAssessments
from cutover_gates.watch.journal_reader import add_record_problems

OPERATIONS = {
    "read": "patient",
    "new-connection": "patient",
    "search": "search",
    "write": "update",
}
"""The paths of one request each, and the operation whose objective they must hold."""
ENOUGH = 1.5
"""Times the probes that prove an objective where none is slow; fewer planned ones prove nothing."""


@dataclass(frozen=True)
class NightCriteria:
    """The questions to the record of a watch; each answers with an assessment."""

    watch: WatchAssessments
    performance: Performance

    def assess_error_rate(self) -> Assessment:
        """Return whether it is certain that few enough probes failed in the whole window."""
        builder = self._begin()
        results, bad = self.watch.continuity.results, self.watch.continuity.failures
        failed = Counter(result.path for result in results if result.failed)
        limit = ShareLimit(self.watch.settings.error_share)
        self._conclude(builder, rules.FEW_FAIL_FOR_CERTAIN, "", limit, (bad, len(results)))
        builder.figures = {"source": "probes", "probes": len(results), "failed": dict(failed)}
        return self._finish(builder, "errors of the whole night")

    def assess_response_times(self) -> Assessment:
        """Return whether it is certain that the probes of each path were fast enough."""
        builder, told = self._begin(), dict[str, str]()
        for path, operation in OPERATIONS.items():
            seconds = self.performance.objectives.limits_for(operation).p95
            if seconds is not None and path in self._planned:
                self._assess_path(builder, path, seconds, told)
        if not builder.checked and not builder.findings and not builder.not_proven:
            reason = f"too few probes are planned for any of {', '.join(OPERATIONS)}"
            builder.add_gap(rules.FAST_ALL_NIGHT, "", reason)
        builder.figures = {"source": "probes", "share": SLOW_SHARE, "not judged": told}
        return self._finish(builder, "response times of the whole night")

    def _assess_path(
        self, builder: AssessmentBuilder, path: str, seconds: float, told: dict[str, str]
    ) -> None:
        # Errors are no response times: the error rate counts them.
        taken = [one.took for one in self.watch.continuity.results if one.path == path]
        limit = ShareLimit(SLOW_SHARE)
        if self._planned[path] < ENOUGH * limit.count_clean_requests():
            told[path] = f"about {self._planned[path]:.0f} probes are planned in the window"
            return
        slow = sum(one > seconds for one in taken)
        subject = f"{path}, p95 within {seconds:g} s"
        self._conclude(builder, rules.FAST_ALL_NIGHT, subject, limit, (slow, len(taken)))

    @property
    def _planned(self) -> Mapping[str, float]:
        """The number of probes of each path that the window has room for."""
        watched = self.watch.continuity.watched_seconds
        intervals = self.watch.list_intervals()
        return {path: watched / interval for path, interval in intervals.items()}

    def _begin(self) -> AssessmentBuilder:
        """Return an assessment with what the record itself does not show."""
        builder = AssessmentBuilder()
        add_record_problems(builder, self.watch.record)
        self.watch.add_own_gaps(builder)
        return builder

    def _conclude(
        self,
        builder: AssessmentBuilder,
        rule: Rule,
        subject: str,
        limit: ShareLimit,
        counts: tuple[int, int],
    ) -> None:
        """Add what the counts of bad and of all probes prove by themselves."""
        bad, total = counts
        found = f"{bad:,} of {total:,} probes"
        conclusion = limit.decide(bad, total)
        if conclusion is Conclusion.BROKEN:
            builder.add_finding(rule, subject, expected=f"at most {limit.limit:.2%}", actual=found)
        elif conclusion is Conclusion.OPEN:
            needed = limit.count_clean_requests()
            reason = f"{found} do not prove at most {limit.limit:.2%}; {needed:,} good ones do"
            builder.add_gap(rule, subject, reason)
        else:
            builder.checked.append(f"{subject or 'all paths'}: {found}")

    def _finish(self, builder: AssessmentBuilder, title: str) -> Assessment:
        builder.figures["segments"] = dict(self.watch.record.segments)
        assessment = builder.build(title)
        self.watch.record_assessment(assessment)
        return assessment

"""The questions that the checks of `performance/` ask of a load run that is over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cutover_gates.config.performance import Performance
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.findings import Finding
from cutover_gates.hospital import Unsupported
from cutover_gates.probes.load import rules
from cutover_gates.probes.load.load_baseline import LoadBaselines
from cutover_gates.probes.load.load_validity import find_load_gaps
from cutover_gates.probes.load.model import RATIO, LoadSummary, ObjectiveResult, SafetyStop
from cutover_gates.probes.load.objective_findings import add_broken_objective, add_open_objective

NO_POOL, NO_USAGE = "connection-pool-metrics", "resource-metrics"
"""Names under `unsupported` of a target that reports no figures of its pool, or of CPU and memory.
"""
SAFETY_RULES = {"errors": rules.SAFETY_ERRORS, "slowdown": rules.SAFETY_SLOWDOWN}


@dataclass(frozen=True)
class LoadAssessments:
    """Answers the checks about a load run.

    `unsupported` holds what the target does not offer, with the reasons. A question about such a
    thing raises `Unsupported`. `record` leaves an assessment in the evidence.
    """

    summary: LoadSummary
    performance: Performance
    baselines: LoadBaselines
    unsupported: Mapping[str, str] = field(default_factory=dict)
    record: Callable[[Assessment], None] = field(default=lambda _assessment: None, repr=False)

    def assess_offered_load(self) -> Assessment:
        """Check that the load was made as planned."""
        summary = self.summary
        builder = AssessmentBuilder(
            not_proven=find_load_gaps(summary, self.performance),
            figures={
                **vars(summary.generator),
                "begun": dict(summary.journeys),
                "ended": summary.end_reason,
            },
        )
        if summary.requests:
            builder.checked.append(f"{summary.requests} requests in {summary.judged_seconds:g} s")
        return self._record_assessment(builder.build("the load"))

    def assess_response_times(self) -> Assessment:
        """Check that every operation keeps its response times."""
        objectives = [
            one
            for one in self.summary.objectives
            if one.item == "response-times" and not one.statistic.endswith(RATIO)
        ]
        shown = [*self.summary.operations, self.summary.new_connections]
        figures = {
            "operations": [one.to_facts() for one in shown if one.requests],
            **self._shared_figures(),
        }
        return self._assess_objectives("response times", objectives, figures, "slowdown")

    def assess_error_rate(self) -> Assessment:
        """Check that few enough requests fail."""
        objectives = [one for one in self.summary.objectives if one.item == "error-rate"]
        failures = {name: list(texts) for name, texts in self.summary.failures.items()}
        figures = {
            "troubles": failures,
            "failed": [str(one) for one in self.summary.failure_counts],
            "asked_again": self.summary.generator.asked_again,
            **self._shared_figures(),
        }
        return self._assess_objectives("errors", objectives, figures, "errors")

    def assess_against_baseline(self) -> Assessment:
        """Check that no operation is much slower than in the baseline, at p50, p95 and p99.

        A percentile that has too few requests for it is named in the figures. Raises `NotProven`
        where there is no baseline that can be compared.
        """
        self._require_capability("baseline")
        comparison = self.baselines.compare(self.summary)
        objectives = [
            replace(one, measured=comparison.measured(one.operation, one.statistic))
            for one in self.summary.objectives
            if one.statistic.endswith(RATIO)
        ]
        not_compared = [str(one) for one in self.summary.uncompared]
        figures = {**comparison.to_facts(), "not_compared": not_compared}
        return self._assess_objectives("against the baseline", objectives, figures, "slowdown")

    def assess_connection_pool(self) -> Assessment:
        """Check that the connection pool and the database have room."""
        if "database" in self.unsupported:
            self._require_capability(NO_POOL)
        return self._record_assessment(self._require_load(self.summary.pool))

    def assess_resource_usage(self) -> Assessment:
        """Check that CPU and memory are normal, and that memory does not grow."""
        self._require_capability(NO_USAGE)
        return self._record_assessment(self._require_load(self.summary.usage))

    def _require_load(self, assessment: Assessment) -> Assessment:
        """Return the assessment with the reasons why the load proves nothing, as gaps.

        A target that is not asked needs no connection, processor or memory. What is too much even
        so is a finding all the same.
        """
        gaps = find_load_gaps(self.summary, self.performance)
        return replace(assessment, not_proven=(*assessment.not_proven, *gaps))

    def record_baseline(self) -> Assessment:
        """Record this run as the baseline. Raises `NotProven` where it does not pass."""
        self._require_capability("baseline")
        assessments = [
            self.assess_offered_load(),
            self.assess_response_times(),
            self.assess_error_rate(),
            self.assess_connection_pool(),
            self.assess_resource_usage(),
        ]
        problems: list[Finding] = []
        for assessment in assessments:
            problems += assessment.findings
        for assessment in assessments:
            problems += assessment.not_proven
        baseline = self.baselines.record(self.summary, problems)
        builder = AssessmentBuilder(figures=baseline.to_plain())
        builder.checked.append(self.baselines.path.name)
        return self._record_assessment(builder.build("the baseline"))

    def _require_capability(self, name: str) -> None:
        if name in self.unsupported:
            raise Unsupported(name, self.unsupported[name])

    def _shared_figures(self) -> dict[str, Any]:
        series = [list(row) for row in self.summary.series]
        return {"series": series, "ended": self.summary.end_reason}

    def _assess_objectives(
        self,
        title: str,
        objectives: Sequence[ObjectiveResult],
        figures: Mapping[str, Any],
        stop_kind: str,
    ) -> Assessment:
        """Judge objectives: broken ones are findings, required ones that are open are gaps.

        Where the load was not made as planned, a broken objective is a gap too: what looks like a
        fault of the target may come from the load generator.
        """
        gaps = find_load_gaps(self.summary, self.performance)
        builder = AssessmentBuilder(
            not_proven=list(gaps),
            figures={"claims": [one.to_facts() for one in objectives], **figures},
        )
        # A safety stop is a finding whatever the load was: the target was in trouble.
        stop = self.summary.safety_stop
        if stop and stop.kind == stop_kind:
            _add_safety_stop(builder, stop)
        for objective in objectives:
            if objective.state == "broken":
                add_broken_objective(builder, objective, self.summary, as_gap=bool(gaps))
            if objective.state == "open" and objective.required:
                add_open_objective(builder, objective, self.summary)
            if objective.state != "open":
                builder.checked.append(
                    f"{objective.operation}: {objective.statistic} {objective.limit}"
                )
        return self._record_assessment(builder.build(title))

    def _record_assessment(self, assessment: Assessment) -> Assessment:
        self.record(assessment)
        return assessment


def _add_safety_stop(builder: AssessmentBuilder, stop: SafetyStop) -> None:
    builder.add_finding(
        SAFETY_RULES[stop.kind], "all requests", expected=stop.expected, actual=stop.actual
    )

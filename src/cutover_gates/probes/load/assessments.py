"""What the checks of `performance/` ask of a run: each question is answered with an examination."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cutover_gates.config.performance import Performance
from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.hospital import Unsupported
from cutover_gates.probes.load.load_baseline import LoadBaselines
from cutover_gates.probes.load.load_summary import find_load_problems

MAX_SHOWN_FAILURES = 3
NO_POOL, NO_USAGE = "connection-pool-metrics", "resource-metrics"
"""What a target declares `unsupported` that does not tell of its pool, or of its CPU and memory."""


@dataclass(frozen=True)
class LoadAssessments:
    """A load run that is over.

    `summary` are those of `course`, with the examinations of what the target used. `unsupported`: what
    the target does not offer, with the reasons. A question about such a thing raises `NotOffered`.
    """

    summary: Mapping[str, Any]
    performance: Performance
    baselines: LoadBaselines
    unsupported: Mapping[str, str] = field(default_factory=dict)
    record: Callable[[Assessment], None] = field(default=lambda _examination: None, repr=False)

    def assess_offered_load(self) -> Assessment:
        """Was the load made that was intended?"""
        generator = self.summary["generator"]
        examined = (
            (f"{self.summary['requests']} requests in {self.summary['judged_seconds']:g} s",)
            if self.summary["requests"]
            else ()
        )
        return self._record_assessment(
            "the load",
            examined,
            (),
            find_load_problems(dict(self.summary), self.performance),
            {**generator, "begun": self.summary["begun"], "ended": self.summary["ended"]},
        )

    def assess_response_times(self) -> Assessment:
        """Does every operation keep its response times?"""
        facts = {
            "operations": self.summary["operations"],
            "series": self.summary["series"],
            "ended": self.summary["ended"],
        }
        return self._assess_objectives(
            "response times",
            lambda claim: claim["item"] == "response-times" and claim["statistic"] != "ratio",
            facts,
        )

    def assess_error_rate(self) -> Assessment:
        """Do few enough requests fail?"""
        facts = {key: self.summary[key] for key in ("troubles", "series", "ended")}
        return self._assess_objectives("errors", lambda claim: claim["item"] == "error-rate", facts)

    def assess_against_baseline(self) -> Assessment:
        """Does every operation take at most so many times what it took in the baseline?

        Raises `NotProven` where none can be compared with.
        """
        self._require_capability("baseline")
        baseline = self.baselines.compare(self.summary)
        return self._assess_objectives(
            "against the baseline", lambda claim: claim["statistic"] == "ratio", baseline
        )

    def assess_connection_pool(self) -> Assessment:
        """Is there room in the connection pool, and in the database?"""
        if "database" in self.unsupported:
            self._require_capability(NO_POOL)
        return self._assess_resource("pool")

    def assess_resource_usage(self) -> Assessment:
        """Are CPU and memory normal, and do they not grow?"""
        self._require_capability(NO_USAGE)
        return self._assess_resource("usage")

    def record_baseline(self) -> Assessment:
        """Record this run as the baseline. Raises `NotProven` where it is no good one."""
        self._require_capability("baseline")
        asked = [
            question()
            for question in (
                self.assess_offered_load,
                self.assess_response_times,
                self.assess_error_rate,
                self.assess_connection_pool,
                self.assess_resource_usage,
            )
        ]
        bad = [
            *(finding for one in asked for finding in one.findings),
            *(hole for one in asked for hole in one.not_proven),
        ]
        path, facts = self.baselines.record(self.summary, bad)
        return self._record_assessment("the baseline", (path,), (), (), facts)

    def _require_capability(self, name: str) -> None:
        if name in self.unsupported:
            raise Unsupported(name, self.unsupported[name])

    def _assess_resource(self, name: str) -> Assessment:
        told = self.summary["resources"][name]
        return self._record_assessment(
            told["title"],
            tuple(told["checked"]),
            tuple(told["findings"]),
            tuple(told["not_proven"]),
            told["figures"],
        )

    def _assess_objectives(
        self, title: str, mine: Callable[[Mapping[str, Any]], bool], facts: Mapping[str, Any]
    ) -> Assessment:
        """Claims that are broken are findings; needed ones that are open are not proven.

        Where the load was not made as it was intended nothing is known of the target: what looks
        like its fault may be ours.
        """
        claims = [claim for claim in self.summary["claims"] if mine(claim)]
        holes = find_load_problems(dict(self.summary), self.performance)
        broken = [
            self._format_broken_objective(claim) for claim in claims if claim["state"] == "broken"
        ]
        findings, doubtful = ([], broken) if holes else (broken, [])
        if self.summary["stopped_for_safety"] and (
            ("failed" in self.summary["ended"]) == (title == "errors")
        ):
            findings.insert(0, str(self.summary["ended"]))
        unproven = [
            self._format_open_objective(claim)
            for claim in claims
            if claim["needed"] and claim["state"] == "open"
        ]
        examined = [
            f"{claim['operation']}: {claim['statistic']} {claim['limit']}"
            for claim in claims
            if claim["state"] != "open"
        ]
        return self._record_assessment(
            title,
            tuple(examined),
            findings,
            [*holes, *doubtful, *unproven],
            {"claims": claims, **facts},
        )

    def _format_broken_objective(self, claim: Mapping[str, Any]) -> str:
        words = [
            f"{_format_objective_name(claim)} is not {claim['limit']}: {claim['bad']} of {claim['of']} requests"
            f" {'failed' if claim['statistic'] == 'errors' else 'took longer'}, and at most"
            f" {claim['share'] * 100:g} % may"
        ]
        if claim["statistic"] == "errors":
            troubles = [
                text
                for name, texts in self.summary["troubles"].items()
                if claim["operation"] in (name, "all requests")
                for text in texts
            ]
            words += troubles[:MAX_SHOWN_FAILURES]
        return "\n".join(words)

    def _format_open_objective(self, claim: Mapping[str, Any]) -> str:
        more = (
            f"about {claim['missing']} more would be needed"
            if claim["missing"]
            else "that is too near to the limit to be decided"
        )
        return (
            f"{_format_objective_name(claim)}, {claim['limit']}: not certain after {claim['of']} requests"
            f" ({claim['bad']} {'failed' if claim['statistic'] == 'errors' else 'slower'}); {more}."
            f" The run ended because: {self.summary['ended']}"
        )

    def _record_assessment(
        self,
        title: str,
        examined: tuple[str, ...],
        findings: Any,
        unproven: Any,
        facts: Mapping[str, Any],
    ) -> Assessment:
        examination = Assessment(title, examined, tuple(findings), tuple(unproven), facts)
        self.record(examination)
        return examination


def _format_objective_name(claim: Mapping[str, Any]) -> str:
    what = {"errors": "the error rate", "ratio": "the median response time"}.get(
        claim["statistic"], claim["statistic"]
    )
    return f"{what} of {claim['operation']}"

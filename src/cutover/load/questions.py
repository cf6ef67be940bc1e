"""What the checks of `performance/` ask of a run: each question is answered with an examination."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cutover.evidence import Examination
from cutover.hospital import NotOffered
from cutover.load.baseline import Baselines
from cutover.load.course import usable
from cutover.settings import Performance

SHOWN_TROUBLES = 3
NO_POOL, NO_USAGE = "connection-pool-metrics", "resource-metrics"
"""What a target declares `unsupported` that does not tell of its pool, or of its CPU and memory."""


@dataclass(frozen=True)
class Load:
    """A load run that is over.

    `facts` are those of `course`, with the examinations of what the target used. `declared`: what
    the target does not offer, with the reasons. A question about such a thing raises `NotOffered`.
    """

    facts: Mapping[str, Any]
    performance: Performance
    baselines: Baselines
    declared: Mapping[str, str] = field(default_factory=dict)
    record: Callable[[Examination], None] = field(default=lambda _examination: None, repr=False)

    def offered(self) -> Examination:
        """Was the load made that was intended?"""
        generator = self.facts["generator"]
        examined = (
            (f"{self.facts['requests']} requests in {self.facts['judged_seconds']:g} s",)
            if self.facts["requests"]
            else ()
        )
        return self._examined(
            "the load",
            examined,
            (),
            usable(dict(self.facts), self.performance),
            {**generator, "begun": self.facts["begun"], "ended": self.facts["ended"]},
        )

    def response_times(self) -> Examination:
        """Does every operation keep its response times?"""
        facts = {
            "operations": self.facts["operations"],
            "series": self.facts["series"],
            "ended": self.facts["ended"],
        }
        return self._judged(
            "response times",
            lambda claim: claim["item"] == "response-times" and claim["statistic"] != "ratio",
            facts,
        )

    def error_rate(self) -> Examination:
        """Do few enough requests fail?"""
        facts = {key: self.facts[key] for key in ("troubles", "series", "ended")}
        return self._judged("errors", lambda claim: claim["item"] == "error-rate", facts)

    def against_baseline(self) -> Examination:
        """Does every operation take at most so many times what it took in the baseline?

        Raises `NotProven` where none can be compared with.
        """
        self._offered("baseline")
        baseline = self.baselines.compared(self.facts)
        return self._judged(
            "against the baseline", lambda claim: claim["statistic"] == "ratio", baseline
        )

    def connection_pool(self) -> Examination:
        """Is there room in the connection pool, and in the database?"""
        if "database" in self.declared:
            self._offered(NO_POOL)
        return self._told("pool")

    def resource_usage(self) -> Examination:
        """Are CPU and memory normal, and do they not grow?"""
        self._offered(NO_USAGE)
        return self._told("usage")

    def recorded(self) -> Examination:
        """Record this run as the baseline. Raises `NotProven` where it is no good one."""
        self._offered("baseline")
        asked = [
            question()
            for question in (
                self.offered,
                self.response_times,
                self.error_rate,
                self.connection_pool,
                self.resource_usage,
            )
        ]
        bad = [
            *(finding for one in asked for finding in one.findings),
            *(hole for one in asked for hole in one.unproven),
        ]
        path, facts = self.baselines.record(self.facts, bad)
        return self._examined("the baseline", (path,), (), (), facts)

    def _offered(self, name: str) -> None:
        if name in self.declared:
            raise NotOffered(name, self.declared[name])

    def _told(self, name: str) -> Examination:
        told = self.facts["resources"][name]
        return self._examined(
            told["title"],
            tuple(told["examined"]),
            tuple(told["findings"]),
            tuple(told["unproven"]),
            told["facts"],
        )

    def _judged(
        self, title: str, mine: Callable[[Mapping[str, Any]], bool], facts: Mapping[str, Any]
    ) -> Examination:
        """Claims that are broken are findings; needed ones that are open are not proven.

        Where the load was not made as it was intended nothing is known of the target: what looks
        like its fault may be ours.
        """
        claims = [claim for claim in self.facts["claims"] if mine(claim)]
        holes = usable(dict(self.facts), self.performance)
        broken = [self._broken(claim) for claim in claims if claim["state"] == "broken"]
        findings, doubtful = ([], broken) if holes else (broken, [])
        if self.facts["stopped_for_safety"] and (
            ("failed" in self.facts["ended"]) == (title == "errors")
        ):
            findings.insert(0, str(self.facts["ended"]))
        unproven = [
            self._open(claim) for claim in claims if claim["needed"] and claim["state"] == "open"
        ]
        examined = [
            f"{claim['operation']}: {claim['statistic']} {claim['limit']}"
            for claim in claims
            if claim["state"] != "open"
        ]
        return self._examined(
            title,
            tuple(examined),
            findings,
            [*holes, *doubtful, *unproven],
            {"claims": claims, **facts},
        )

    def _broken(self, claim: Mapping[str, Any]) -> str:
        words = [
            f"{_name(claim)} is not {claim['limit']}: {claim['bad']} of {claim['of']} requests"
            f" {'failed' if claim['statistic'] == 'errors' else 'took longer'}, and at most"
            f" {claim['share'] * 100:g} % may"
        ]
        if claim["statistic"] == "errors":
            troubles = [
                text
                for name, texts in self.facts["troubles"].items()
                if claim["operation"] in (name, "all requests")
                for text in texts
            ]
            words += troubles[:SHOWN_TROUBLES]
        return "\n".join(words)

    def _open(self, claim: Mapping[str, Any]) -> str:
        more = (
            f"about {claim['missing']} more would be needed"
            if claim["missing"]
            else "that is too near to the limit to be decided"
        )
        return (
            f"{_name(claim)}, {claim['limit']}: not certain after {claim['of']} requests"
            f" ({claim['bad']} {'failed' if claim['statistic'] == 'errors' else 'slower'}); {more}."
            f" The run ended because: {self.facts['ended']}"
        )

    def _examined(
        self,
        title: str,
        examined: tuple[str, ...],
        findings: Any,
        unproven: Any,
        facts: Mapping[str, Any],
    ) -> Examination:
        examination = Examination(title, examined, tuple(findings), tuple(unproven), facts)
        self.record(examination)
        return examination


def _name(claim: Mapping[str, Any]) -> str:
    what = {"errors": "the error rate", "ratio": "the median response time"}.get(
        claim["statistic"], claim["statistic"]
    )
    return f"{what} of {claim['operation']}"

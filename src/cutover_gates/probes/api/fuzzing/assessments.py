"""What the checks of `contract/` ask of a run: each question is answered with an examination."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.probes.api.fuzzing.acceptances import AcceptedFinding, apply_acceptances
from cutover_gates.probes.api.fuzzing.fuzz_findings import format_finding

ALL_OPERATIONS = "every operation"
"""In the place of an operation where none is known yet."""

RUN_KEYS = (
    "mode",
    "seed",
    "seconds",
    "limit",
    "rate",
    "stop_reason",
    "version",
    "left_out",
    "warnings",
    "tokens",
)


@dataclass(frozen=True)
class FuzzAssessments:
    """A run that is over. `summary` are those of `report.facts`."""

    summary: Mapping[str, Any]
    acceptances: Sequence[AcceptedFinding]
    today: date
    record: Callable[[Assessment], None] = field(default=lambda _examination: None, repr=False)

    def assess_run(self) -> Assessment:
        """Was everything asked that was meant to be asked, and does every acceptance hold?"""
        operations, facts = self.summary["operations"], self.summary
        unproven = [*facts["troubles"]]
        if not any(told["statuses"] for told in operations.values()):
            unproven.append(
                "not one operation answered"
                if operations
                else "no operation was tried: the document has none that this mode may ask"
            )
        # What only reads cannot tell whether an operation that it leaves out still fails. That a
        # day is over it can.
        elsewhere = [one for one in self.acceptances if one.operation not in operations]
        stray_rows = [
            one
            for one in elsewhere
            if one.operation not in facts["left_out"] or one.expires < self.today
        ]
        _, stale = apply_acceptances(stray_rows, [], self.today, facts["mode"])
        stray = [
            format_finding(finding)
            for finding in facts["findings"]
            if finding["operation"] not in operations
        ]
        examined = [
            f"{name}: {told['requests']} requests"
            for name, told in operations.items()
            if told["requests"]
        ]
        about = {name: facts[name] for name in RUN_KEYS}
        return self._record_assessment(
            "the run over the API's document",
            examined,
            [*stray, *stale],
            unproven,
            {**about, "coverage": summarize_coverage(operations)},
        )

    def assess_operation(self, name: str) -> Assessment:
        """Does an operation keep what the document promises? `ALL_OPERATIONS` for all of them together."""
        names = list(self.summary["operations"]) if name == ALL_OPERATIONS else [name]
        told = {one: self.summary["operations"].get(one) for one in names}
        findings = [
            finding for finding in self.summary["findings"] if finding["operation"] in names
        ]
        open_, stale = apply_acceptances(
            [one for one in self.acceptances if one.operation in names],
            findings,
            self.today,
            self.summary["mode"],
        )
        unproven = [
            hole
            for one, facts in told.items()
            for hole in (facts["unproven"] if facts else [f"{one} was not tried"])
        ]
        examined = [
            f"{one}: {facts['requests']} requests"
            for one, facts in told.items()
            if facts and facts["requests"]
        ]
        accepted = [str(one) for one in self.acceptances if any(map(one.covers, findings))]
        facts = {"operations": told, "accepted": accepted, "findings_in_full": findings}
        return self._record_assessment(
            f"promises of {name}", examined, [*map(format_finding, open_), *stale], unproven, facts
        )

    def _record_assessment(
        self,
        title: str,
        examined: Sequence[str],
        findings: Sequence[str],
        unproven: Sequence[str],
        facts: Mapping[str, Any],
    ) -> Assessment:
        examination = Assessment(title, tuple(examined), tuple(findings), tuple(unproven), facts)
        self.record(examination)
        return examination


def summarize_coverage(operations: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """How much of the document the run saw: operations that were asked, parameters that were sent,
    documented statuses that came.
    """
    statuses = [
        (status, told["statuses"]) for told in operations.values() for status in told["documented"]
    ]
    seen = sum(any(_matches_status(came, status) for came in told) for status, told in statuses)
    return {
        "operations": len(operations),
        "asked": sum(bool(told["requests"]) for told in operations.values()),
        "parameters": sum(
            len(told["parameters"]) + len(told["parameters_not_sent"])
            for told in operations.values()
        ),
        "sent_parameters": sum(len(told["parameters"]) for told in operations.values()),
        "documented_statuses": len(statuses),
        "seen_statuses": seen,
        "not_seen": {
            name: rest
            for name, told in operations.items()
            if (
                rest := [
                    status
                    for status in told["documented"]
                    if not any(_matches_status(came, status) for came in told["statuses"])
                ]
            )
        },
    }


def _matches_status(came: str, documented: str) -> bool:
    """Whether a status is the documented one: `404`, `4XX`, or `default`, which is any."""
    return (
        documented == "default"
        or came == documented
        or (documented.upper().endswith("XX") and came[0] == documented[0])
    )

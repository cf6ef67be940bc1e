"""What the checks of `contract/` ask of a run: each question is answered with an examination."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from cutover.contract.findings import sentence
from cutover.contract.known import Accepted, judged
from cutover.evidence import Examination

EVERY = "every operation"
"""In the place of an operation where none is known yet."""

ABOUT = (
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
class Fuzzing:
    """A run that is over. `facts` are those of `report.facts`."""

    facts: Mapping[str, Any]
    accepted: Sequence[Accepted]
    today: date
    record: Callable[[Examination], None] = field(default=lambda _examination: None, repr=False)

    def run(self) -> Examination:
        """Was everything asked that was meant to be asked, and does every acceptance hold?"""
        operations, facts = self.facts["operations"], self.facts
        unproven = [*facts["troubles"]]
        if not any(told["statuses"] for told in operations.values()):
            unproven.append(
                "not one operation answered"
                if operations
                else "no operation was tried: the document has none that this mode may ask"
            )
        # What only reads cannot tell whether an operation that it leaves out still fails. That a
        # day is over it can.
        elsewhere = [one for one in self.accepted if one.operation not in operations]
        stray_rows = [
            one
            for one in elsewhere
            if one.operation not in facts["left_out"] or one.expires < self.today
        ]
        _, stale = judged(stray_rows, [], self.today, facts["mode"])
        stray = [
            sentence(finding)
            for finding in facts["findings"]
            if finding["operation"] not in operations
        ]
        examined = [
            f"{name}: {told['requests']} requests"
            for name, told in operations.items()
            if told["requests"]
        ]
        about = {name: facts[name] for name in ABOUT}
        return self._examined(
            "the run over the API's document",
            examined,
            [*stray, *stale],
            unproven,
            {**about, "coverage": coverage(operations)},
        )

    def operation(self, name: str) -> Examination:
        """Does an operation keep what the document promises? `EVERY` for all of them together."""
        names = list(self.facts["operations"]) if name == EVERY else [name]
        told = {one: self.facts["operations"].get(one) for one in names}
        findings = [finding for finding in self.facts["findings"] if finding["operation"] in names]
        open_, stale = judged(
            [one for one in self.accepted if one.operation in names],
            findings,
            self.today,
            self.facts["mode"],
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
        accepted = [str(one) for one in self.accepted if any(map(one.covers, findings))]
        facts = {"operations": told, "accepted": accepted, "findings_in_full": findings}
        return self._examined(
            f"promises of {name}", examined, [*map(sentence, open_), *stale], unproven, facts
        )

    def _examined(
        self,
        title: str,
        examined: Sequence[str],
        findings: Sequence[str],
        unproven: Sequence[str],
        facts: Mapping[str, Any],
    ) -> Examination:
        examination = Examination(title, tuple(examined), tuple(findings), tuple(unproven), facts)
        self.record(examination)
        return examination


def coverage(operations: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """How much of the document the run saw: operations that were asked, parameters that were sent,
    documented statuses that came.
    """
    statuses = [
        (status, told["statuses"]) for told in operations.values() for status in told["documented"]
    ]
    seen = sum(any(_is(came, status) for came in told) for status, told in statuses)
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
                    if not any(_is(came, status) for came in told["statuses"])
                ]
            )
        },
    }


def _is(came: str, documented: str) -> bool:
    """Whether a status is the documented one: `404`, `4XX`, or `default`, which is any."""
    return (
        documented == "default"
        or came == documented
        or (documented.upper().endswith("XX") and came[0] == documented[0])
    )

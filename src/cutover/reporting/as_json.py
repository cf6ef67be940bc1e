"""The verdict as JSON: what `reports/verdict.schema.json` publishes.

Its shape is a promise; a change of it is a new `SCHEMA`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from cutover.reporting.text import rfc3339
from cutover.verdict import CheckResult, ItemResult, Outcome, Verdict
from cutover.waivers import Decision, Refusal

SCHEMA = "urn:cutover:verdict:1"


def to_json(verdict: Verdict) -> dict[str, Any]:
    """The verdict as JSON-able values; moments are RFC 3339 in UTC, durations seconds."""
    return {
        "schema": SCHEMA,
        "gate": verdict.gate,
        "target": verdict.subject.target,
        "release": verdict.subject.release,
        "verdict": verdict.word.value,
        "started": rfc3339(verdict.started),
        "finished": rfc3339(verdict.finished),
        "counts": {outcome.value: len(verdict.with_outcome(outcome)) for outcome in Outcome},
        "holds": list(verdict.holds),
        "refused": [_refused(refusal) for refusal in verdict.refusals],
        "items": [_item(result) for result in verdict.items],
        "subject": dataclasses.asdict(verdict.subject),
    }


def _item(result: ItemResult) -> dict[str, Any]:
    kind = (
        "sign-off"
        if result.item.proof == "sign-off" and result.outcome is Outcome.ATTESTED
        else "waiver"
    )
    return {
        "id": result.item.id,
        "title": result.item.title,
        "section": result.item.section,
        "proof": result.item.proof,
        "outcome": result.outcome.value,
        "why": result.why,
        "waivable": result.item.waivable,
        "checks": [_check(check) for check in result.checks],
        "decision": _decision(kind, result.decision) if result.decision else None,
    }


def _check(check: CheckResult) -> dict[str, Any]:
    return {
        "check": check.check,
        "outcome": check.outcome.value,
        "why": check.why,
        "seconds": round(check.seconds, 3),
        "evidence": [plain(entry) for entry in check.evidence],
    }


def _decision(kind: str, decision: Decision) -> dict[str, Any]:
    return {
        "kind": kind,
        "item": decision.item,
        "target": decision.target,
        "release": decision.release,
        "by": decision.by,
        "at": rfc3339(decision.at),
        "reason": decision.reason,
        "expires": rfc3339(decision.expires),
    }


def _refused(refusal: Refusal) -> dict[str, Any]:
    return {**_decision(refusal.kind, refusal.decision), "why": refusal.why}


def plain(value: Any) -> Any:
    """The value as JSON can hold it: an odd object or a NaN in the evidence becomes text, rather
    than costing the whole verdict.
    """
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, str | int | float) else str(value)

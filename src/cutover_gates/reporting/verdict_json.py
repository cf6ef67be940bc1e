"""The verdict as JSON, in the shape that `reports/verdict.schema.json` publishes.

Programs depend on the shape: a change of it gets a new `SCHEMA_VERSION`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from cutover_gates.core.declarations import AppliedDeclaration
from cutover_gates.core.findings import Finding
from cutover_gates.core.judged_by import JudgedBy
from cutover_gates.core.verdict import (
    OPEN_OUTCOMES,
    CheckResult,
    ItemResult,
    JudgedStep,
    Outcome,
    Verdict,
    VerdictSubject,
)
from cutover_gates.core.waivers import Decision, RejectedDecision
from cutover_gates.util.text import format_rfc3339

SCHEMA_VERSION = "urn:cutover:verdict:3"


def to_json(verdict: Verdict) -> dict[str, Any]:
    """Return the verdict as JSON-able values: times in RFC 3339 and UTC, durations in seconds."""
    return {
        "schema": SCHEMA_VERSION,
        "gate": verdict.gate,
        "target": verdict.subject.target,
        "release": verdict.subject.release,
        "verdict": verdict.word.value,
        "started": format_rfc3339(verdict.started),
        "finished": format_rfc3339(verdict.finished),
        "counts": _count(verdict),
        "holds": list(verdict.run_errors),
        "refused": [_rejection_to_json(refusal) for refusal in verdict.rejected_decisions],
        "items": [_item_to_json(result) for result in verdict.items],
        "declared": [_declared_to_json(applied) for applied in verdict.declared],
        "accepted": list(verdict.accepted_findings),
        "notes": list(verdict.notes),
        **({"rollback_order": verdict.rollback_order} if verdict.rollback_order else {}),
        **({"steps": [_step_to_json(step) for step in verdict.steps]} if verdict.steps else {}),
        "subject": _subject_to_json(verdict.subject),
        "judged_by": to_json_value(_judged_by_to_json(verdict.subject.judged_by)),
    }


def _step_to_json(step: JudgedStep) -> dict[str, Any]:
    return {
        "gate": step.gate,
        "percent": step.percent,
        "verdict": step.word.value,
        "started": format_rfc3339(step.started),
        "finished": format_rfc3339(step.finished),
        "live_seconds": round(step.seconds, 1),
        "share": step.share,
        "folder": step.folder,
    }


def _subject_to_json(subject: VerdictSubject) -> Any:
    plain = dataclasses.asdict(subject)
    del plain["judged_by"]
    return to_json_value(plain)


def _judged_by_to_json(judged_by: JudgedBy | None) -> dict[str, Any] | None:
    """Return what judged as JSON-able values; None where it is not known."""
    if judged_by is None:
        return None
    return {
        "suite": dataclasses.asdict(judged_by.suite),
        "own_plan": judged_by.own_plan,
        "files": [dataclasses.asdict(file) for file in judged_by.files],
        "plugins": [dataclasses.asdict(plugin) for plugin in judged_by.plugins],
        "command": dataclasses.asdict(judged_by.invocation),
        "settings_from": dataclasses.asdict(judged_by.settings),
        "loose_limits": [dataclasses.asdict(limit) for limit in judged_by.loose_limits],
        "digest_parts": dict(judged_by.digest),
    }


def _count(verdict: Verdict) -> dict[str, int]:
    """Return how many items ended how, and what the verdict goes without."""
    return {
        **{outcome.value: len(verdict.with_outcome(outcome)) for outcome in Outcome},
        "accepted": len(verdict.accepted_findings),
        "declared absent": len(verdict.declared),
    }


def _declared_to_json(applied: AppliedDeclaration) -> dict[str, Any]:
    declaration = applied.declaration
    return {
        "kind": declaration.kind,
        "name": declaration.name,
        "reason": declaration.reason,
        "by": declaration.by,
        "at": declaration.at.isoformat() if declaration.at else None,
        "old": applied.is_old,
        "items": list(applied.items),
        "checks": list(applied.checks),
    }


def _item_to_json(result: ItemResult) -> dict[str, Any]:
    attested = result.item.proof == "sign-off" and result.outcome is Outcome.ATTESTED
    kind = "sign-off" if attested else "waiver"
    return {
        "id": result.item.id,
        "title": result.item.title,
        "section": result.item.section,
        "proof": result.item.proof,
        "outcome": result.outcome.value,
        "why": result.why,
        "waivable": result.item.waivable,
        "checks": [_check_to_json(check) for check in result.checks],
        "decision": _decision_to_json(kind, result.decision) if result.decision else None,
        "covered": _covered_by_waiver(result),
    }


def _covered_by_waiver(result: ItemResult) -> list[dict[str, str]]:
    """Return what is open under a waiver of the whole item: it is shown all the same."""
    if result.outcome is not Outcome.WAIVED or result.decision is None:
        return []
    open_checks = [check for check in result.checks if check.outcome in OPEN_OUTCOMES]
    return [
        {"check": check.check, "outcome": check.outcome.value, "why": check.why}
        for check in open_checks
    ]


def _check_to_json(check: CheckResult) -> dict[str, Any]:
    return {
        "check": check.check,
        "title": check.title,
        "outcome": check.outcome.value,
        "why": check.why,
        "findings": [_finding_to_json(finding) for finding in check.findings],
        "seconds": round(check.seconds, 3),
        "evidence": [to_json_value(entry) for entry in check.evidence],
        "absent": check.absent,
        "accepted": list(check.accepted),
        "waivers": [_decision_to_json("waiver", waiver) for waiver in check.waivers],
    }


def _finding_to_json(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule.id,
        "title": finding.rule.title,
        "subject": finding.subject,
        "expected": finding.expected,
        "actual": finding.actual,
        "reproduce": finding.reproduce,
        "count": finding.count,
    }


def _decision_to_json(kind: str, decision: Decision) -> dict[str, Any]:
    return {
        "kind": kind,
        "item": decision.item,
        "target": decision.target,
        "release": decision.release,
        "by": decision.by,
        "at": format_rfc3339(decision.at),
        "reason": decision.reason,
        "expires": format_rfc3339(decision.expires),
        "covers": decision.covers if kind == "waiver" else "",
        "rule": decision.rule,
        "check": decision.check,
        "subject": decision.subject,
        "exempt": decision.is_exempt,
        "signed": decision.is_signed,
    }


def _rejection_to_json(refusal: RejectedDecision) -> dict[str, Any]:
    return {**_decision_to_json(refusal.kind, refusal.decision), "why": refusal.why}


def to_json_value(value: Any) -> Any:
    """Return the value as JSON can hold it.

    An odd object or a NaN in the evidence becomes a text: it must not cost the whole verdict.
    """
    if isinstance(value, Mapping):
        return {str(key): to_json_value(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_json_value(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, str | int | float):
        return value
    return str(value)

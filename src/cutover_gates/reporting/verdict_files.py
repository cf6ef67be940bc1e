"""The verdict as JSON: what `reports/verdict.schema.json` publishes.

Its shape is a promise; a change of it is a new `SCHEMA_VERSION`.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cutover_gates.core.findings import Finding
from cutover_gates.core.plan import Plan
from cutover_gates.core.verdict import (
    CheckResult,
    ItemResult,
    Outcome,
    Verdict,
    VerdictSubject,
    VerdictWord,
)
from cutover_gates.core.waivers import Decision, RejectedDecision
from cutover_gates.reporting.html_report import to_html
from cutover_gates.reporting.markdown import to_markdown
from cutover_gates.util.files import write_atomically
from cutover_gates.util.text import format_rfc3339

SCHEMA_VERSION = "urn:cutover:verdict:2"


def to_json(verdict: Verdict) -> dict[str, Any]:
    """The verdict as JSON-able values; moments are RFC 3339 in UTC, durations seconds."""
    return {
        "schema": SCHEMA_VERSION,
        "gate": verdict.gate,
        "target": verdict.subject.target,
        "release": verdict.subject.release,
        "verdict": verdict.word.value,
        "started": format_rfc3339(verdict.started),
        "finished": format_rfc3339(verdict.finished),
        "counts": {outcome.value: len(verdict.with_outcome(outcome)) for outcome in Outcome},
        "holds": list(verdict.run_errors),
        "refused": [_rejection_to_json(refusal) for refusal in verdict.rejected_decisions],
        "items": [_item_to_json(result) for result in verdict.items],
        "subject": dataclasses.asdict(verdict.subject),
    }


def _item_to_json(result: ItemResult) -> dict[str, Any]:
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
        "checks": [_check_to_json(check) for check in result.checks],
        "decision": _decision_to_json(kind, result.decision) if result.decision else None,
    }


def _check_to_json(check: CheckResult) -> dict[str, Any]:
    return {
        "check": check.check,
        "title": check.title,
        "outcome": check.outcome.value,
        "why": check.why,
        "findings": [_finding_to_json(finding) for finding in check.findings],
        "seconds": round(check.seconds, 3),
        "evidence": [to_json_value(entry) for entry in check.evidence],
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
    }


def _rejection_to_json(refusal: RejectedDecision) -> dict[str, Any]:
    return {**_decision_to_json(refusal.kind, refusal.decision), "why": refusal.why}


def to_json_value(value: Any) -> Any:
    """The value as JSON can hold it: an odd object or a NaN in the evidence becomes text, rather
    than costing the whole verdict.
    """
    if isinstance(value, Mapping):
        return {str(key): to_json_value(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_json_value(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, str | int | float) else str(value)


UNFINISHED = "the run did not come to its end"


def run_folder_name(started: datetime, target: str, gate: str) -> str:
    """The name of a run's folder: '20261123T021405Z-staging-phase3'."""
    words = [re.sub(r"[^A-Za-z0-9._]+", "-", word).strip("-.") for word in (target, gate)]
    return "-".join([f"{started.astimezone(UTC):%Y%m%dT%H%M%SZ}", *words])


def unfinished_verdict(
    plan: Plan, gate: str, subject: VerdictSubject, started: datetime
) -> Verdict:
    """The verdict of a run that is killed: NO-GO, nothing proven.

    Write it when a run starts; the true one replaces it.
    """
    items = tuple(
        ItemResult(item, Outcome.NOT_PROVEN, UNFINISHED) for item in plan.select_items(gate)
    )
    return Verdict(
        gate, VerdictWord.NO_GO, subject, started, started, items, run_errors=(UNFINISHED,)
    )


def write_all(verdict: Verdict, folder: Path) -> list[Path]:
    """Write `status.md`, `verdict.html` and `verdict.json` into `folder` (made if missing).

    Raises `OSError`.

    All are rendered before the first is written, and `verdict.json` comes last: if anything breaks,
    the NO-GO of the start stays.
    """
    texts = {
        "status.md": to_markdown(verdict),
        "verdict.html": to_html(verdict),
        "verdict.json": (
            json.dumps(to_json(verdict), ensure_ascii=False, indent=2, allow_nan=False) + "\n"
        ),
    }
    folder.mkdir(parents=True, exist_ok=True)
    return [write_atomically(folder / name, text) for name, text in texts.items()]

"""Findings of a fuzzing run: one for each cause, with the smallest request that shows it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from cutover_gates.core.findings import Finding
from cutover_gates.probes.api.fuzzing.model import FuzzFinding, Note
from cutover_gates.probes.api.fuzzing.rules import CHECK_RULES

SEVERITY_ORDER = list(CHECK_RULES)

_HIDDEN = re.compile(r"-H '([^':]+): \[Filtered\]'")
"""A header whose value schemathesis does not show."""


def group_failures(failures: Iterable[Note]) -> tuple[FuzzFinding, ...]:
    """Return one finding for each cause: operation, check, status and shape.

    The request that is shown is the smallest of those that failed so. Where that very request
    breaks several rules there is one finding, of the gravest; the others stand in `also`.
    """
    groups: dict[tuple[object, ...], list[Note]] = {}
    for failure in failures:
        cause = tuple(failure[name] for name in ("operation", "check", "status", "shape"))
        groups.setdefault(cause, []).append(failure)
    findings = sorted(map(_build_finding, groups.values()), key=_sort_key)
    merged = _merge_same_requests(findings)
    return tuple(replace(one, curl=_HIDDEN.sub(_insert_token, one.curl)) for one in merged)


def _build_finding(failures: Sequence[Note]) -> FuzzFinding:
    first = failures[0]
    smallest = min(failures, key=lambda failure: (len(failure["curl"]), failure["curl"]))
    return FuzzFinding(
        operation=first["operation"],
        check=first["check"],
        status=first["status"],
        shape=first["shape"],
        title=first["title"],
        message=smallest["message"],
        curl=smallest["curl"],
        count=len(failures),
        phases=tuple(sorted({failure["phase"] for failure in failures})),
    )


def _sort_key(finding: FuzzFinding) -> tuple[str, int, str, str]:
    severity = len(SEVERITY_ORDER)
    if finding.check in CHECK_RULES:
        severity = SEVERITY_ORDER.index(finding.check)
    return finding.operation, severity, str(finding.status), finding.shape


def _merge_same_requests(findings: Iterable[FuzzFinding]) -> Iterable[FuzzFinding]:
    kept: list[FuzzFinding] = []
    for finding in findings:
        index = next((at for at, one in enumerate(kept) if _is_same_request(one, finding)), None)
        if index is None:
            kept.append(finding)
        else:
            graver = kept[index]
            kept[index] = replace(graver, also=(*graver.also, finding.check))
    return kept


def _is_same_request(graver: FuzzFinding, finding: FuzzFinding) -> bool:
    """Return whether `finding` is another check's name for what `graver` reports."""
    same = (graver.operation, graver.status, graver.curl) == (
        finding.operation,
        finding.status,
        finding.curl,
    )
    return same and finding.check not in (graver.check, *graver.also)


def _insert_token(header: re.Match[str]) -> str:
    """Return a header that can be pasted: in double quotes, with the reader's own token."""
    scheme = "Bearer " if header[1].lower() == "authorization" else ""
    return f'-H "{header[1]}: {scheme}$TOKEN"'


def to_finding(finding: FuzzFinding) -> Finding:
    """Return the finding as the verdict shows it."""
    parts = [finding.title]
    if finding.status:
        parts.append(f"HTTP {finding.status}")
    if finding.shape != finding.title:
        parts.append(finding.shape)
    if message := " ".join(finding.message.split()):
        parts.append(message)
    if finding.also:
        parts.append(f"also breaks {', '.join(finding.also)}")
    return Finding(
        finding.rule,
        finding.operation,
        actual=", ".join(parts),
        reproduce=finding.curl,
        count=finding.count,
    )

"""The JSON of Grype (`grype REPOSITORY@sha256:… -o json`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cutover_gates.probes.deployment.security_scans.scan_report import (
    ScanReport,
    Vulnerability,
    classify,
    cut,
    find_digests,
    list_tables,
    parse_time,
    require_table,
)

IMAGE = "image"


def is_grype(document: object) -> bool:
    """Return whether the document is Grype's."""
    return isinstance(document, Mapping) and {"matches", "descriptor"} <= document.keys()


def read_grype(document: Mapping[str, Any], name: str) -> ScanReport:
    """Return what the report says. Raises `InvalidReport`."""
    descriptor = require_table(document["descriptor"], "$.descriptor")
    source = require_table(document.get("source"), "$.source")
    kind, target = source.get("type"), source.get("target")
    image = target if kind == IMAGE and isinstance(target, Mapping) else {}
    database = require_table(descriptor.get("db") or {}, "$.descriptor.db")
    # Grype 0.88 moved it into a table of its own.
    status = require_table(database.get("status") or database, "$.descriptor.db.status")
    shown = list_tables(document["matches"], "$.matches")
    hidden = list_tables(document.get("ignoredMatches"), "$.ignoredMatches")
    named = (*(image.get("repoDigests") or ()), image.get("manifestDigest"), image.get("userInput"))
    return ScanReport(
        name,
        "Grype",
        find_digests(named),
        parse_time(descriptor.get("timestamp")),
        [_make_match(match) for match in (*shown, *hidden)],
        tuple(_find_doubts(document, status, [*shown, *hidden])),
        "" if kind == IMAGE else cut(kind or "no source.type"),
        parse_time(status.get("built")),
    )


def _find_doubts(
    document: Mapping[str, Any], status: Mapping[str, Any], matches: list[Mapping[str, Any]]
) -> Iterator[str]:
    if not isinstance(document["matches"], list):
        yield "it has no list of matches"
    if status.get("valid") is False or status.get("error"):
        yield f"its list of vulnerabilities is not valid: {cut(status.get('error') or 'no reason')}"
    if not status.get("built"):
        yield "it does not tell when its list of vulnerabilities was made"
    distribution = document.get("distro")
    known = distribution.get("name") if isinstance(distribution, Mapping) else None
    # Grype lists no packages: of an image in which it found none, this is all that shows it.
    if not matches and not known:
        yield "no match and no distribution: no package may have been found in the image"


def _make_match(match: Mapping[str, Any]) -> Vulnerability:
    problem = require_table(match.get("vulnerability"), "$.matches[].vulnerability")
    package = require_table(match.get("artifact") or {}, "$.matches[].artifact")
    related = list_tables(match.get("relatedVulnerabilities"), "$.matches[].relatedVulnerabilities")
    return Vulnerability(
        cut(problem.get("id")) or "a vulnerability without an id",
        cut(package.get("name")),
        classify(problem.get("severity"), _list_scores([problem, *related])),
        cut(package.get("version")),
        _explain_ignored(match),
        tuple(cut(each.get("id")) for each in related),
    )


def _list_scores(problems: list[Mapping[str, Any]]) -> Iterator[object]:
    for problem in problems:
        for rating in list_tables(problem.get("cvss"), "$.matches[].vulnerability.cvss"):
            metrics = rating.get("metrics")
            yield metrics.get("baseScore") if isinstance(metrics, Mapping) else None


def _explain_ignored(match: Mapping[str, Any]) -> str:
    rules = list_tables(match.get("appliedIgnoreRules"), "$.ignoredMatches[].appliedIgnoreRules")
    reasons = [cut(rule.get("reason") or rule.get("vex-status")) for rule in rules]
    return next(filter(None, reasons), "a rule of Grype's settings") if rules else ""

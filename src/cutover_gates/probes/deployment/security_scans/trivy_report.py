"""The JSON of Trivy (`trivy image --format json`), schema version 2."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cutover_gates.probes.deployment.security_scans.scan_report import (
    InvalidReport,
    ScanReport,
    Severity,
    Vulnerability,
    classify,
    cut,
    find_digests,
    list_tables,
    parse_time,
    require_table,
)

IMAGE = "container_image"
PACKAGES = ("os-pkgs", "lang-pkgs")
"""The classes of results that say which packages were compared with the list."""
PROBLEMS = {
    "Vulnerabilities": ("VulnerabilityID", "PkgName", "InstalledVersion"),
    "Secrets": ("RuleID", "Title", ""),
    "Misconfigurations": ("ID", "Title", ""),
}
"""The lists of a result, each with the keys of id, place and version."""


def is_trivy(document: object) -> bool:
    """Return whether the document is Trivy's."""
    return isinstance(document, Mapping) and "SchemaVersion" in document


def read_trivy(document: Mapping[str, Any], name: str) -> ScanReport:
    """Return what the report says. Raises `InvalidReport`."""
    if document["SchemaVersion"] != 2:
        raise InvalidReport("SchemaVersion 2 of Trivy", cut(document["SchemaVersion"]))
    metadata = require_table(document.get("Metadata") or {}, "$.Metadata")
    results = list_tables(document.get("Results"), "$.Results")
    kind = document.get("ArtifactType")
    named = [*(metadata.get("RepoDigests") or ()), document.get("ArtifactName")]
    return ScanReport(
        name,
        "Trivy",
        find_digests(named),
        parse_time(document.get("CreatedAt")),
        [problem for result in results for problem in _list_problems(result)],
        tuple(_find_doubts(metadata, results)),
        "" if kind == IMAGE else cut(kind or "no ArtifactType"),
    )


def _find_doubts(metadata: Mapping[str, Any], results: list[Mapping[str, Any]]) -> Iterator[str]:
    if not any(result.get("Class") in PACKAGES for result in results):
        yield f"no result of class {' or '.join(PACKAGES)}: no package was looked at"
    system = require_table(metadata.get("OS") or {}, "$.Metadata.OS")
    if system.get("EOSL"):
        yield f"{cut(system.get('Family'))} {cut(system.get('Name'))} gets no security notices more"


def _list_problems(result: Mapping[str, Any]) -> Iterator[Vulnerability]:
    for key, names in PROBLEMS.items():
        for entry in list_tables(result.get(key), f"$.Results[].{key}"):
            if entry.get("Status") != "PASS":
                yield _make_problem(entry, names)
    # What .trivyignore or a VEX document hides, where Trivy shows it (--show-suppressed).
    for entry in list_tables(result.get("ExperimentalModifiedFindings"), "$.Results[]"):
        why = cut(entry.get("Statement") or entry.get("Status") or "no reason")
        hidden = require_table(entry.get("Finding"), "$.Results[].…Finding")
        keys = next((keys for keys in PROBLEMS.values() if keys[0] in hidden), ("", "", ""))
        yield _make_problem(hidden, keys, why)


def _make_problem(
    entry: Mapping[str, Any], keys: tuple[str, str, str], suppressed: str = ""
) -> Vulnerability:
    identity, place, version = (cut(entry.get(key)) for key in keys)
    return Vulnerability(
        identity or "a problem without an id", place, _rate(entry), version, suppressed
    )


def _rate(entry: Mapping[str, Any]) -> Severity:
    vendors = require_table(entry.get("CVSS") or {}, "$.Results[].Vulnerabilities[].CVSS")
    scored = [each for each in vendors.values() if isinstance(each, Mapping)]
    scores = [each.get(key) for each in scored for key in ("V3Score", "V40Score")]
    return classify(entry.get("Severity"), scores)

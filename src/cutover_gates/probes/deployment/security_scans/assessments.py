"""The question about the reports of security scanners."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cutover_gates.config.deployment import ClusterSettings
from cutover_gates.config.release_proofs import ScanException, SecurityScanSettings
from cutover_gates.core.bounded_json import parse_json
from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.probes.deployment.deployment_context import DeploymentContext
from cutover_gates.probes.deployment.security_scans import rules
from cutover_gates.probes.deployment.security_scans.grype_report import is_grype, read_grype
from cutover_gates.probes.deployment.security_scans.sarif_report import is_sarif, read_sarif
from cutover_gates.probes.deployment.security_scans.scan_report import (
    InvalidReport,
    ScanReport,
    Severity,
    Vulnerability,
    cut,
)
from cutover_gates.probes.deployment.security_scans.trivy_report import is_trivy, read_trivy
from cutover_gates.util.text import format_utc

MAX_CLOCK_SKEW_SECONDS = 300.0
"""Seconds by which the clocks of two machines may differ."""
LARGEST = 64 * 1024 * 1024
"""Bytes of a report."""
TITLE = "Scans of the image under judgement"


@dataclass(frozen=True)
class SecurityScanAssessments:
    """The question about the reports. `resolve_path` makes a path of the settings one to open."""

    context: DeploymentContext
    settings: SecurityScanSettings
    cluster: ClusterSettings
    resolve_path: Callable[[Path], Path]

    def assess(self) -> Assessment:
        """No report about the image names a critical vulnerability that nobody accepted."""
        builder = AssessmentBuilder()
        context, rule = self.context, rules.SCANS_DECLARED
        lacks = context.add_undeclared(builder, rule, "cluster", self.cluster, ("digest",))
        if not self.settings.reports:
            name = f"targets.{context.target}.infrastructure.security_scans.reports"
            builder.add_gap(rule, name, "not set")
        elif not lacks:
            for file in self.settings.reports:
                for report in self._load_reports(file, builder):
                    self._judge_report(report, builder)
        return context.finish(builder, TITLE)

    def _load_reports(self, file: Path, builder: AssessmentBuilder) -> list[ScanReport]:
        try:
            path = self.resolve_path(file)
            if path.stat().st_size > LARGEST:
                raise InvalidReport(f"at most {LARGEST} bytes", f"{path.stat().st_size} bytes")
            return _read_document(parse_json(path.read_bytes()), file.name)
        except OSError as error:
            builder.add_gap(rules.REPORT_READABLE, str(file), type(error).__name__)
        except InvalidReport as error:
            builder.add_finding(
                rules.REPORT_VALID, file.name, expected=error.expected, actual=error.actual
            )
        except ValueError as error:
            builder.add_finding(
                rules.REPORT_VALID, file.name, expected="a JSON document", actual=cut(error)
            )
        except (TypeError, AttributeError, LookupError) as error:
            # A field of another type than its format has, such as a number in place of a list.
            builder.add_finding(
                rules.REPORT_VALID,
                file.name,
                expected="the fields of its format",
                actual=f"a field of another type ({type(error).__name__})",
            )
        return []

    def _judge_report(self, report: ScanReport, builder: AssessmentBuilder) -> None:
        builder.figures[report.name] = {
            "tool": report.tool,
            "scanned": report.made and format_utc(report.made),
            "vulnerabilities": len(report.vulnerabilities),
            "suppressed": sum(bool(each.suppressed) for each in report.vulnerabilities),
        }
        self._judge_image(report, builder)
        self._judge_age(report, builder)
        for doubt in report.doubts:
            builder.add_gap(rules.REPORT_COMPLETE, report.name, doubt)
        for problem in report.vulnerabilities:
            self._judge_vulnerability(problem, report, builder)
        builder.checked.append(f"{report.tool} in {report.name}")

    def _judge_image(self, report: ScanReport, builder: AssessmentBuilder) -> None:
        wanted = str(self.cluster.digest)
        if report.not_image:
            actual = f"a scan of type {report.not_image}"
            builder.add_finding(
                rules.SAME_IMAGE, report.name, expected=f"a scan of image {wanted}", actual=actual
            )
        elif not report.digests:
            builder.add_gap(rules.SAME_IMAGE, report.name, "it names no digest of an image")
        elif wanted not in report.digests:
            builder.add_finding(
                rules.SAME_IMAGE,
                report.name,
                expected=wanted,
                actual=", ".join(sorted(report.digests)),
            )

    def _judge_age(self, report: ScanReport, builder: AssessmentBuilder) -> None:
        if report.made is None:
            builder.add_gap(rules.REPORT_RECENT, report.name, "it does not tell its time")
        limit = self.settings.max_age_hours
        times = {report.name: report.made, f"{report.name}, its list": report.list_made}
        for subject, at in times.items():
            hours = 0.0 if at is None else (time.time() - at.timestamp()) / 3600
            if hours > limit or hours * 3600 < -MAX_CLOCK_SKEW_SECONDS:
                when = "in the future" if hours < 0 else f"{hours:.1f} h ago"
                builder.add_finding(
                    rules.REPORT_RECENT,
                    subject,
                    expected=f"at most {limit:g} h ago",
                    actual=when,
                )

    def _judge_vulnerability(
        self, problem: Vulnerability, report: ScanReport, builder: AssessmentBuilder
    ) -> None:
        if problem.severity is Severity.LOWER:
            return
        accepted = self._find_exception(problem)
        if accepted is not None and accepted.expires >= datetime.now(UTC).date():
            shown = f"{accepted.by}, until {accepted.expires}: {accepted.reason}"
            builder.figures.setdefault("accepted", {})[str(problem)] = shown
            return
        words = [f"{problem.severity.value}, in {report.name}"]
        if problem.suppressed:
            words.append(f"suppressed there ({problem.suppressed})")
        if accepted is not None:
            words.append(f"its exception ended on {accepted.expires}")
        said = "; ".join(words)
        if problem.severity is Severity.UNKNOWN:
            builder.add_gap(rules.SEVERITY_KNOWN, str(problem), said)
            return
        builder.add_finding(
            rules.NO_CRITICAL, str(problem), expected="no critical vulnerability", actual=said
        )

    def _find_exception(self, problem: Vulnerability) -> ScanException | None:
        named = (self.settings.exceptions.get(one) for one in (problem.id, *problem.aliases))
        fitting = (one for one in named if one and one.package in (None, problem.package))
        return next(fitting, None)


def _read_document(document: Any, name: str) -> list[ScanReport]:
    if is_sarif(document):
        return read_sarif(document, name)
    if is_trivy(document):
        return [read_trivy(document, name)]
    if is_grype(document):
        return [read_grype(document, name)]
    raise InvalidReport("SARIF 2.1.0, or the JSON of Trivy or Grype", "another document")

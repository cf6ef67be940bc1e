"""The file that a pipeline leaves: reading it, its schema, and the coverage that belongs to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cutover_gates.config.pipeline import PipelineSettings
from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.probes.deployment.deployment_context import SchemaFile
from cutover_gates.probes.deployment.pipeline import rules
from cutover_gates.probes.deployment.pipeline.code_coverage import (
    ROUNDING_TOLERANCE,
    CodeCoverage,
    InvalidCoverage,
    parse_coverage,
    read_coverage_report,
)

SCHEMA = Path(__file__).with_name("pipeline.schema.json")
FILE = SchemaFile(SCHEMA, rules.RECORD_READABLE, rules.RECORD_VALID)


@dataclass(frozen=True)
class PipelineRecord:
    """The content of the file, valid by its schema. `finished` is a text, not checked further."""

    commit: str
    result: str
    suites: Mapping[str, str]
    finished: str
    release: str | None
    coverage: Mapping[str, Any]
    name: str


@dataclass(frozen=True)
class RecordReader:
    """Reads the pipeline's file. `resolve_path` makes a path of the settings one to open."""

    settings: PipelineSettings
    resolve_path: Callable[[Path], Path]
    redactor: Redactor

    def load_record(self, builder: AssessmentBuilder) -> PipelineRecord | None:
        """Return the record of the commit under judgement; None where there is none.

        A file that is missing is a gap, one that is invalid a finding.
        """
        file = self.settings.file or Path()
        fields = FILE.load(file, self.resolve_path(file), self.redactor, builder)
        if fields is None:
            return None
        return self._require_commit(fields, file.name, builder)

    def _require_commit(
        self, fields: Mapping[str, Any], name: str, builder: AssessmentBuilder
    ) -> PipelineRecord | None:
        if fields["commit"] != self.settings.commit:
            builder.add_finding(
                rules.SAME_COMMIT,
                name,
                expected=str(self.settings.commit),
                actual=fields["commit"],
            )
            return None
        return PipelineRecord(
            fields["commit"],
            fields["result"],
            fields["suites"],
            fields["finished"],
            fields.get("release"),
            fields.get("coverage", {}),
            name,
        )

    def load_coverage(
        self, record: PipelineRecord, builder: AssessmentBuilder
    ) -> CodeCoverage | None:
        """Return the record's own figure, or that of the report, which must be of this run.

        None, with a gap, where neither is known. Raises `InvalidCoverage`, and `OSError` for a
        report that cannot be read.
        """
        own = parse_coverage(record.coverage, record.name)
        if self.settings.coverage_file is None:
            if own is None:
                builder.add_gap(rules.COVERAGE_KNOWN, record.name, "it has no coverage.percent")
            return own
        report = read_coverage_report(self.resolve_path(self.settings.coverage_file))
        sha256 = record.coverage.get("sha256")
        if sha256 is not None and sha256 != report.sha256:
            raise InvalidCoverage(
                f"{report.source}, SHA-256", f"{sha256}, as the run says", str(report.sha256)
            )
        # Two figures that differ mean that one is of another run.
        if own and abs(own.percent - report.percent) > ROUNDING_TOLERANCE:
            raise InvalidCoverage(
                report.source, f"{own.percent:.2f} %, as the run says", f"{report.percent:.2f} %"
            )
        if own is None and sha256 is None:
            reason = "nothing says that it is of this run: the run has no coverage.sha256"
            command = f"sha256sum {report.source}"
            builder.add_gap(rules.COVERAGE_KNOWN, report.source, reason, reproduce=command)
            return None
        return report

"""Rules for the record that a pipeline leaves."""

from __future__ import annotations

from cutover_gates.core.findings import Rule

PIPELINE_DECLARED = Rule(
    "PIPE-001",
    "The pipeline's file and the commit under judgement are declared",
    "What is not declared is not checked.",
    "Set the key in [targets.NAME.infrastructure.pipeline]. Where there is no pipeline, give the"
    " reason in [targets.NAME.not_applicable].",
)
RECORD_READABLE = Rule(
    "PIPE-002",
    "The pipeline's file can be read",
    "A pipeline that left no file may not have run.",
    "Run the pipeline and let it leave its file at pipeline.file.",
)
RECORD_VALID = Rule(
    "PIPE-003",
    "The pipeline's file follows pipeline.schema.json",
    "A file that was cut off or has another shape proves nothing.",
    "Correct the step of the pipeline that writes the file (docs/pipeline.md).",
)
SAME_COMMIT = Rule(
    "PIPE-004",
    "The run is of the commit in pipeline.commit",
    "The tests of another commit say nothing about this one.",
    "Run the pipeline for this commit, or correct pipeline.commit.",
)
SAME_RELEASE = Rule(
    "PIPE-005",
    "The run is of the release under judgement",
    "The right commit was built as another release.",
    "Build the commit as this release, or correct the target's release.",
)
RUN_SUCCEEDED = Rule(
    "PIPE-006",
    "The run ended in success",
    "A release with failing tests is known to be faulty.",
    "Correct what fails and run the pipeline again.",
)
SUITES_SUCCEEDED = Rule(
    "PIPE-007",
    "Every suite in pipeline.suites ran and succeeded",
    "A suite that was skipped proves nothing.",
    "Run the suite in the pipeline, or correct pipeline.suites.",
)
RUN_RECENT = Rule(
    "PIPE-008",
    "The run is not older than pipeline.max_age_hours",
    "Since an old run its base images and dependencies have changed.",
    "Run the pipeline again. A time in the future means a wrong clock or time zone.",
)
COVERAGE_KNOWN = Rule(
    "PIPE-009",
    "The coverage of the run is known",
    "What nobody measured is not proven.",
    "Let the pipeline write coverage.percent, or coverage.sha256 of the report in"
    " pipeline.coverage_file.",
)
COVERAGE_CONSISTENT = Rule(
    "PIPE-010",
    "The figures of the coverage are valid, agree, and are those of the run",
    "A report of another run, or one that was edited, proves nothing.",
    "Let the pipeline write the report and its SHA-256 in the same run.",
)
COVERAGE_ENOUGH = Rule(
    "PIPE-011",
    "The tests cover pipeline.coverage_percent of the lines",
    "Lines that no test runs are tried by the hospital first.",
    "Add tests, or correct pipeline.coverage_percent.",
)

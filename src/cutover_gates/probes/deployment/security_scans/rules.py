"""Rules for the reports of security scanners."""

from __future__ import annotations

from cutover_gates.core.findings import Rule

SCANS_DECLARED = Rule(
    "SCAN-001",
    "The reports and the digest of the image under judgement are declared",
    "What is not declared is not checked.",
    "Set the key in [targets.NAME.infrastructure]. Where there is no report, remove the table"
    " security_scans: then a person attests the item of the plan.",
)
REPORT_READABLE = Rule(
    "SCAN-002",
    "Every report of security_scans.reports can be read",
    "A scanner that left no report may not have run.",
    "Scan the image and leave the report there, or correct security_scans.reports.",
)
REPORT_VALID = Rule(
    "SCAN-003",
    "A report is SARIF 2.1.0, or the JSON of Trivy or of Grype",
    "A report that was cut off, or has another form, may hold anything.",
    "Write the report again: trivy image --format json, grype -o json, or SARIF 2.1.0.",
)
SAME_IMAGE = Rule(
    "SCAN-004",
    "A report is about the image under judgement",
    "Another image has other packages.",
    "Scan the image from the registry by its digest: trivy image REPOSITORY@sha256:… In a SARIF,"
    " name the digest in runs[].properties.repoDigests or in runs[].automationDetails.id.",
)
REPORT_RECENT = Rule(
    "SCAN-005",
    "A report and its list of vulnerabilities are not older than security_scans.max_age_hours",
    "Vulnerabilities that became known since are not in an old report.",
    "Scan the image again, with a new list of vulnerabilities. A SARIF tells its time in"
    " runs[].invocations[].endTimeUtc.",
)
REPORT_COMPLETE = Rule(
    "SCAN-006",
    "The scanner ended well and looked at something",
    "A scanner that failed, or found no packages, reports no vulnerability either.",
    "Correct the step of the pipeline that scans, and run it again.",
)
NO_CRITICAL = Rule(
    "SCAN-007",
    "No vulnerability of the image is critical",
    "It can be used against the hospital as soon as the release is live.",
    "Update the package. To accept it for a time, add it to security_scans.exceptions with a"
    " reason, a person and a day; what the scanner's own settings suppress counts all the same.",
)
SEVERITY_KNOWN = Rule(
    "SCAN-008",
    "The severity of every vulnerability is known",
    "One without a severity may be critical.",
    "Assess it, and add it to security_scans.exceptions with a reason, a person and a day. A SARIF"
    " tells the severity in properties.security-severity.",
)

"""What proves that a release was scanned and reviewed (`infrastructure`).

Without the table a named person attests the item of the plan.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from pydantic import Field, field_validator

from cutover_gates.config.base import LEAVES_OUT, LOOSER_ABOVE, SettingsTable
from cutover_gates.config.named_facts import NamedFact
from cutover_gates.config.pipeline import COMMIT


class ScanException(NamedFact):
    """One vulnerability that a named person accepts until a day."""

    package: str | None = Field(
        default=None,
        description="The only package in which it is accepted, where not in any.",
        examples=["openssl"],
    )
    expires: date = Field(
        description="The last day (UTC) on which it is accepted.", examples=["2026-12-31"]
    )


class SecurityScanSettings(SettingsTable):
    """Reports of scanners about the image under judgement (`cluster.digest`).

    Each is SARIF 2.1.0, or the JSON of Trivy or of Grype; its content tells which.
    """

    reports: tuple[Path, ...] = Field(
        default=(),
        examples=[["artifacts/trivy.json"]],
        description=(
            "The files. Each must name the digest of the image: Trivy and Grype do so where they"
            " scan it from the registry, a SARIF by `runs[].properties` or `automationDetails.id`."
        ),
    )
    max_age_hours: float = Field(
        default=72,
        gt=0,
        le=720,
        json_schema_extra=LOOSER_ABOVE,
        description=(
            "Hours after which a report, or the list of vulnerabilities that it was made with, is"
            " too old: new ones become known every day."
        ),
    )
    exceptions: dict[str, ScanException] = Field(
        default={},
        json_schema_extra=LEAVES_OUT,
        examples=[
            {
                "CVE-2026-1234": {
                    "reason": "the function is never called",
                    "by": "Ada Example",
                    "at": "2026-11-20",
                    "expires": "2026-12-31",
                }
            }
        ],
        description="Critical vulnerabilities that are accepted for a time, by their ids.",
    )


class CodeReviewSettings(SettingsTable):
    """The pull requests of the release, with their approvals, as the pipeline wrote them down.

    The schema is `src/cutover_gates/probes/deployment/code_review/code_review.schema.json`. The
    commit under judgement is `pipeline.commit`.
    """

    file: Path | None = Field(
        default=None,
        examples=["artifacts/code-review.json"],
        description="The JSON file that the pipeline writes.",
    )
    previous_commit: str | None = Field(
        default=None,
        examples=["5a0c3bb4c2b9e0d4a7e2d9b1c6f8e3a1d2b4c6e8"],
        description="The commit of the release before, in full.",
    )
    approvals: int = Field(
        default=1, ge=1, le=10, description="People other than the author who must approve."
    )
    bots: tuple[str, ...] = Field(
        default=(),
        examples=[["renovate-approve"]],
        description=(
            "Accounts of programs, beside those that the forge calls bots: their approval counts"
            " for nothing."
        ),
    )
    max_age_hours: float = Field(
        default=168,
        gt=0,
        le=2160,
        json_schema_extra=LOOSER_ABOVE,
        description="Hours after which the file is too old: an approval may be taken back.",
    )

    @field_validator("previous_commit")
    @classmethod
    def _check_commit(cls, value: str | None) -> str | None:
        if value is not None and not COMMIT.fullmatch(value):
            raise ValueError(
                f"{value!r} is not a full commit; write its 40 (or 64) hexadecimal digits, as git"
                " rev-parse gives them"
            )
        return value

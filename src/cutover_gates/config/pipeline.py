"""`[targets.NAME.infrastructure.pipeline]`: the pipeline of the commit under judgement."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from cutover_gates.config.base import LOOSER_ABOVE, LOOSER_BELOW, LOOSER_FEWER, SettingsTable

COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
Percent = Annotated[float, Field(ge=10, le=100)]


class PipelineSettings(SettingsTable):
    """The files that the pipeline leaves of the commit under judgement.

    Their schema is `src/cutover_gates/probes/deployment/pipeline/pipeline.schema.json`.
    """

    file: Path | None = Field(
        default=None, description="The JSON file that the pipeline writes at its end."
    )
    coverage_file: Path | None = Field(
        default=None,
        description=(
            "A coverage report in Cobertura's format (`coverage.xml`), instead of the figure in "
            "`file`, which then tells the report's SHA-256 or the same figure."
        ),
    )
    commit: str | None = Field(default=None, description="The commit under judgement, in full.")
    suites: tuple[str, ...] = Field(
        default=("unit", "integration", "security"),
        min_length=1,
        json_schema_extra=LOOSER_FEWER,
        description="The suites that must be there, each green: a skipped one is not.",
    )
    coverage_percent: Percent = Field(
        default=80,
        json_schema_extra=LOOSER_BELOW,
        description="Percent of the lines that the tests must cover.",
    )
    max_age_hours: float = Field(
        default=168,
        le=2160,
        gt=0,
        json_schema_extra=LOOSER_ABOVE,
        description="Hours after which the pipeline's run is too old.",
    )

    @field_validator("commit")
    @classmethod
    def _check_commit(cls, value: str | None) -> str | None:
        if value is not None and not COMMIT.fullmatch(value):
            raise ValueError(
                f"{value!r} is not a full commit; write its 40 (or 64) hexadecimal digits, as git"
                " rev-parse HEAD gives them"
            )
        return value

"""How a target's API is held to its own document: `[targets.NAME.contract]`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from cutover_gates.config.base import (
    LEAVES_OUT,
    SettingsTable,
)

Mode = Literal["safe", "deep"]


class Contract(SettingsTable):
    """Where the API's document is, and how far the run goes that tries it out."""

    document: Path | None = Field(
        default=None,
        description=(
            "A file with the OpenAPI document (JSON or YAML), for a target that does not give its"
            " own."
        ),
    )
    previous_document: Path | None = Field(
        default=None,
        description="The recorded document of the release before: clients were built for it.",
    )
    undocumented: dict[str, str] = Field(
        default={},
        json_schema_extra=LEAVES_OUT,
        description=(
            'Requests of the mapping that the document need not list, as `"POST /login/{}"`, each'
            " with its reason. `{}` stands for a value."
        ),
    )
    mode: Mode | None = Field(
        default=None,
        description=(
            "`safe` only reads: no request but GET and HEAD. `deep` also writes, at random, and"
            " leaves behind what it made: only where `throwaway` holds, and never on production."
            " Default: `deep` for `nightly` where it may be, else `safe`."
        ),
    )
    throwaway: bool = Field(
        default=False,
        description=(
            "True where all data may be spoilt: what a deep run makes cannot be told apart and"
            " removed. The embedded hospital is always so."
        ),
    )
    seconds: int = Field(
        default=60,
        le=86_400,
        ge=1,
        description=(
            "Seconds after which a safe run is stopped. What was not asked by then is not proven."
        ),
    )
    deep_seconds: int = Field(
        default=300,
        le=86_400,
        ge=1,
        description="Seconds that a deep run takes. What was not asked by then is not proven.",
    )
    rate: int = Field(default=50, ge=1, description="Requests a second that the run never passes.")
    seed: int = Field(
        default=1, ge=0, description="Of a deep run's random choices. A safe run makes none."
    )
    account: Literal["registrar", "clinician", "auditor", "administrator"] = Field(
        default="administrator",
        description=(
            "The account that the run signs in with: one that may read all that is documented."
        ),
    )
    accepted: Path | None = Field(
        default=None,
        description=(
            "The findings that are accepted for a time. Default: `known_failures/NAME.toml`."
        ),
    )
    # Read by `cutover_gates.probes.api.access.assessments` alone.
    roles: dict[str, tuple[str, ...]] = Field(
        default={},
        description=(
            'What each role may do, as operations of the document: `"GET /api/v1/patients"`; `*`'
            " stands for anything. `anybody`: what is open to everybody."
        ),
    )
    parameters: dict[str, str] = Field(
        default={},
        description=(
            "What a path's parameter means that is not named like `patient_id`: `patient`, "
            "`visit` or `document`, or else the id of something that is there for good."
        ),
    )
    untried: dict[str, str] = Field(
        default={},
        json_schema_extra=LEAVES_OUT,
        description="Operations that those who may use them do not try, each with its reason.",
    )

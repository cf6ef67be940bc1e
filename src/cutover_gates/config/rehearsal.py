"""The settings of scratch servers, backups, the rehearsal of a migration and its replay."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from cutover_gates.config.base import (
    LEAVES_OUT,
    LOOSER_ABOVE,
    LOOSER_OTHER,
    Seconds,
    SettingsTable,
    leaves_out,
)


class ScratchSettings(SettingsTable):
    """A server for databases that are made, filled and thrown away.

    They serve to apply the scripts to an empty database, to restore a backup, and to rehearse.
    """

    kind: Literal["embedded", "server", "container"] = Field(
        default="embedded",
        description=(
            "`embedded`: PostgreSQL from a Python wheel, of the "
            "target's major version. `server`: your own, by `dsn`. `container`: by Docker."
        ),
    )
    dsn: SecretStr | None = Field(
        default=None,
        description=(
            "For `server`: a role that may create databases. Never the target's own server."
        ),
    )
    dsn_file: Path | None = Field(
        default=None, description="A file that holds that DSN, instead of the environment."
    )
    image: str = Field(
        default="postgres",
        description=(
            "For `container`: the image; without a tag it gets the target's major version as one."
        ),
    )


class BackupSettings(SettingsTable):
    """Where the backups are, and what is asked of them."""

    path: str | None = Field(
        default=None,
        description=(
            "The backup: a `pg_dump` file or directory, plain SQL, or a base backup. A pattern "
            "(`backups/*.dump`) means the newest that fits."
        ),
    )
    max_age_hours: float = Field(
        default=12,
        le=168,
        gt=0,
        json_schema_extra=LOOSER_ABOVE,
        description="Hours after which a backup is too old.",
    )
    restore: bool = Field(
        default=True,
        json_schema_extra={**LOOSER_OTHER, **leaves_out(value=False)},
        description=(
            "Whether the gates of Phase 1 restore it, too. Before the cutover it is always"
            " restored."
        ),
    )


class RehearsalSettings(SettingsTable):
    """The pending scripts, tried on a restored copy while somebody works with it."""

    lock_seconds: Seconds = Field(
        default=1,
        le=60,
        json_schema_extra=LOOSER_ABOVE,
        description="Seconds that a statement of the workload may have to wait.",
    )
    script_seconds: Seconds = Field(
        default=600,
        le=86_400,
        json_schema_extra=LOOSER_ABOVE,
        description="Seconds that all pending scripts together may take.",
    )
    workload: tuple[str, ...] = Field(
        default=(),
        description=(
            "Statements that run over and over meanwhile. Default: made up for the busiest tables."
        ),
    )
    lint_except: dict[str, str] = Field(
        default={},
        json_schema_extra=LEAVES_OUT,
        description="Rules of the linter (squawk) that are not asked for, each with its reason.",
    )

    @field_validator("lint_except")
    @classmethod
    def _require_reasons(cls, value: dict[str, str]) -> dict[str, str]:
        for rule, reason in value.items():
            if not reason.strip():
                raise ValueError(f"{rule} needs a reason: an auditor will ask for it")
        return value


class ReplaySettings(SettingsTable):
    """The scripts, run on the restored backup: what they make there is what the target must hold.

    New tables, new columns and whole moves are proven by that without declarations.
    """

    at: Literal["t12", "phase1", "never"] = Field(
        default="t12",
        description=(
            "The gate that restores the backup and runs the scripts on it. `t12`: its result is"
            " carried to Phase 1. `never`: new tables and columns are compared as declared."
        ),
    )
    undetermined: dict[str, str] = Field(
        default={},
        json_schema_extra=LEAVES_OUT,
        description=(
            "Columns (`table.column`) to which the scripts give other values each time, such as the"
            " present time, each with its reason. They are not compared."
        ),
        examples=[{'"bills.made_at"': "the time of the migration"}],
    )

    @field_validator("undetermined")
    @classmethod
    def _require_reasons(cls, value: dict[str, str]) -> dict[str, str]:
        for column, reason in value.items():
            if not reason.strip():
                raise ValueError(f"{column} needs a reason: an auditor will ask for it")
        return value


class StagingReference(SettingsTable):
    """The target whose verdicts stand for this one's before the cutover."""

    staging: str | None = Field(
        default=None,
        description=(
            "The target that stands for staging: its own Phase 1 must have ended in GO with these"
            " scripts, and its verdicts prove the items with `asked_of` of the plan. Default:"
            " `staging`."
        ),
    )
    staging_verdict_hours: float = Field(
        default=72,
        gt=0,
        le=336,
        json_schema_extra=LOOSER_ABOVE,
        description="Hours after which a verdict of staging is too old to prove such an item.",
    )
    staging_key_file: Path | None = Field(
        default=None,
        description=(
            "A file with the public key that signs the verdicts of staging: one without its"
            " signature then proves no such item. Default: with `attestation.required` the key"
            " of this target; else the files are compared with their sums, and no signature is"
            " asked for."
        ),
        examples=["keys/staging-public.pem"],
    )

    @field_validator("staging")
    @classmethod
    def _check_staging_name(cls, value: str | None) -> str | None:
        if value is not None and not value.strip():
            raise ValueError("name a target")
        return value

"""The settings of a target's accounts, database and limits."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr

from cutover_gates.config.base import LOOSER_ABOVE, SIZE_ABOVE, SIZE_BELOW, Seconds, SettingsTable

ACCOUNT_ROLES = ("registrar", "clinician", "auditor", "administrator", "outsider")


class UserAccount(SettingsTable):
    """An account of the target that the checks sign in with."""

    username: str = Field(min_length=1, description="The name to sign in with.")
    password: SecretStr | None = Field(default=None, description="Its password.")
    password_file: Path | None = Field(
        default=None, description="A file that holds the password, instead of the environment."
    )


class DatabaseSettings(SettingsTable):
    """A read-only way into the target's database."""

    dsn: SecretStr | None = Field(
        default=None, description="Where the database is and who reads it, as libpq has it."
    )
    dsn_file: Path | None = Field(
        default=None, description="A file that holds the DSN, instead of the environment."
    )
    standby_dsn: SecretStr | None = Field(
        default=None,
        description="A standby for the heavy reads: then they burden it, and not the primary.",
    )
    standby_dsn_file: Path | None = Field(
        default=None, description="A file that holds the standby's DSN, instead of the environment."
    )
    rows: dict[str, str] = Field(
        default={},
        description=(
            "Queries that find one row by its id: patient, visit, document. "
            "Default: those of `src/cutover_gates/probes/database/default_rows.toml`."
        ),
    )
    connect_seconds: Seconds = Field(
        default=3, le=60, description="Seconds to wait for a connection."
    )
    statement_seconds: Seconds = Field(
        default=5, le=3600, description="Seconds after which the database itself stops a query."
    )


class Limits(SettingsTable):
    """What the target promises, and how long a check waits."""

    document_bytes: int = Field(
        default=2 * 1024 * 1024,
        gt=0,
        json_schema_extra=SIZE_BELOW,
        description="Bytes of the largest document that the target takes.",
    )
    document_types: tuple[str, ...] = Field(
        default=("application/pdf", "image/png", "image/jpeg", "text/plain"),
        min_length=1,
        description="Media types of the documents that the target takes.",
    )
    release_header: str | None = Field(
        default=None,
        examples=["X-Release"],
        description=(
            "The header in which every answer names the release that gave it. Every instance is"
            " asked for it. Without one only what the target says when it is asked counts."
        ),
    )
    sign_in_failures: int = Field(
        default=5,
        le=100,
        gt=0,
        json_schema_extra=LOOSER_ABOVE,
        description='Failed sign-ins in a row after which the target says "slow down".',
    )
    connect_seconds: Seconds = Field(
        default=2, le=60, description="Seconds to wait for a connection to the target."
    )
    request_seconds: Seconds = Field(
        default=4,
        le=120,
        json_schema_extra=LOOSER_ABOVE,
        description="Seconds within which every request must be answered, from first byte to last.",
    )
    patience_seconds: Seconds = Field(
        default=5,
        le=300,
        json_schema_extra=LOOSER_ABOVE,
        description=(
            "Seconds lost in a row without any answer, after which the target counts as gone."
        ),
    )
    clock_skew_seconds: Seconds = Field(
        default=5,
        le=300,
        json_schema_extra=LOOSER_ABOVE,
        description=(
            "Seconds by which the clocks of the target, its database and this machine may differ. "
            "Where they differ by more, waivers, sign-offs and certificates count only where they "
            "are valid by every clock."
        ),
    )
    audit_seconds: Seconds = Field(
        default=2,
        le=3600,
        json_schema_extra=LOOSER_ABOVE,
        description="Seconds after which the use of a record must stand in the audit log.",
    )
    answer_bytes: int = Field(
        default=16 * 1024 * 1024,
        gt=0,
        description=(
            "Bytes of an answer that are read at most, also after it is decompressed. An answer "
            "with a document may have three times limits.document_bytes, since JSON carries it in "
            "base64."
        ),
    )
    check_seconds: Seconds = Field(
        default=60,
        le=3600,
        json_schema_extra=SIZE_ABOVE,
        description="Seconds after which a check is stopped: it is then not proven.",
    )

    @property
    def readable_bytes(self) -> int:
        """The bytes of an answer that are read: enough for a document in base64, too."""
        return max(self.answer_bytes, 3 * self.document_bytes)

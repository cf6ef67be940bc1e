"""How the corrections of a day are told: `[targets.NAME.migrations.tables.TABLE.corrections]`."""

from __future__ import annotations

from pydantic import Field, model_validator

from cutover_gates.config.base import SettingsTable, WrittenReason

SINCE = "{since}"
"""What stands for the moment of the snapshot in `audit`."""


class Corrections(SettingsTable):
    """What tells a row that a person corrected since the snapshot from one that was damaged.

    A changed row counts as corrected where everything that is named here says so.
    """

    changed_at: str | None = Field(
        default=None,
        description=(
            "The column with the time of the last change. A corrected row has a later one than"
            " every row of the snapshot."
        ),
        examples=["updated_at"],
    )
    changed_by: str | None = Field(
        default=None,
        description="The column that says who changed the row last.",
        examples=["updated_by"],
    )
    roles: tuple[str, ...] = Field(
        default=(),
        description="The values of `changed_by` that stand for people at work.",
        examples=[["registrar", "clinician"]],
    )
    audit: str | None = Field(
        default=None,
        description=(
            "A query over the audit table that gives the keys of the rows that people corrected."
            " `{since}` in it is the time of the snapshot."
        ),
        examples=["SELECT patient_id FROM audit_entries WHERE at > {since}"],
    )
    most: int = Field(
        default=1000,
        gt=0,
        json_schema_extra={"looser": "above", "size": True},
        description="The most rows that people correct between the snapshot and the gate.",
    )
    at_once: int = Field(
        default=2,
        gt=0,
        json_schema_extra={"looser": "above", "size": True},
        description=(
            "The most corrected rows with one time in `changed_at`. More were written by one"
            " statement, and are no work of people."
        ),
    )
    reason: WrittenReason = Field(
        description="Who corrects rows meanwhile, and why: an auditor will ask.",
        examples=["the front desk works on until the cutover"],
    )

    @model_validator(mode="after")
    def _require_sign(self) -> Corrections:
        if bool(self.changed_by) != bool(self.roles):
            raise ValueError("give changed_by and roles together: the column, and its values")
        if not (self.changed_at or self.changed_by or self.audit):
            raise ValueError("name what tells a correction: changed_at, changed_by or audit")
        return self

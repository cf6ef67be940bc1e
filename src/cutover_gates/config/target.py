"""One system under test, as its tables in the settings describe it.

`docs/settings.md` is made from the descriptions here.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator

from cutover_gates.config.base import SettingsTable
from cutover_gates.config.container import Container
from cutover_gates.config.contract import Contract
from cutover_gates.config.declared_limits import move_declared_limits
from cutover_gates.config.declared_tables import (
    Capabilities,
    DeclaredFact,
    UnsupportedNames,
    absent_names,
)
from cutover_gates.config.fhir import Fhir
from cutover_gates.config.headers import Headers
from cutover_gates.config.infrastructure import Infrastructure
from cutover_gates.config.migrations import Migrations
from cutover_gates.config.monitoring import Monitoring
from cutover_gates.config.performance import Performance
from cutover_gates.config.previous import PreviousRelease, Rollout
from cutover_gates.config.role_checks import check_roles, merge_accounts
from cutover_gates.config.roles import Roles
from cutover_gates.config.target_access import (
    ACCOUNT_ROLES,
    DatabaseSettings,
    Limits,
    UserAccount,
)
from cutover_gates.config.target_kinds import check_kind
from cutover_gates.config.target_url import TargetUrl
from cutover_gates.config.triggers import TriggerSettings
from cutover_gates.config.watch import Watch

TARGET_NAME = re.compile(r"[a-z0-9]+([_-][a-z0-9]+)*")


class Target(SettingsTable):
    """One system under test."""

    kind: Literal["embedded", "remote", "containers"] = Field(
        default="remote",
        description=(
            "`remote`: somebody runs it, and `url` says where. `containers`: its image is started"
            " for each run, and a PostgreSQL beside it. `embedded`: the hospital of `reference/`,"
            " started for each run; its name begins with `embedded`."
        ),
    )
    url: TargetUrl = Field(
        default=None, description="Where a remote target answers, without user, password or query."
    )
    release: str | None = Field(
        default=None,
        description=(
            "The release under judgement. `--release` and the top-level `release` go over it."
        ),
    )
    previous_release: str | None = Field(
        default=None,
        examples=["1.9.0"],
        description=(
            "The release that runs before the cutover and after a rollback, as the target reports"
            " it. `--previous-release` and the top-level `previous_release` go over it."
        ),
    )
    production: bool = Field(
        default=False,
        description="True where real patients are: nothing is sent that they could not bear.",
    )
    driver: str = Field(
        default="rest",
        description="How it speaks: `rest`, `fhir`, or a class of yours: `package.module:Class`.",
    )
    mapping: Path | None = Field(
        default=None,
        description=(
            "A TOML file with the REST mapping (`docs/target-protocol.md`). "
            "Without one the target speaks the default dialect."
        ),
    )
    rest: dict[str, Any] | None = Field(
        default=None, description="The REST mapping as a table, instead of the file."
    )
    fhir: Fhir = Field(default=Fhir(), description='How it speaks FHIR R4, with `driver = "fhir"`.')
    container: Container = Field(
        default=Container(), description='What is started, with `kind = "containers"`.'
    )
    roles: Roles = Field(
        default={},
        description=(
            "The roles of the staff, where they are not registrar, clinician, auditor and"
            " administrator with the rights of the shipped table (`docs/your-hospital.md`)."
        ),
    )
    users: dict[str, UserAccount] = Field(
        default={},
        description=(
            "The accounts that the checks sign in with: those of `roles`, else registrar,"
            " clinician, auditor and administrator; and the outsider, a clinician of another"
            " facility."
        ),
    )
    database: DatabaseSettings = Field(
        default=DatabaseSettings(), description="The target's database."
    )
    limits: Limits = Field(default=Limits(), description="What it promises, and how long to wait.")
    migrations: Migrations = Field(
        default=Migrations(),
        description="How the database is migrated, and what is expected of its data.",
    )
    performance: Performance = Field(
        default=Performance(),
        description="The load that the target is known to bear, and what must hold under it.",
    )
    contract: Contract = Field(default=Contract(), description="How its API keeps its document.")
    headers: Headers = Field(default=Headers(), description="What its answers' headers may say.")
    infrastructure: Infrastructure = Field(
        default=Infrastructure(), description="What stands around it."
    )
    monitoring: Monitoring = Field(
        default=Monitoring(), description="What watches it, and whom it tells."
    )
    watch: Watch = Field(default=Watch(), description="What is asked all through the cutover.")
    triggers: TriggerSettings = Field(
        default=TriggerSettings(), description="When a rollback is ordered."
    )
    previous: PreviousRelease = Field(
        default=PreviousRelease(),
        description="How the release before is started on a copy of the database.",
    )
    rollout: Rollout = Field(
        default=Rollout(),
        description="What runs side by side while a release replaces the one before.",
    )
    not_applicable: dict[str, DeclaredFact] = Field(
        default={},
        description=(
            "Items of the plan that this target cannot have, each with the reason, who declared it"
            " and when. They are shown in the verdict."
        ),
    )
    capabilities: Capabilities = Field(
        default={},
        description=(
            "What this target does not do, each with the reason, who declared it and when. A check"
            " that needs it is not applicable."
        ),
    )
    unsupported: UnsupportedNames = Field(
        default={},
        description=(
            "The former place of `capabilities`: names with reasons. This version still reads it,"
            " and says so; the next one does not."
        ),
        examples=[{"refresh": "sessions last one shift"}],
    )
    secrets: dict[str, SecretStr] = Field(
        default={},
        description=(
            "What the mapping calls `{{ secret.NAME }}`, such as an API key or a client's secret."
            " From variables only, such as `CUTOVER_TARGETS__NAME__SECRETS__API_KEY` for `{{"
            " secret.api_key }}`."
        ),
    )
    expired_token: SecretStr | None = Field(
        default=None, description="An access token that was good once."
    )
    expired_token_file: Path | None = Field(
        default=None, description="A file that holds the expired token, instead of the environment."
    )

    @property
    def absent_capabilities(self) -> dict[str, str]:
        """The capabilities that it is declared not to have, with the reasons."""
        return absent_names(self.capabilities, self.unsupported)

    @model_validator(mode="before")
    @classmethod
    def _move_limits(cls, table: Any) -> Any:
        return move_declared_limits(table)

    @field_validator("users", mode="before")
    @classmethod
    def _merge_accounts(cls, users: Any, read: ValidationInfo) -> Any:
        return merge_accounts(users, read.data.get("roles"))

    @model_validator(mode="after")
    def _check_consistency(self) -> Target:
        check_kind(self)
        check_roles(self.roles, self._usernames, self.contract.roles, self.capabilities)
        return self

    @property
    def _usernames(self) -> dict[str, str]:
        """The user of each account; those of an embedded target are called as their roles."""
        if self.kind == "embedded":
            return {role: role for role in ACCOUNT_ROLES}
        return {name: account.username for name, account in self.users.items()}

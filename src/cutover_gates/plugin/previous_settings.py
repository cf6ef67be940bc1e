"""The settings with which the functional checks judge the release before, on a copy.

They are those of the target, with what `[targets.NAME.previous.differs]` lays over them. Secrets go
by the environment, so the file may be kept as evidence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cutover_gates.config.base import SettingsError
from cutover_gates.config.previous import PreviousRelease
from cutover_gates.config.settings import Settings
from cutover_gates.core.check_groups import needs_of
from cutover_gates.core.plan import Plan
from cutover_gates.core.tables import read_table
from cutover_gates.hospital import Credentials
from cutover_gates.plugin.gate_settings import lay_over, make_previous_target
from cutover_gates.targets.running_target import RunningTarget

TARGET = "before"
"""The name of the release before among the targets of its own settings."""
GATE = "phase3 and smoke"
_KEPT = {
    *("driver", "rest", "fhir", "roles", "limits", "headers", "capabilities", "unsupported"),
    "not_applicable",
}


def compose_target(
    settings: Settings, previous: PreviousRelease, standing: RunningTarget, plan: Plan, url: str
) -> dict[str, Any]:
    """Return the table of the release before, as a settings file has it. It holds no secret.

    Raises `SettingsError` for a difference that a target cannot have.
    """
    chosen = settings.chosen_target
    own = chosen.model_dump(mode="json", exclude_unset=True, include=_KEPT)
    if chosen.mapping is not None:
        own["rest"] = read_table(settings.resolve_path(chosen.mapping), SettingsError)
    own["users"] = {
        name: {"username": user.username} for name, user in list_accounts(settings, standing)
    }
    table = lay_over(own, previous.differs)
    # The queries of the new release: what the old one writes must be there for both.
    table["database"] = {"rows": chosen.database.rows} if chosen.database.rows else {}
    table |= {"url": url, "release": release_of(previous, standing)}
    left_out = _leave_out(plan)
    table["not_applicable"] = {**left_out["not_applicable"], **table.get("not_applicable", {})}
    table["capabilities"] = {**left_out["capabilities"], **table.get("capabilities", {})}
    _resolve_files(table, settings)
    make_previous_target(table, settings.target)
    return table


def release_of(previous: PreviousRelease, standing: RunningTarget) -> str:
    """Return the release that must answer; empty where the settings name none."""
    return previous.release or standing.previous_release or ""


def list_accounts(settings: Settings, standing: RunningTarget) -> Iterator[tuple[str, Credentials]]:
    """Yield the accounts by their names in the settings, also those that the target refuses.

    An embedded target has its own. Those of others are read again: by then they have passwords.
    """
    users = settings.chosen_target.users
    for name, user in users.items():
        section = f"targets.{settings.target}.users.{name}"
        yield (
            name,
            Credentials(user.username, settings.read_secret(user, "password", section) or ""),
        )
    if not users:
        rejected = {role: one.credentials for role, one in standing.rejected_accounts.items()}
        for role, account in {**standing.users, **rejected}.items():
            yield role.value, account


def build_environment(
    settings: Settings, previous: PreviousRelease, standing: RunningTarget, dsn: str
) -> dict[str, str]:
    """Return the variables that hold the secrets for the settings of the release before."""
    start = f"CUTOVER_TARGETS__{TARGET}__".upper()
    own = previous.differs.get("users", {})
    found = {
        f"{start}USERS__{name.upper()}__PASSWORD": account.password
        for name, account in list_accounts(settings, standing)
        if "password_file" not in own.get(name, {})
    }
    section = f"targets.{settings.target}.previous"
    expired = settings.read_secret(previous, "expired_token", section) or standing.expired_token
    secrets = {
        f"{start}SECRETS__{key.upper()}": value for key, value in standing.mapping_secrets.items()
    }
    found |= {**secrets, f"{start}DATABASE__DSN": dsn, f"{start}EXPIRED_TOKEN": expired or ""}
    return {name: value for name, value in found.items() if value}


def _leave_out(plan: Plan) -> dict[str, Any]:
    """Return what is not asked of a release that runs for minutes on a copy."""
    fact = {"by": "cutover-gates", "at": datetime.now(UTC).date()}
    outside = {
        item.id: {"reason": "asked of what stands around the target, and not of a copy", **fact}
        for item in plan.select_items(GATE)
        if item.groups and _is_outside(item.groups)
    }
    outage = {"value": False, "reason": "its database is a copy for these checks only", **fact}
    return {"not_applicable": outside, "capabilities": {"database-outage": outage}}


def _is_outside(groups: tuple[str, ...]) -> bool:
    """Return whether these checks need more than the application: a proxy, or what watches it."""
    return bool(needs_of(groups))


def _resolve_files(table: Mapping[str, Any], settings: Settings) -> None:
    """Make the files of passwords absolute: the new settings stand in another folder."""
    for user in table.get("users", {}).values():
        if file := user.get("password_file"):
            user["password_file"] = str(settings.resolve_path(Path(file)).absolute())

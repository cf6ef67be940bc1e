"""Looks up the accounts of a target: by the work that a check does, and by a role of its staff."""

from __future__ import annotations

from dataclasses import dataclass

from cutover_gates.config.base import SettingsError
from cutover_gates.config.capabilities import suggest_declaration
from cutover_gates.config.settings import Settings
from cutover_gates.hospital import Credentials, MappingError, Role, Unsupported
from cutover_gates.hospital.staff_roles import find_undone_work
from cutover_gates.plugin.account_check import raise_if_rejected, raise_if_role_rejected
from cutover_gates.targets.driver_factory import load_unsupported_operations, mapping_of
from cutover_gates.targets.running_target import RunningTarget
from cutover_gates.targets.staffing import read_staff_roles
from cutover_gates.util.text import format_list


@dataclass(frozen=True)
class AccountLookup:
    """Looks up credentials, and names the missing setting where there are none.

    It looks them up late, so that only a check that needs a role fails without it.
    """

    settings: Settings
    target: RunningTarget

    def credentials_for(self, role: Role) -> Credentials:
        """Return the account that does the work of a role in the checks."""
        raise_if_rejected(self.target, role)
        if role in self.target.users:
            return self.target.users[role]
        key, absent = f"account-{role.value}", self.settings.chosen_target.absent_capabilities
        if key in absent:
            raise Unsupported(key, absent[key])
        raise SettingsError(self.describe_missing(role))

    def credentials_of(self, name: str) -> Credentials:
        """Return the account of a role of the staff, or of the outsider, by its own name."""
        if not self.target.staff or name == Role.OUTSIDER:
            return self.credentials_for(Role(name))
        raise_if_role_rejected(self.target, name)
        return self.target.staff[name]

    def work_of(self, name: str) -> Role | None:
        """Return whose work in the checks this account alone does; None where it does no such."""
        account = self.credentials_of(name)
        if not self.target.staff:
            return Role(name)
        for role, other in self.target.users.items():
            if other == account and not other.deputies:
                return role
        return None

    def describe_missing(self, role: Role) -> str:
        """Return what to write where no account does the work of a role."""
        name = self.target.name
        declaration = suggest_declaration(name, f"account-{role.value}")
        if self.target.staff and role is Role.AUDITOR:
            return (
                f"no role in [targets.{name}.roles] may change nothing, and this check needs an"
                f" account that may do no harm: name all changes under may_not of one,"
                f" {declaration}"
            )
        if self.target.staff and role is not Role.OUTSIDER:
            return (
                f"no role in [targets.{name}.roles] may do any work of a {role.value}: name it"
                f" under may, {declaration}"
            )
        return (
            f"target {name!r} has no account for the role {role.value}: give"
            f" [targets.{name}.users.{role.value}], {declaration}"
        )


def describe_missing_work(settings: Settings, target: RunningTarget) -> dict[str, str]:
    """Return why nobody does the work of a role, where the settings declare the staff's roles."""
    lookup = AccountLookup(settings, target)
    missing = [role for role in Role if target.staff and role not in target.users]
    return {role.value: lookup.describe_missing(role) for role in missing}


def require_work(settings: Settings) -> None:
    """Raise `SettingsError` for work that no role may do, and that the target is said to have."""
    staff = read_staff_roles(settings.chosen_target)
    if not staff.is_declared:
        return
    absent = {*load_unsupported_operations(settings), *find_dialect_gaps(settings)}
    undone = find_undone_work(staff, absent)
    if undone:
        table = f"targets.{settings.target}"
        raise SettingsError(
            f"no role in [{table}.roles] may do {format_list(undone)}, so no check can prove that"
            " it works: name it under may of the role that does it, or declare it absent in"
            f" [{table}.capabilities]"
        )


def find_dialect_gaps(settings: Settings) -> frozenset[str]:
    """Return the operations that the default dialect itself has not, and that nobody declared."""
    if settings.chosen_target.driver != "rest":
        return frozenset()
    # here, because it takes long and only a target with a table of roles needs it
    from cutover_gates.drivers.rest.mapping import load_mapping

    table, source = mapping_of(settings)
    try:
        absent = load_mapping(table, source).unsupported
    except MappingError:
        return frozenset()  # the run says so itself, with the line
    return frozenset(absent) - load_unsupported_operations(settings).keys()

"""The staff of a target: its roles, and the accounts that do the work of the checks."""

from __future__ import annotations

from collections.abc import Mapping

from cutover_gates.config.roles import (
    OUTSIDER,
    ROLE_OPERATIONS,
    THE_REST,
    RoleSettings,
    account_of,
    is_documented,
)
from cutover_gates.config.settings import Settings
from cutover_gates.config.target import Target
from cutover_gates.hospital import Credentials, Role, StaffRole, StaffRoles
from cutover_gates.hospital.staff_roles import (
    SHIPPED_ROLES,
    Assignment,
    assign_work,
)

AccountsByWork = Mapping[Role, Credentials]


def read_staff_roles(target: Target) -> StaffRoles:
    """Return the roles of a target: those of its settings, else the shipped ones."""
    if not target.roles:
        return SHIPPED_ROLES
    return StaffRoles(
        tuple(_read_role(name, role) for name, role in target.roles.items()), is_declared=True
    )


def _read_role(name: str, role: RoleSettings) -> StaffRole:
    rest = {THE_REST in role.may: True, THE_REST in role.may_not: False}
    return StaffRole(
        name,
        account_of(name, role),
        role.allowed,
        role.refused,
        tuple(filter(is_documented, role.may)),
        tuple(filter(is_documented, role.may_not)),
        rest.get(True),
    )


def assign_accounts(
    settings: Settings, accounts: Mapping[str, Credentials]
) -> tuple[AccountsByWork, Mapping[str, Credentials]]:
    """Return the accounts that do the work of the checks, and those of the declared roles.

    `accounts` are by their names in the settings.
    """
    target = settings.chosen_target
    staff = read_staff_roles(target)
    if not staff.is_declared:
        return {Role(name): account for name, account in accounts.items()}, {}
    by_role = {role.name: accounts[role.account] for role in staff.roles}
    users = {
        role: _combine(assignment, by_role)
        for role, assignment in assign_work(staff, target.absent_capabilities).items()
    }
    if OUTSIDER in accounts:
        users[Role.OUTSIDER] = accounts[OUTSIDER]
    return users, by_role


def _combine(assignment: Assignment, by_role: Mapping[str, Credentials]) -> Credentials:
    chief = by_role[assignment.chief]
    deputies = {name: by_role[role] for name, role in assignment.deputies.items()}
    return Credentials(chief.username, chief.password, deputies)


def list_acting_accounts(target: Target) -> dict[str, dict[str, str]]:
    """Return the keys under `users` of who does the work of each role in the checks.

    The account of most of the work has the empty name, those of single operations have theirs. It
    is empty where the settings declare no roles.
    """
    staff = read_staff_roles(target)
    if not staff.is_declared:
        return {}
    work = assign_work(staff, target.absent_capabilities)
    return {role.value: _name_accounts(staff, assigned) for role, assigned in work.items()}


def _name_accounts(staff: StaffRoles, assigned: Assignment) -> dict[str, str]:
    accounts = {role.name: role.account for role in staff.roles}
    deputies = {name: accounts[other] for name, other in assigned.deputies.items()}
    return {"": accounts[assigned.chief], **deputies}


def describe_staff(target: Target) -> list[str]:
    """Return a line for each declared role, and for each work of the checks: who may, who acts."""
    staff = read_staff_roles(target)
    if not staff.is_declared:
        return []
    rights = [
        f"{name} (account {account_of(name, role)}): may {_name_all(role.allowed)}; may not"
        f" {_name_all(role.refused)}; not asked: {_name_all(role.unlisted)}"
        for name, role in target.roles.items()
    ]
    work = assign_work(staff, target.absent_capabilities).items()
    return [*rights, *(_describe_assignment(role, assigned) for role, assigned in work)]


def _describe_assignment(role: Role, assigned: Assignment) -> str:
    deputies = "".join(f", {name} as {other}" for name, other in assigned.deputies.items())
    return f"the work of the {role.value} is done by {assigned.chief} in the checks{deputies}"


def _name_all(names: tuple[str, ...]) -> str:
    if len(names) == len(ROLE_OPERATIONS):
        return "everything"
    return ", ".join(names) or "nothing"

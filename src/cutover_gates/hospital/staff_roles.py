"""The roles of a target's staff: who may do what, and who acts in the checks.

A check wants somebody who does a registrar's, a clinician's or an administrator's work (`Role`).
The roles of the hospital itself may be others: `assign_work` finds who does the work there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from cutover_gates.config.roles import CHANGING, LOOKING
from cutover_gates.hospital.values import Role

WORK: Mapping[Role, tuple[str, ...]] = {
    Role.REGISTRAR: (
        *("register", "patient", "search", "update"),
        *("open_visit", "visit", "visits_of"),
    ),
    Role.CLINICIAN: (
        *("admit", "discharge", "cancel", "open_visit", "visit", "visits_of", "upload"),
        *("document", "content", "documents_of", "patient", "search"),
    ),
    Role.ADMINISTRATOR: (
        *("retire_patient", "retire_visit", "retire_document"),
        *(name for name in LOOKING if name != "search"),
    ),
}
"""What the checks do as somebody of each role. Who may do the first of it is asked first."""


@dataclass(frozen=True)
class StaffRole:
    """One role of the hospital, with the name of its account.

    `may` and `may_not` are operations of the language, `documented_may` and `documented_may_not`
    patterns of operations of the API's document. `rest` is true where the role may do every
    operation of the document that nothing names, false where it is refused them, None where they
    are not asked.
    """

    name: str
    account: str
    may: tuple[str, ...] = ()
    may_not: tuple[str, ...] = ()
    documented_may: tuple[str, ...] = ()
    documented_may_not: tuple[str, ...] = ()
    rest: bool | None = None


@dataclass(frozen=True, order=True)
class RoleAct:
    """One operation that one role does, or is refused. `role` and `operation` are names."""

    role: str
    operation: str

    def __str__(self) -> str:
        return f"{self.role}-{self.operation}"


@dataclass(frozen=True)
class StaffRoles:
    """The roles of the staff of one target, in their order.

    `is_declared` is true where its settings have a table of roles.
    """

    roles: tuple[StaffRole, ...]
    is_declared: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all roles."""
        return tuple(role.name for role in self.roles)

    def refused(self, operations: Collection[str]) -> list[RoleAct]:
        """Return what each role is refused of these operations."""
        return [
            RoleAct(role.name, name)
            for role in self.roles
            for name in role.may_not
            if name in operations
        ]

    def allowed(self, operations: Collection[str]) -> list[RoleAct]:
        """Return what each role may do of these operations."""
        return [
            RoleAct(role.name, name)
            for role in self.roles
            for name in role.may
            if name in operations
        ]

    def allowed_to(self, account: str) -> frozenset[str]:
        """Return what an account may do in any of its roles."""
        return frozenset(
            name for role in self.roles if role.account == account for name in role.may
        )

    def find_allowed(self, operation: str) -> StaffRole | None:
        """Return the first role that may do an operation; None where nobody may."""
        return next((role for role in self.roles if operation in role.may), None)


_RECORDS = ("document", "content", "documents_of")
SHIPPED_ROLES = StaffRoles(
    (
        StaffRole(
            "registrar",
            "registrar",
            may_not=(*_RECORDS, "admit", "cancel", "upload", "retire_document", "retire_patient"),
        ),
        StaffRole(
            "clinician",
            "clinician",
            may_not=("register", "update", "retire_document", "retire_patient"),
        ),
        StaffRole(
            "auditor",
            "auditor",
            may_not=tuple(
                name for name in (*LOOKING, *CHANGING) if name not in ("discharge", "retire_visit")
            ),
        ),
        StaffRole(
            "administrator",
            "administrator",
            may=tuple(name for name in LOOKING if name != "search"),
        ),
    )
)
"""The roles of a target that declares none.

What registrar, clinician and administrator may do is what all other checks do as them.
"""


@dataclass(frozen=True)
class Assignment:
    """Who does one role's work: `chief` is a name, `deputies` are others by operation."""

    chief: str
    deputies: Mapping[str, str] = field(default_factory=dict)


def assign_work(staff: StaffRoles, absent: Collection[str]) -> dict[Role, Assignment]:
    """Return who does the work of each `Role` that somebody of the staff may do.

    It is the first role that may do the first of it, and for what its account may not do the first
    role that may. `absent` are operations that the target does not have. The auditor is the first
    role whose account may change nothing.
    """
    assigned = {role: _assign(staff, work, absent) for role, work in WORK.items()}
    assigned[Role.AUDITOR] = _find_reader(staff)
    return {role: found for role, found in assigned.items() if found is not None}


def find_undone_work(staff: StaffRoles, absent: Collection[str]) -> list[str]:
    """Return the operations that the target has, and that no role may do."""
    names = (*LOOKING, *CHANGING)
    return [name for name in names if name not in absent and staff.find_allowed(name) is None]


def _assign(staff: StaffRoles, work: tuple[str, ...], absent: Collection[str]) -> Assignment | None:
    wanted = [name for name in work if name not in absent]
    chief = next(filter(None, map(staff.find_allowed, wanted)), None)
    if chief is None:
        return None
    own = staff.allowed_to(chief.account)
    others = {name: staff.find_allowed(name) for name in wanted if name not in own}
    return Assignment(chief.name, {name: role.name for name, role in others.items() if role})


def _find_reader(staff: StaffRoles) -> Assignment | None:
    for role in staff.roles:
        changes = staff.allowed_to(role.account) & set(CHANGING)
        if not changes and set(role.may_not) & set(CHANGING):
            return Assignment(role.name)
    return None

"""Who of a hospital's staff does the work of the checks."""

from __future__ import annotations

from cutover_gates.config.roles import CHANGING, LOOKING, ROLE_OPERATIONS
from cutover_gates.hospital import Role, RoleAct, StaffRole, StaffRoles
from cutover_gates.hospital.staff_roles import (
    SHIPPED_ROLES,
    WORK,
    Assignment,
    assign_work,
    find_undone_work,
)

CLERK = StaffRole("clerk", "front", may=("register", "patient", "search", "update"))
NURSE = StaffRole(
    "nurse",
    "ward",
    may=("patient", "open_visit", "visit", "visits_of", "admit", "discharge"),
    may_not=("register",),
)
DOCTOR = StaffRole(
    "doctor",
    "doctors",
    may=("cancel", "upload", "document", "content", "documents_of", "retire_patient"),
)
WATCH = StaffRole("watch", "watch", may=("patient",), may_not=CHANGING)


def test_the_first_role_that_may_acts_and_others_do_what_it_may_not() -> None:
    staff = StaffRoles((CLERK, NURSE, DOCTOR, WATCH), is_declared=True)
    assigned = assign_work(staff, absent=("retire_visit", "retire_document"))
    assert assigned[Role.REGISTRAR] == Assignment(
        "clerk", dict.fromkeys(("open_visit", "visit", "visits_of"), "nurse")
    )
    records = ("cancel", "upload", "document", "content", "documents_of")
    assert assigned[Role.CLINICIAN] == Assignment(
        "nurse", {**dict.fromkeys(records, "doctor"), "search": "clerk"}
    )
    assert assigned[Role.ADMINISTRATOR].chief == "doctor"
    assert assigned[Role.AUDITOR] == Assignment("watch")


def test_an_account_needs_no_deputy_for_what_another_of_its_roles_may() -> None:
    both = StaffRole("cashier", "front", may=("open_visit", "visit", "visits_of"))
    staff = StaffRoles((CLERK, both), is_declared=True)
    assert assign_work(staff, ())[Role.REGISTRAR] == Assignment("clerk")


def test_who_may_change_something_in_another_role_is_no_auditor() -> None:
    reader = StaffRole("reader", "front", may_not=CHANGING)
    assert Role.AUDITOR not in assign_work(StaffRoles((reader, CLERK), is_declared=True), ())


def test_nobody_acts_where_no_role_may_do_any_of_the_work() -> None:
    assigned = assign_work(StaffRoles((CLERK,), is_declared=True), ())
    assert set(assigned) == {Role.REGISTRAR, Role.CLINICIAN, Role.ADMINISTRATOR}
    assert assign_work(StaffRoles((WATCH,), is_declared=True), ("patient",)) == {
        Role.AUDITOR: Assignment("watch")
    }


def test_work_that_nobody_may_do_is_named() -> None:
    staff = StaffRoles((CLERK, NURSE, DOCTOR), is_declared=True)
    assert find_undone_work(staff, ("retire_visit",)) == ["retire_document"]


def test_the_acts_of_a_table_are_in_its_order() -> None:
    staff = StaffRoles((NURSE, CLERK), is_declared=True)
    assert staff.refused(CHANGING) == [RoleAct("nurse", "register")]
    assert staff.allowed(("patient",)) == [RoleAct("nurse", "patient"), RoleAct("clerk", "patient")]


def test_the_shipped_table_is_that_of_before_there_were_tables() -> None:
    """Its refusals were in the code of the checks: each is still there, and no other one."""
    refused = {role.name: set(role.may_not) for role in SHIPPED_ROLES.roles}
    assert refused == {
        "registrar": {
            *("document", "content", "documents_of"),
            *("admit", "cancel", "upload", "retire_document", "retire_patient"),
        },
        "clinician": {"register", "update", "retire_document", "retire_patient"},
        "auditor": set(ROLE_OPERATIONS) - {"discharge", "retire_visit"},
        "administrator": set(),
    }


def test_everything_that_the_checks_do_is_an_operation_of_the_table() -> None:
    for work in WORK.values():
        assert set(work) <= {*LOOKING, *CHANGING}

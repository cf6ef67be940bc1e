"""The expectation that a role may do its work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cutover_gates.core.findings import THIS_CHECK, Finding, FindingsError
from cutover_gates.hospital.answers import Rejected
from cutover_gates.hospital.staff_roles import RoleAct
from cutover_gates.hospital.values import Reason

_REFUSALS = (Reason.UNAUTHENTICATED, Reason.FORBIDDEN, Reason.NOT_FOUND)


@contextmanager
def expect_permission(act: RoleAct) -> Iterator[None]:
    """Assert that the block's action, which the role may do, is not refused to it.

    A rejection for another reason is raised as it is: it says nothing about rights.
    """
    try:
        yield
    except Rejected as rejection:
        if rejection.reason not in _REFUSALS:
            raise
        finding = Finding(
            THIS_CHECK,
            f"{act.operation} by {act.role}",
            "the target does it: the role may, as the table of roles says",
            f"a rejection as {rejection}",
        )
        raise FindingsError(finding) from None

"""Tables of roles for the reference, as a hospital with other roles would write them."""

from __future__ import annotations

import tomllib
from typing import Any

OWN_ROLES = """
[targets.tried.roles.clerk]
account = "registrar"
may = ["register", "patient", "search", "update", "open_visit"]
may_not = ["*"]

[targets.tried.roles.cashier]
account = "registrar"
may = ["visit", "visits_of", "patient"]
may_not = ["document", "content", "documents_of", "upload", "retire_patient"]

[targets.tried.roles.nurse]
account = "clinician"
may = ["patient", "visit", "visits_of", "open_visit", "admit", "discharge", "cancel"]
may_not = ["register", "update", "retire_patient", "retire_document"]

[targets.tried.roles.read-only]
account = "auditor"
may_not = ["*"]

[targets.tried.roles.doctor]
account = "administrator"
may = ["*"]
"""
"""Five roles of four accounts and other names: one account has two roles, two roles share work.

The reference's administrator plays the doctor, who may do everything.
"""
OVERLAP = OWN_ROLES.replace(
    """may = ["register", "patient", "search", "update", "open_visit"]
may_not = ["*"]""",
    """may = ["register", "patient", "search", "update", "open_visit"]
may_not = ["document", "content", "documents_of", "upload", "admit", "retire_patient"]""",
)
"""The same, where the clerk is not refused what the cashier may do with the same account."""
SPLIT = """
[targets.tried.roles.clerk]
account = "registrar"
may = ["register", "patient", "search", "update"]
may_not = ["document", "content", "documents_of", "admit", "upload", "retire_patient"]

[targets.tried.roles.nurse]
account = "clinician"
may = ["patient", "visit", "visits_of", "open_visit", "admit", "discharge"]
may_not = ["register", "update", "retire_patient", "retire_document"]

[targets.tried.roles.doctor]
account = "administrator"
may = ["cancel", "upload", "document", "content", "documents_of", "retire_patient", "retire_document"]

[targets.tried.roles.read-only]
account = "auditor"
may_not = ["*"]
"""
"""No role may do all that a check does as a clinician: two do it together."""


def staff_table(text: str) -> dict[str, Any]:
    """Return the roles of a text above."""
    roles: dict[str, Any] = tomllib.loads(text)["targets"]["tried"]["roles"]
    return roles

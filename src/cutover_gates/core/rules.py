"""Rules of the run itself."""

from __future__ import annotations

from cutover_gates.core.findings import Rule

NOTHING_CHECKED = Rule(
    "RUN-001",
    "At least one thing was checked",
    "A check of nothing proves nothing.",
    "Find out why nothing was there to check: the settings, the rights of the account, or an empty"
    " target.",
)

ACCOUNT_SIGNS_IN = Rule(
    "RUN-002",
    "Every account of the settings can sign in",
    "Checks that act with an account prove nothing where the target refuses it.",
    "Correct [targets.NAME.users.ROLE] or its password, or unlock the account.",
)

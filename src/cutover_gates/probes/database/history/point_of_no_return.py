"""The scripts above the point of no return: a later night applies them.

They take away what the release before needs. While that release may come back, none may have run.
"""

from __future__ import annotations

from collections.abc import Iterable

from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.probes.database.history import rules
from cutover_gates.probes.database.history.flyway_conventions import Version
from cutover_gates.probes.database.history.flyway_rows import REVERTED_STATES, MigrationState
from cutover_gates.probes.database.history.scripts_of_night import POINT_SETTING, is_beyond


def find_applied_beyond(
    states: Iterable[MigrationState], point: Version | None
) -> AssessmentBuilder:
    """Check that no script above the point was applied, with success or without."""
    builder = AssessmentBuilder()
    for each in states:
        if not is_beyond(each.version, point):
            continue
        builder.checked.append(each.name)
        if each.row and each.state not in REVERTED_STATES:
            builder.add_finding(
                rules.POINT_NOT_PASSED,
                each.name,
                expected=f"pending: {POINT_SETTING} is {point}",
                actual=f"applied ({each.state})",
            )
    return builder

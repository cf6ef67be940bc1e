"""The scripts above the point of no return: a later night applies them.

They take away what the release before needs. While that release may come back, none may have run;
afterwards each is the file of the release.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.core.findings import Finding
from cutover_gates.probes.database.history import rules
from cutover_gates.probes.database.history.flyway_conventions import Version
from cutover_gates.probes.database.history.flyway_rows import (
    REVERTED_STATES,
    MigrationState,
    find_alterations,
)
from cutover_gates.probes.database.history.scripts_of_night import POINT_SETTING, is_beyond


def find_applied_beyond(
    states: Iterable[MigrationState], point: Version | None
) -> AssessmentBuilder:
    """Check that no script above the point was applied, with success or without."""
    builder = AssessmentBuilder()
    for each in _select_beyond(states, point):
        builder.checked.append(each.name)
        if _is_applied(each):
            builder.add_finding(
                rules.POINT_NOT_PASSED,
                each.name,
                expected=f"pending: {POINT_SETTING} is {point}",
                actual=f"applied ({each.state})",
            )
    return builder


def check_contraction(states: Iterable[MigrationState], point: Version | None) -> AssessmentBuilder:
    """Check that what was applied above the point succeeded, and is the file of the release."""
    builder, pending = AssessmentBuilder(), list[str]()
    for each in _select_beyond(states, point):
        builder.checked.append(each.name)
        if _is_applied(each):
            builder.findings += _find_problems(each)
        else:
            pending.append(each.name)
    builder.figures["pending"] = pending
    return builder


def _find_problems(each: MigrationState) -> Iterator[Finding]:
    assert each.row is not None  # the caller has looked
    if not each.row.success:
        yield Finding(rules.MIGRATIONS_SUCCEEDED, each.name, "success", f"failure ({each.state})")
    if each.script is None:
        yield Finding(rules.KNOWN_MIGRATIONS, each.name, "a script of the release", "none")
    else:
        yield from find_alterations(each)


def _select_beyond(states: Iterable[MigrationState], point: Version | None) -> list[MigrationState]:
    return [each for each in states if is_beyond(each.version, point)]


def _is_applied(each: MigrationState) -> bool:
    return each.row is not None and each.state not in REVERTED_STATES

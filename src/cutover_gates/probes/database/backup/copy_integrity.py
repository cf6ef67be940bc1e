"""The references and sequences of a restored copy."""

from __future__ import annotations

from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.probes.database.backup.backup_original import BackupOriginal
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.integrity.assessments import IntegrityAssessments
from cutover_gates.probes.database.integrity.known_defects import list_defects
from cutover_gates.probes.database.measurement.table_stats import DatabaseStats

KNOWN = "wrong in the original, too"


def add_integrity(
    builder: AssessmentBuilder,
    original: BackupOriginal,
    figures: DatabaseStats,
    context: DatabaseContext,
    copy_context: DatabaseContext,
) -> None:
    """Add what the references and sequences of the copy show.

    What was wrong in the original already is no fault of the backup, and only listed. `builder`
    holds the comparison of the rows.
    """
    has_equal_rows = _has_equal_rows(builder, figures, context)
    assessments = IntegrityAssessments(copy_context)
    references, sequences = assessments.assess_foreign_keys(), assessments.assess_sequences()
    found = [*references.findings, *sequences.findings]
    known = set(original.find_defects()) if found else set()
    if has_equal_rows:
        # Equal rows refer to equal rows: what refers to nothing did so in the original.
        known |= set(list_defects(references.findings))
    for one in (references, sequences):
        builder.checked += one.checked
        builder.not_proven += one.not_proven
    for finding in found:
        if (finding.rule.id, finding.subject) in known:
            builder.figures.setdefault(KNOWN, []).append(str(finding))
        else:
            builder.findings.append(finding)


def _has_equal_rows(
    builder: AssessmentBuilder, figures: DatabaseStats, context: DatabaseContext
) -> bool:
    """Return whether all rows of the copy were compared and are equal."""
    declared = context.migrations.tables.values()
    is_open = any("any" in (change.rows, change.content) for change in declared)
    is_newer = any(table.newer for table in figures.tables.values())
    return not (builder.findings or builder.not_proven or is_open or is_newer)

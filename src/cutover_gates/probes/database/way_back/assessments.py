"""The questions to a database after a rollback, in the two ways in which one is done.

`restored`: a backup was restored, and all is as in the snapshot. `application`: only the
application went back; the schema of the new release stays, and people's writes with it.
"""

from __future__ import annotations

from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.history.assessments import HistoryAssessments
from cutover_gates.probes.database.outside_tables.assessments import OutsideTablesAssessments
from cutover_gates.probes.database.rows.assessments import RowAssessments
from cutover_gates.probes.database.schema.assessments import SchemaAssessments

SETTING = "rollout.rollback.database"
APPLICATION = "application"


class DatabaseRollback:
    """The questions; `mode` is the setting `rollout.rollback.database`."""

    def __init__(self, context: DatabaseContext, mode: str) -> None:
        self.context, self.keeps_schema = context, mode == APPLICATION

    def assess_data(self) -> Assessment:
        """The data equal the snapshot; where the schema stays, no row of the snapshot is gone.

        Then people worked on, and the content of a row may have changed.
        """
        rows = RowAssessments(self.context)
        if self.keeps_schema:
            return rows.assess_retained_rows()
        return rows.assess_equality_with_snapshot()

    def assess_writes(self) -> Assessment:
        """The rows that a restore lost are listed. Where nothing is restored it loses none."""
        if self.keeps_schema:
            return self._state("The rows that a restore lost", "nothing is restored: none is lost")
        return RowAssessments(self.context).assess_writes_since_snapshot()

    def assess_schema(self) -> Assessment:
        """The schema is the recorded one; where it stays, it is what the scripts make, whole."""
        schema = SchemaAssessments(self.context)
        return schema.assess_against_scripts() if self.keeps_schema else schema.assess_rollback()

    def assess_history(self) -> Assessment:
        """Where the schema stays, every script of the night is applied, and none failed."""
        if self.keeps_schema:
            return HistoryAssessments(self.context).assess_completeness()
        told = "the database is restored: the snapshot says which scripts are applied"
        return self._state("The scripts that are applied", told)

    def assess_large_objects(self) -> Assessment:
        """Each large object is there, as it was or as the settings declare it."""
        return self._outside().assess_large_objects()

    def assess_sequences(self) -> Assessment:
        """No sequence that fills no column is behind its place in the snapshot."""
        return self._outside().assess_sequences()

    def _outside(self) -> OutsideTablesAssessments:
        outside = OutsideTablesAssessments(self.context)
        return outside if self.keeps_schema else outside.after_rollback()

    def _state(self, title: str, told: str) -> Assessment:
        builder = AssessmentBuilder(
            figures={SETTING: APPLICATION if self.keeps_schema else "restored"}
        )
        builder.checked.append(told)
        return self.context.record_assessment(builder.build(title))

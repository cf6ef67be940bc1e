"""The data of the copy after the scripts, compared with the data right before them.

The copy gets a snapshot of its own for that. The newest snapshot of the target is of another moment
than the backup, so rows that came in between would look like rows that the scripts lost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.findings import NotProven
from cutover_gates.probes.database.context import DatabaseContext, DatabaseUnreachable
from cutover_gates.probes.database.rehearsal import rules
from cutover_gates.probes.database.rows.assessments import RowAssessments
from cutover_gates.probes.database.schema.assessments import SchemaAssessments
from cutover_gates.probes.database.snapshot.capture import take_snapshot

TITLE = "The data is whole after the rehearsal"


class CopyComparison:
    """A snapshot of the copy before the scripts, and the comparison after them.

    `copy` is the context of the copy; files are kept in `folder`. Raise `SettingsError` for a
    declaration that cannot be used.
    """

    def __init__(self, copy: DatabaseContext, folder: Path) -> None:
        self.copy = replace(
            copy,
            snapshots=folder / "snapshots",
            cache_folder=folder / "once",
            record=lambda _assessment: None,
        )
        self._builder = AssessmentBuilder()
        self._questions: list[Callable[[], Assessment]] = [
            RowAssessments(self.copy).assess_counts,
            RowAssessments(self.copy).assess_contents,
        ]
        try:
            take_snapshot(self.copy)
        except (NotProven, DatabaseUnreachable) as error:
            # Without a snapshot of the copy, only the schema can still be compared.
            self._add_gaps("the copy before the scripts", error)
            self._questions = []

    def compare_after_scripts(self) -> Assessment:
        """Compare counts, contents and catalog with what the settings and the scripts declare."""
        for question in (*self._questions, SchemaAssessments(self.copy).assess_against_scripts):
            try:
                answer = question()
            except (NotProven, DatabaseUnreachable) as error:
                self._add_gaps("the copy after the scripts", error)
                continue
            self._builder.checked += answer.checked
            self._builder.findings += answer.findings
            self._builder.not_proven += answer.not_proven
        self._builder.checked = list(dict.fromkeys(self._builder.checked))
        return self._builder.build(TITLE)

    def _add_gaps(self, subject: str, error: NotProven | DatabaseUnreachable) -> None:
        if isinstance(error, NotProven) and error.gaps:
            self._builder.not_proven += error.gaps
        else:
            self._builder.add_gap(rules.DATA_COMPARED, subject, str(error))

"""The questions to the data outside of tables; each method answers one."""

from __future__ import annotations

from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder, NotReadable
from cutover_gates.core.findings import Rule, gap_error
from cutover_gates.probes.database.bounded_reader import BoundedReader
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.identity import read_server_facts
from cutover_gates.probes.database.outside_tables import rules
from cutover_gates.probes.database.outside_tables.large_object_comparison import (
    add_object_differences,
    check_references,
    find_object_differences,
)
from cutover_gates.probes.database.outside_tables.model import (
    MaterializedViewState,
    OutsideTables,
    SequencePosition,
)
from cutover_gates.probes.database.outside_tables.outside_capture import (
    LARGE_OBJECTS,
    read_references,
    read_sequences,
    read_views,
)
from cutover_gates.probes.database.snapshot.model import Snapshot
from cutover_gates.probes.database.snapshot.selection import find_newest_snapshot


class OutsideTablesAssessments:
    """What stands outside of tables, compared with the newest snapshot.

    `rolled_back`: the database is meant to be what it was, so no declaration counts. Every method
    raises `NotProven` where there is nothing to compare with.
    """

    def __init__(self, context: DatabaseContext, *, rolled_back: bool = False) -> None:
        self.context, self.rolled_back = context, rolled_back

    def after_rollback(self) -> OutsideTablesAssessments:
        """Return the questions to a database that is meant to be what it was."""
        return OutsideTablesAssessments(self.context, rolled_back=True)

    def assess_large_objects(self) -> Assessment:
        """Check that each large object is there as it was, and each reference finds one."""
        before, outside = self._load_before()
        builder, unproven = AssessmentBuilder(), dict[str, str]()
        settings = self.context.migrations.large_objects
        with BoundedReader(self.context) as reader:
            try:
                differences = find_object_differences(outside.large_objects, reader)
            except NotReadable as error:
                unproven[LARGE_OBJECTS] = str(error)
            else:
                add_object_differences(
                    builder,
                    outside.large_objects,
                    differences,
                    since=before.label,
                    lost_matter=self.rolled_back or settings.objects != "any",
                    content_matters=self.rolled_back or settings.content != "any",
                )
                builder.figures["large objects since"] = differences.new
            references = read_references(self.context, reader, unproven)
        for name, now in references.items():
            was, shown = outside.references.get(name), self.context.display_name(name)
            check_references(builder, shown, was, now, declared=bool(settings.columns))
        names = {LARGE_OBJECTS, *references, *outside.references}
        self._add_unproven(builder, rules.LARGE_OBJECTS_KEPT, outside, unproven, names)
        return self._record(builder, rules.LARGE_OBJECTS_KEPT)

    def assess_sequences(self) -> Assessment:
        """Check that no sequence that fills no column has gone back."""
        before, outside = self._load_before()
        builder, unproven = AssessmentBuilder(), dict[str, str]()
        with BoundedReader(self.context, primary=True) as reader:
            found = read_sequences(reader, unproven)
        # A sequence that was renamed keeps its OID; on another server it means nothing.
        is_same = self._is_same_server(before)
        new = {name: one for name, one in found.items() if name not in outside.sequences}
        by_oid = {position.oid: position for position in new.values()} if is_same else {}
        for name, was in outside.sequences.items():
            now = found.get(name) or by_oid.get(was.oid)
            if now is None or was.cycles or was.fills_column:
                continue
            _check_position(builder, self.context.display_name(name), was, now)
        if not builder.checked:
            builder.checked.append("no sequence stands without a column")
        self._add_unproven(builder, rules.SEQUENCE_KEPT, outside, unproven, set(outside.sequences))
        return self._record(builder, rules.SEQUENCE_KEPT)

    def assess_materialized_views(self) -> Assessment:
        """Check that each materialised view holds what its query gives, as it did before."""
        _, outside = self._load_before()
        builder, unproven = AssessmentBuilder(), dict[str, str]()
        found = read_views(self.context, unproven)
        for name, now in found.items():
            _check_view(builder, self.context.display_name(name), outside.views.get(name), now)
        if not builder.checked:
            builder.checked.append("no materialised view is compared")
        for name, reason in unproven.items():
            builder.add_gap(rules.MATERIALIZED_VIEW, self.context.display_name(name), reason)
        return self._record(builder, rules.MATERIALIZED_VIEW)

    def _is_same_server(self, before: Snapshot) -> bool:
        with self.context.connect() as connection:
            now = read_server_facts(connection)
        return now.system_identifier == before.server.system_identifier

    def _load_before(self) -> tuple[Snapshot, OutsideTables]:
        before = find_newest_snapshot(self.context, rolled_back=self.rolled_back)
        if before.outside is None:
            reason = "it holds nothing of large objects and sequences: take another snapshot"
            raise gap_error(rules.RECORDED, before.label, reason)
        return before, before.outside

    def _add_unproven(
        self,
        builder: AssessmentBuilder,
        rule: Rule,
        before: OutsideTables,
        unproven: dict[str, str],
        names: set[str],
    ) -> None:
        """Add what could not be read, now or when the snapshot was taken."""
        for name, reason in unproven.items():
            builder.add_gap(rule, self.context.display_name(name), reason)
        for name, reason in before.unproven.items():
            if name in names:
                builder.add_gap(rules.RECORDED, self.context.display_name(name), reason)

    def _record(self, builder: AssessmentBuilder, rule: Rule) -> Assessment:
        return self.context.record_assessment(builder.build(rule.title))


def _check_position(
    builder: AssessmentBuilder, name: str, was: SequencePosition, now: SequencePosition
) -> None:
    builder.checked.append(name)
    gone_back = now.following < was.following if was.step > 0 else now.following > was.following
    if gone_back:
        side = "at least" if was.step > 0 else "at most"
        builder.add_finding(
            rules.SEQUENCE_KEPT,
            name,
            expected=f"{side} {was.following} as the next number",
            actual=str(now.following),
        )


def _check_view(
    builder: AssessmentBuilder,
    name: str,
    was: MaterializedViewState | None,
    now: MaterializedViewState,
) -> None:
    builder.checked.append(name)
    if not now.populated:
        if was is None or was.populated:
            builder.add_finding(
                rules.MATERIALIZED_VIEW, name, expected="filled", actual="not filled"
            )
        return
    if now.is_current:
        return
    if was is not None and was.populated and not was.is_current:
        builder.figures[name] = "it was not as its query before the migration either"
        return
    actual = f"{now.rows} rows"
    if now.rows == now.query_rows:
        actual = f"{now.rows} rows with other content"
    builder.add_finding(
        rules.MATERIALIZED_VIEW,
        name,
        expected=f"{now.query_rows} rows, as its query gives",
        actual=actual,
    )

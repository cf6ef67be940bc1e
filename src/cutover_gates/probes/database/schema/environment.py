"""What stands around the schema, compared with before the migration and with the scripts."""

from __future__ import annotations

from cutover_gates.core.evidence.assessment import AssessmentBuilder, NotProven
from cutover_gates.core.findings import Finding
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.schema import ownership, privileges, rules
from cutover_gates.probes.database.schema.expected_schema import (
    load_earlier_catalog,
    load_expected_catalog,
    load_recorded_catalog,
)
from cutover_gates.probes.database.schema.powerful_roles import (
    find_expired_roles,
    find_powerful_roles,
)
from cutover_gates.probes.database.schema.privileges import list_rights
from cutover_gates.probes.database.schema.right_changes import RIGHT_KINDS, apply_right_changes
from cutover_gates.probes.database.schema.rights_taken_back import load_right_changes
from cutover_gates.probes.database.schema.schema_catalog import Catalog
from cutover_gates.probes.database.schema.schema_differences import find_differences
from cutover_gates.probes.database.schema.supporting_objects import (
    CatalogStates,
    compare_supporting_objects,
    list_unrecorded_kinds,
    needs_earlier_catalog,
)
from cutover_gates.probes.database.schema.wider_rights import find_wider_rights
from cutover_gates.probes.database.snapshot.model import Snapshot


def compare_environment(
    context: DatabaseContext, before: Catalog, found: Catalog, snapshot: Snapshot
) -> AssessmentBuilder:
    """Compare rights, owners, roles, settings and supporting objects.

    `before` is the catalog of the snapshot.
    """
    return _EnvironmentComparison(context, before, found, snapshot).build()


class _EnvironmentComparison:
    """One comparison; `builder` collects what it finds."""

    def __init__(
        self, context: DatabaseContext, before: Catalog, found: Catalog, snapshot: Snapshot
    ) -> None:
        self.context, self.found = context, found
        self.snapshot, self.display = snapshot, context.display_name
        self.release: Catalog | None = None
        self.builder = AssessmentBuilder()
        # `before` is without the rights that the scripts take back: those are `taken`.
        self.before, self.taken = before, Catalog({})
        try:
            self.release = load_expected_catalog(context).catalog
            self._take_rights_back()
        except NotProven as error:
            self.builder.not_proven += error.gaps

    def build(self) -> AssessmentBuilder:
        """Return what all comparisons find."""
        before, found, display = self.before, self.found, self.display
        release = self.release or Catalog({})
        databases = [catalog.select_kinds("database") for catalog in (before, found)]
        self.builder.findings += [
            *find_differences(databases[0], databases[1], display, rules.DATABASE_SETTINGS),
            *ownership.compare_roles(before, found, display, rules.ROLES),
            *find_powerful_roles(before, release, found),
            *find_expired_roles(before, found),
            *ownership.compare_owners(before, release, found, display),
            *ownership.compare_row_security(before, release, found, display),
        ]
        self._compare_rights(release)
        self._compare_supporting_objects()
        self.builder.figures["new rights"] = privileges.find_new_rights(before, found)
        return self.builder

    def _take_rights_back(self) -> None:
        # What a recorded catalog does not give is not asked of scripts that cannot be applied.
        if load_recorded_catalog(self.context) is not None:
            return
        self.taken, given = load_right_changes(self.context, self.before, self.snapshot)
        self.before = apply_right_changes(self.before, self.taken, given)
        self.builder.figures["rights that the scripts take back"] = [
            f"{name}: {', '.join(list_rights(facts))}"
            for kind in RIGHT_KINDS
            for name, facts in self.taken[kind].items()
        ]

    def _compare_rights(self, release: Catalog) -> None:
        recorded = load_recorded_catalog(self.context)
        source = recorded.source if recorded else "the newest snapshot, and the scripts"
        self.builder.figures["rights expected by"] = source
        if recorded:
            self.builder.findings += privileges.compare_recorded_rights(
                recorded.catalog, self.found, self.display
            )
            return
        self.builder.findings += privileges.compare_rights_with_before(
            self.before, release, self.found, self.display
        )
        self._add(find_wider_rights(self.before, release, self.found, self.display, self.taken))

    def _compare_supporting_objects(self) -> None:
        for kind in list_unrecorded_kinds(self.before):
            reason = "the snapshot does not hold them: take another one before the migration"
            self.builder.add_gap(rules.SUPPORTING_OBJECTS, f"every {kind}", reason)
        release = self.release or Catalog({})
        earlier = None
        if self.release and needs_earlier_catalog(self.before, release, self.found):
            earlier = load_earlier_catalog(self.context, self.snapshot.migration)
        states = CatalogStates(self.before, release, earlier)
        self._add(
            compare_supporting_objects(states, self.found, self.display, rules.SUPPORTING_OBJECTS)
        )

    def _add(self, findings: list[Finding]) -> None:
        """Add findings, or gaps where it is not known what the scripts make."""
        if self.release is not None:
            self.builder.findings += findings
            return
        for finding in findings:
            reason = f"it is not as before ({finding.actual}), and the scripts are not known"
            self.builder.add_gap(finding.rule, finding.subject, reason)

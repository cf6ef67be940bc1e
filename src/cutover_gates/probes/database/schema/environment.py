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
from cutover_gates.probes.database.schema.schema_catalog import Catalog
from cutover_gates.probes.database.schema.schema_differences import find_differences
from cutover_gates.probes.database.schema.supporting_objects import (
    CatalogStates,
    compare_supporting_objects,
    list_unrecorded_kinds,
    needs_earlier_catalog,
)
from cutover_gates.probes.database.schema.wider_rights import find_wider_rights


def compare_environment(
    context: DatabaseContext, before: Catalog, found: Catalog, migration: str | None
) -> AssessmentBuilder:
    """Compare rights, owners, roles, settings and supporting objects.

    `before` is the catalog of the snapshot, `migration` the one at which it was taken.
    """
    return _EnvironmentComparison(context, before, found, migration).build()


class _EnvironmentComparison:
    """One comparison; `builder` collects what it finds."""

    def __init__(
        self, context: DatabaseContext, before: Catalog, found: Catalog, migration: str | None
    ) -> None:
        self.context, self.before, self.found = context, before, found
        self.migration, self.display = migration, context.display_name
        self.release: Catalog | None = None
        self.builder = AssessmentBuilder()
        try:
            self.release = load_expected_catalog(context).catalog
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
        self._add(find_wider_rights(self.before, release, self.found, self.display))

    def _compare_supporting_objects(self) -> None:
        for kind in list_unrecorded_kinds(self.before):
            reason = "the snapshot does not hold them: take another one before the migration"
            self.builder.add_gap(rules.SUPPORTING_OBJECTS, f"every {kind}", reason)
        release = self.release or Catalog({})
        earlier = None
        if self.release and needs_earlier_catalog(self.before, release, self.found):
            earlier = load_earlier_catalog(self.context, self.migration)
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

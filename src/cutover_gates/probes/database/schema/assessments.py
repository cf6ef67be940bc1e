"""The questions to a target's schema; each method answers one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cutover_gates.core.evidence.assessment import (
    Assessment,
    AssessmentBuilder,
    NotProven,
)
from cutover_gates.core.findings import Finding, Rule, gap_error
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.schema import ownership, privileges, rules
from cutover_gates.probes.database.schema.environment import compare_environment
from cutover_gates.probes.database.schema.expected_schema import (
    ExpectedCatalog,
    extract_snapshot_catalog,
    load_expected_catalog,
    read_target_catalog,
)
from cutover_gates.probes.database.schema.key_tables import check_key_tables
from cutover_gates.probes.database.schema.planner_statistics import check_planner_statistics
from cutover_gates.probes.database.schema.schema_catalog import (
    COLUMN_ORDER,
    ENVIRONMENT_KINDS,
    PLANNER_STATISTICS,
    SCHEMA_KINDS,
    SUPPORTING_KINDS,
    Catalog,
)
from cutover_gates.probes.database.schema.schema_differences import (
    find_added_partitions,
    find_differences,
    find_reordered_columns,
)
from cutover_gates.probes.database.schema.schema_from_scripts import exclude_history_table
from cutover_gates.probes.database.schema.undeclared_schemas import check_declared_schemas
from cutover_gates.probes.database.snapshot.model import Snapshot
from cutover_gates.probes.database.snapshot.selection import find_newest_snapshot

# Roles belong to the whole server: only those with a part in the database are compared.
_RECORDED_KINDS = tuple(
    kind for kind in (*SCHEMA_KINDS, *SUPPORTING_KINDS, *ENVIRONMENT_KINDS) if kind != "role"
)


class SchemaAssessments:
    """The catalog of a target's database, compared with what it should be.

    Reads only; the scripts are applied to a scratch database.
    """

    def __init__(self, context: DatabaseContext) -> None:
        self.context = context

    def assess_against_scripts(self) -> Assessment:
        """Compare all objects with what the scripts of the release make: no more and no less."""
        expected = self._load_expected_tables()
        display = self.context.display_name
        everything = read_target_catalog(self.context)
        # A job adds a partition every month; that is no difference from the scripts.
        added = find_added_partitions(expected.catalog, everything)
        found = everything.exclude_tables(added)
        wanted, there = (
            catalog.select_kinds(*SCHEMA_KINDS) for catalog in (expected.catalog, found)
        )
        reordered = find_reordered_columns(expected.catalog, found, display, rules.SCRIPTED_SCHEMA)
        findings = [
            *find_differences(wanted, there, display, rules.SCRIPTED_SCHEMA),
            *_compare_scripted_environment(expected.catalog, found, self.context),
        ]
        figures = {
            "expected": expected.source,
            "things": {kind: len(objects) for kind, objects in there.objects.items()},
            "partitions that were added": [display(name) for name in added],
            "columns in another order": [str(finding) for finding in reordered],
        }
        return self._record_assessment(rules.SCRIPTED_SCHEMA, wanted, findings, figures)

    def assess_key_tables(self) -> Assessment:
        """Check that the declared key tables exist and hold rows.

        Where none is declared, all expected tables are key tables, and must exist.
        """
        declared = self.context.migrations.key_tables
        names = [self._qualify_table(name) for name in declared]
        figures = {"looked at": "existence and rows"}
        if not declared:
            names = sorted(self._load_expected_tables().catalog["table"])
            figures = {"looked at": "existence only: migrations.key_tables names none"}
        builder = check_key_tables(self.context, names, read_rows=bool(declared))
        builder.figures |= figures
        return self.context.record_assessment(builder.build(rules.KEY_TABLES.title))

    def assess_environment(self) -> Assessment:
        """Compare rights, owners, roles, options, publications and the like with before.

        They must be as the newest snapshot recorded them, or as the scripts make them. Rights and
        extensions are compared with `migrations.expected_catalog` instead, where it is named.
        """
        snapshot = self._find_snapshot()
        before = self._load_snapshot_catalog(snapshot)
        found = read_target_catalog(self.context)
        builder = compare_environment(self.context, before, found, snapshot)
        return self._record_assessment(
            rules.GRANTED_RIGHTS,
            before.select_kinds(*ENVIRONMENT_KINDS, *SUPPORTING_KINDS),
            builder.findings,
            builder.figures,
            builder.not_proven,
        )

    def assess_declared_schemas(self) -> Assessment:
        """Check that the settings name every schema of the database that holds tables."""
        return self._assess_schemas(Catalog({}))

    def assess_schemas_of_release(self) -> Assessment:
        """Check that the settings name every schema with tables, here or by the scripts.

        Scripts that cannot be applied are another question's.
        """
        try:
            release = load_expected_catalog(self.context).catalog
        except NotProven:
            release = Catalog({})
        return self._assess_schemas(release)

    def _assess_schemas(self, release: Catalog) -> Assessment:
        builder = check_declared_schemas(self.context, read_target_catalog(self.context), release)
        return self.context.record_assessment(builder.build(rules.DECLARED_SCHEMAS.title))

    def assess_planner_statistics(self) -> Assessment:
        """Check that the planner has statistics of each larger table, as before."""
        before = self._load_snapshot_catalog(self._find_snapshot())
        if PLANNER_STATISTICS not in before.objects:
            reason = "it does not say which tables had statistics: take another snapshot"
            raise gap_error(rules.PLANNER_STATISTICS, "the snapshot", reason)
        found = read_target_catalog(self.context)
        builder = check_planner_statistics(before, found, self.context.display_name)
        return self.context.record_assessment(builder.build(rules.PLANNER_STATISTICS.title))

    def assess_rollback(self) -> Assessment:
        """Compare everything with the newest snapshot after a rollback, also the column order."""
        return self.assess_against_snapshot(self._find_snapshot(rolled_back=True))

    def assess_against_snapshot(self, snapshot: Snapshot) -> Assessment:
        """Compare everything in the catalog with a snapshot."""
        expected = self._load_snapshot_catalog(snapshot)
        if not expected["table"]:
            raise gap_error(rules.EXPECTED_SCHEMA, snapshot.label, "its catalog holds no table")
        found = read_target_catalog(self.context)
        display, rule = self.context.display_name, rules.RECORDED_SCHEMA
        # A snapshot of an older release of this tool has fewer kinds.
        kinds = [kind for kind in _RECORDED_KINDS if kind in expected.objects]
        wanted, there = (catalog.select_kinds(*kinds) for catalog in (expected, found))
        findings = [
            *find_differences(wanted, there, display, rule),
            *ownership.compare_roles(expected, found, display, rule),
            *find_reordered_columns(expected, found, display, rule),
        ]
        checked = expected.select_kinds(*_RECORDED_KINDS, COLUMN_ORDER)
        return self._record_assessment(rule, checked, findings, {})

    def _record_assessment(
        self,
        rule: Rule,
        expected: Catalog,
        findings: Sequence[Finding],
        figures: Mapping[str, Any],
        gaps: Sequence[Finding] = (),
    ) -> Assessment:
        checked = [
            f"{kind} {self.context.display_name(name)}"
            for kind, objects in expected.objects.items()
            for name in objects
        ]
        builder = AssessmentBuilder(
            checked=checked,
            findings=list(findings),
            not_proven=list(gaps),
            figures=dict(figures),
        )
        return self.context.record_assessment(builder.build(rule.title))

    def _load_expected_tables(self) -> ExpectedCatalog:
        expected = load_expected_catalog(self.context)
        if not expected.catalog["table"]:
            schemas = ", ".join(self.context.migrations.schemas)
            raise gap_error(
                rules.EXPECTED_SCHEMA,
                f"{schemas} (migrations.schemas)",
                f"there is no table in it by {expected.source}",
            )
        return expected

    def _load_snapshot_catalog(self, snapshot: Snapshot) -> Catalog:
        return exclude_history_table(self.context, extract_snapshot_catalog(snapshot))

    def _find_snapshot(self, *, rolled_back: bool = False) -> Snapshot:
        return find_newest_snapshot(self.context, rolled_back=rolled_back)

    def _qualify_table(self, table: str) -> str:
        return table if "." in table else f"{self.context.migrations.schemas[0]}.{table}"


def _compare_scripted_environment(
    expected: Catalog, found: Catalog, context: DatabaseContext
) -> list[Finding]:
    """Return what the scripts say of extensions, rights and owners, and the target has not."""
    missing = sorted(expected["extension"].keys() - found["extension"].keys())
    function_rights = privileges.select_function_rights(expected, found)
    display = context.display_name
    return [
        *(Finding(rules.EXTENSIONS, f"extension {name}", "present", "absent") for name in missing),
        *privileges.find_missing_rights(expected, found, display),
        *ownership.find_wrong_owners(expected, found, display),
        *privileges.find_public_rights([expected], function_rights, display),
    ]

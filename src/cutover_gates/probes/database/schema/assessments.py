"""Whether a target's schema is the release's: held against what the scripts make, and against what
was recorded before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from cutover_gates.core.evidence.assessment import Assessment, NotProven
from cutover_gates.probes.database.context import DatabaseContext, first_error_line
from cutover_gates.probes.database.schema import privileges
from cutover_gates.probes.database.schema.expected_schema import (
    ExpectedCatalog,
    exclude_history_table,
    extract_snapshot_catalog,
    load_expected_catalog,
    load_recorded_catalog,
    read_target_catalog,
)
from cutover_gates.probes.database.schema.schema_catalog import (
    COLUMN_ORDER,
    ENVIRONMENT_KINDS,
    SCHEMA_KINDS,
    Catalog,
)
from cutover_gates.probes.database.schema.schema_differences import (
    find_differences,
    find_reordered_columns,
)
from cutover_gates.probes.database.snapshot.selection import find_newest_snapshot

if TYPE_CHECKING:
    from cutover_gates.probes.database.snapshot.model import Snapshot

_RELATIONS = ("table", "view", "materialized view")


class SchemaAssessments:
    """The catalog of a site's database, examined.

    Reads only; the scripts are applied to a database that is thrown away.
    """

    def __init__(self, site: DatabaseContext) -> None:
        self.site = site

    def assess_against_scripts(self) -> Assessment:
        """Tables, columns, constraints, indexes and all else as the scripts of the release make
        them, nothing missing and nothing besides.
        """
        expected, everything, shown = (
            self._load_expected_tables(),
            read_target_catalog(self.site),
            self.site.display_name,
        )
        added = privileges.find_added_partitions(expected.catalog, everything)
        found = everything.exclude_tables(added)
        findings = find_differences(
            expected.catalog.select_kinds(*SCHEMA_KINDS), found.select_kinds(*SCHEMA_KINDS), shown
        )
        findings += [
            f"The extension {name} is missing."
            for name in sorted(expected.catalog["extension"].keys() - found["extension"].keys())
        ]
        findings += privileges.find_missing_rights(
            expected.catalog, found, shown
        ) + privileges.find_wrong_owners(expected.catalog, found, shown)
        findings += privileges.find_public_rights(
            [expected.catalog], _select_function_rights(expected.catalog, found), shown
        )
        return self._record_assessment(
            "the schema is what the scripts make of an empty database",
            expected.catalog.select_kinds(*SCHEMA_KINDS),
            findings,
            {
                "expected": expected.source,
                "things": {
                    kind: len(named)
                    for kind, named in found.select_kinds(*SCHEMA_KINDS).objects.items()
                },
                "partitions that were added": [shown(name) for name in added],
                "columns in another order": find_reordered_columns(expected.catalog, found, shown),
            },
        )

    def assess_key_tables(self) -> Assessment:
        """The declared key tables are there and hold rows.

        Where none is declared, all tables of the expectation are key tables: those are there.
        """
        declared = self.site.migrations.key_tables
        names = [self._qualify_table(name) for name in declared] or sorted(
            self._load_expected_tables().catalog["table"]
        )
        found = read_target_catalog(self.site)
        present = [name for name in names if any(name in found[kind] for kind in _RELATIONS)]
        findings = [
            f"The table {self.site.display_name(name)} is missing, and the release cannot work without it."
            for name in names
            if name not in present
        ]
        unproven, looked_at = list[str](), list[str]()
        for name in present:
            try:
                if declared and not self._has_rows(name):
                    findings.append(
                        f"The table {self.site.display_name(name)} holds no rows, and the release cannot"
                        " work without them."
                    )
                looked_at.append(self.site.display_name(name))
            except NotProven as why:
                unproven.append(str(why))
        facts = {
            "looked at": (
                "existence and rows"
                if declared
                else "existence only: migrations.key_tables names none"
            )
        }
        return self.site.record_assessment(
            Assessment(
                "the key tables are there",
                tuple(looked_at),
                tuple(findings),
                tuple(unproven),
                facts,
            )
        )

    def assess_environment(self) -> Assessment:
        """Extensions, rights, owners, row security, roles and collation are as the newest snapshot
        recorded them, or as the scripts make them.

        Rights and extensions are held against `migrations.expected_catalog` instead, where it is
        named.
        """
        before, found, shown = (
            exclude_history_table(self.site, extract_snapshot_catalog(self._find_snapshot())),
            read_target_catalog(self.site),
            self.site.display_name,
        )
        release, unproven = self._load_release_catalog()
        findings = find_differences(
            before.select_kinds("database"), found.select_kinds("database"), shown
        ) + privileges.compare_roles(before, found, shown)
        findings += privileges.compare_owners(before, release, found, shown)
        findings += privileges.compare_row_security(before, release, found, shown)
        authority = load_recorded_catalog(self.site)
        findings += (
            _compare_recorded_rights(authority.catalog, found, self.site)
            if authority
            else _compare_rights_with_before(before, release, found, self.site)
        )
        return self._record_assessment(
            "what the scripts say nothing of is as it was",
            before.select_kinds(*ENVIRONMENT_KINDS),
            findings,
            {
                "rights expected by": (
                    authority.source if authority else "the newest snapshot, and the scripts"
                ),
                "new rights": privileges.find_new_rights(before, found),
            },
            unproven,
        )

    def assess_rollback(self) -> Assessment:
        """After a rollback: everything is as the newest snapshot recorded it, down to the order of
        columns.
        """
        return self.assess_against_snapshot(self._find_snapshot(rolled_back=True))

    def assess_against_snapshot(self, snapshot: Snapshot) -> Assessment:
        """Everything in the catalog is as that `Snapshot` recorded it."""
        expected, found, shown = (
            exclude_history_table(self.site, extract_snapshot_catalog(snapshot)),
            read_target_catalog(self.site),
            self.site.display_name,
        )
        if not expected["table"]:
            raise NotProven("the snapshot's catalog holds no table, and that proves nothing")
        everything = [kind for kind in (*SCHEMA_KINDS, *ENVIRONMENT_KINDS) if kind != "role"]
        findings = find_differences(
            expected.select_kinds(*everything), found.select_kinds(*everything), shown
        )
        findings += privileges.compare_roles(expected, found, shown) + find_reordered_columns(
            expected, found, shown
        )
        return self._record_assessment(
            "the schema is the recorded one",
            expected.select_kinds(*everything, COLUMN_ORDER),
            findings,
            {},
        )

    def _record_assessment(
        self,
        title: str,
        expected: Catalog,
        findings: list[str],
        facts: dict[str, Any],
        unproven: tuple[str, ...] = (),
    ) -> Assessment:
        examined = tuple(
            f"{kind} {self.site.display_name(name)}"
            for kind, named in expected.objects.items()
            for name in named
        )
        return self.site.record_assessment(
            Assessment(title, examined, tuple(dict.fromkeys(findings)), unproven, facts)
        )

    def _load_expected_tables(self) -> ExpectedCatalog:
        expected = load_expected_catalog(self.site)
        if not expected.catalog["table"]:
            schemas = ", ".join(self.site.migrations.schemas)
            raise NotProven(
                f"there is no table in {schemas} (migrations.schemas) by {expected.source}, and"
                " that proves nothing"
            )
        return expected

    def _load_release_catalog(self) -> tuple[Catalog, tuple[str, ...]]:
        try:
            return load_expected_catalog(self.site).catalog, ()
        except NotProven as why:
            return Catalog({}), (f"What the release itself makes is not known: {why}.",)

    def _find_snapshot(self, *, rolled_back: bool = False) -> Snapshot:
        return find_newest_snapshot(self.site, rolled_back=rolled_back)

    def _qualify_table(self, table: str) -> str:
        return table if "." in table else f"{self.site.migrations.schemas[0]}.{table}"

    def _has_rows(self, table: str) -> bool:
        query = sql.SQL("SELECT EXISTS (SELECT FROM {}) AS filled").format(
            sql.Identifier(*table.split(".", 1))
        )
        with self.site.connect() as connection:
            try:
                row = connection.execute(query).fetchone()
            except psycopg.Error as error:
                raise NotProven(
                    f"Whether the table {self.site.display_name(table)} holds rows could not be seen:"
                    f" {first_error_line(error)}."
                ) from None
        return bool(row and row["filled"])


def _select_function_rights(expected: Catalog, found: Catalog) -> Catalog:
    """The rights on functions that the scripts make: what they revoke from everybody must stay
    revoked.
    """
    return found.select_kinds("grant").filter_objects(
        lambda _kind, _name, facts: (
            str(facts.get("of")).removeprefix("function ") in expected["function"]
        )
    )


def _compare_recorded_rights(recorded: Catalog, found: Catalog, site: DatabaseContext) -> list[str]:
    kinds = ("extension", "grant", "default grant")
    return find_differences(
        recorded.select_kinds(*kinds), found.select_kinds(*kinds), site.display_name
    )


def _compare_rights_with_before(
    before: Catalog, release: Catalog, found: Catalog, site: DatabaseContext
) -> list[str]:
    return [
        *privileges.compare_with_before("extension", before, release, found, site.display_name),
        *privileges.find_missing_rights(before, found, site.display_name),
        *privileges.find_public_rights([before, release], found, site.display_name),
        *privileges.find_ungranted_tables(before, found, site.display_name),
    ]

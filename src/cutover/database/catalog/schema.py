"""Whether a target's schema is the release's: held against what the scripts make, and against what
was recorded before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from cutover.database.catalog import around
from cutover.database.catalog.comparing import differences, reordered
from cutover.database.catalog.expecting import (
    Expectation,
    catalog_of,
    expectation,
    recorded,
    target_catalog,
    without_history,
)
from cutover.database.catalog.model import AROUND, MADE, ORDER, Catalog
from cutover.database.session import first_line
from cutover.database.site import Site
from cutover.evidence.examination import Examination, NotProven

if TYPE_CHECKING:
    from cutover.database.snapshot import Snapshot

_RELATIONS = ("table", "view", "materialized view")


class Schema:
    """The catalog of a site's database, examined.

    Reads only; the scripts are applied to a database that is thrown away.
    """

    def __init__(self, site: Site) -> None:
        self.site = site

    def as_the_scripts_make_it(self) -> Examination:
        """Tables, columns, constraints, indexes and all else as the scripts of the release make
        them, nothing missing and nothing besides.
        """
        expected, everything, shown = (
            self._expected_tables(),
            target_catalog(self.site),
            self.site.shown,
        )
        added = around.added_partitions(expected.catalog, everything)
        found = everything.without(added)
        findings = differences(expected.catalog.only(*MADE), found.only(*MADE), shown)
        findings += [
            f"The extension {name} is missing."
            for name in sorted(expected.catalog["extension"].keys() - found["extension"].keys())
        ]
        findings += around.lacking(expected.catalog, found, shown) + around.owned_otherwise(
            expected.catalog, found, shown
        )
        findings += around.opened([expected.catalog], _of_functions(expected.catalog, found), shown)
        return self._examined(
            "the schema is what the scripts make of an empty database",
            expected.catalog.only(*MADE),
            findings,
            {
                "expected": expected.source,
                "things": {kind: len(named) for kind, named in found.only(*MADE).things.items()},
                "partitions that were added": [shown(name) for name in added],
                "columns in another order": reordered(expected.catalog, found, shown),
            },
        )

    def key_tables(self) -> Examination:
        """The declared key tables are there and hold rows.

        Where none is declared, all tables of the expectation are key tables: those are there.
        """
        declared = self.site.migrations.key_tables
        names = [self._qualified(name) for name in declared] or sorted(
            self._expected_tables().catalog["table"]
        )
        found = target_catalog(self.site)
        present = [name for name in names if any(name in found[kind] for kind in _RELATIONS)]
        findings = [
            f"The table {self.site.shown(name)} is missing, and the release cannot work without it."
            for name in names
            if name not in present
        ]
        unproven, looked_at = list[str](), list[str]()
        for name in present:
            try:
                if declared and not self._holds_rows(name):
                    findings.append(
                        f"The table {self.site.shown(name)} holds no rows, and the release cannot"
                        " work without them."
                    )
                looked_at.append(self.site.shown(name))
            except NotProven as why:
                unproven.append(str(why))
        facts = {
            "looked at": (
                "existence and rows"
                if declared
                else "existence only: migrations.key_tables names none"
            )
        }
        return self.site.examined(
            Examination(
                "the key tables are there",
                tuple(looked_at),
                tuple(findings),
                tuple(unproven),
                facts,
            )
        )

    def as_before(self) -> Examination:
        """Extensions, rights, owners, row security, roles and collation are as the newest snapshot
        recorded them, or as the scripts make them.

        Rights and extensions are held against `migrations.expected_catalog` instead, where it is
        named.
        """
        before, found, shown = (
            without_history(self.site, catalog_of(self._newest_snapshot())),
            target_catalog(self.site),
            self.site.shown,
        )
        release, unproven = self._release()
        findings = differences(
            before.only("database"), found.only("database"), shown
        ) + around.roles(before, found, shown)
        findings += around.owners(before, release, found, shown)
        findings += around.row_security(before, release, found, shown)
        authority = recorded(self.site)
        findings += (
            _rights_as(authority.catalog, found, self.site)
            if authority
            else _rights_kept(before, release, found, self.site)
        )
        return self._examined(
            "what the scripts say nothing of is as it was",
            before.only(*AROUND),
            findings,
            {
                "rights expected by": (
                    authority.source if authority else "the newest snapshot, and the scripts"
                ),
                "new rights": around.new_rights(before, found),
            },
            unproven,
        )

    def as_it_was(self) -> Examination:
        """After a rollback: everything is as the newest snapshot recorded it, down to the order of
        columns.
        """
        return self.equal_to(self._newest_snapshot(rolled_back=True))

    def equal_to(self, snapshot: Snapshot) -> Examination:
        """Everything in the catalog is as that `Snapshot` recorded it."""
        expected, found, shown = (
            without_history(self.site, catalog_of(snapshot)),
            target_catalog(self.site),
            self.site.shown,
        )
        if not expected["table"]:
            raise NotProven("the snapshot's catalog holds no table, and that proves nothing")
        everything = [kind for kind in (*MADE, *AROUND) if kind != "role"]
        findings = differences(expected.only(*everything), found.only(*everything), shown)
        findings += around.roles(expected, found, shown) + reordered(expected, found, shown)
        return self._examined(
            "the schema is the recorded one", expected.only(*everything, ORDER), findings, {}
        )

    def _examined(
        self,
        title: str,
        expected: Catalog,
        findings: list[str],
        facts: dict[str, Any],
        unproven: tuple[str, ...] = (),
    ) -> Examination:
        examined = tuple(
            f"{kind} {self.site.shown(name)}"
            for kind, named in expected.things.items()
            for name in named
        )
        return self.site.examined(
            Examination(title, examined, tuple(dict.fromkeys(findings)), unproven, facts)
        )

    def _expected_tables(self) -> Expectation:
        expected = expectation(self.site)
        if not expected.catalog["table"]:
            schemas = ", ".join(self.site.migrations.schemas)
            raise NotProven(
                f"there is no table in {schemas} (migrations.schemas) by {expected.source}, and"
                " that proves nothing"
            )
        return expected

    def _release(self) -> tuple[Catalog, tuple[str, ...]]:
        try:
            return expectation(self.site).catalog, ()
        except NotProven as why:
            return Catalog({}), (f"What the release itself makes is not known: {why}.",)

    def _newest_snapshot(self, *, rolled_back: bool = False) -> Snapshot:
        from cutover.database.snapshot import (
            Snapshot,
        )  # a snapshot holds a catalog, so that its module is made from ours

        return Snapshot.newest(self.site, rolled_back=rolled_back)

    def _qualified(self, table: str) -> str:
        return table if "." in table else f"{self.site.migrations.schemas[0]}.{table}"

    def _holds_rows(self, table: str) -> bool:
        query = sql.SQL("SELECT EXISTS (SELECT FROM {}) AS filled").format(
            sql.Identifier(*table.split(".", 1))
        )
        with self.site.connect() as connection:
            try:
                row = connection.execute(query).fetchone()
            except psycopg.Error as error:
                raise NotProven(
                    f"Whether the table {self.site.shown(table)} holds rows could not be seen:"
                    f" {first_line(error)}."
                ) from None
        return bool(row and row["filled"])


def _of_functions(expected: Catalog, found: Catalog) -> Catalog:
    """The rights on functions that the scripts make: what they revoke from everybody must stay
    revoked.
    """
    return found.only("grant").where(
        lambda _kind, _name, facts: (
            str(facts.get("of")).removeprefix("function ") in expected["function"]
        )
    )


def _rights_as(recorded: Catalog, found: Catalog, site: Site) -> list[str]:
    kinds = ("extension", "grant", "default grant")
    return differences(recorded.only(*kinds), found.only(*kinds), site.shown)


def _rights_kept(before: Catalog, release: Catalog, found: Catalog, site: Site) -> list[str]:
    return [
        *around.kept("extension", before, release, found, site.shown),
        *around.lacking(before, found, site.shown),
        *around.opened([before, release], found, site.shown),
        *around.forgotten(before, found, site.shown),
    ]

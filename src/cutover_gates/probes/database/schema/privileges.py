"""Rights and extensions, compared with the scripts, the snapshot or a recorded catalog.

Scripts say little about them, so they are compared with what was recorded, too.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from cutover_gates.core.findings import Finding
from cutover_gates.probes.database.schema import rules
from cutover_gates.probes.database.schema.ownership import compare_with_before, has_parent_in
from cutover_gates.probes.database.schema.schema_catalog import Catalog, Facts
from cutover_gates.probes.database.schema.schema_differences import NameFormatter, find_differences

_PUBLIC = " to PUBLIC"
_DATABASE_OWNER = " that the database's owner makes "
_NO_SINGLE_ROLES = ("PUBLIC", "its owner")
TO_PASS_ON = " (and to pass it on)"
"""The end of a right that its role may grant to others."""


def compare_recorded_rights(
    recorded: Catalog, found: Catalog, display: NameFormatter
) -> list[Finding]:
    """Return every difference of extensions and rights from a recorded catalog."""
    kinds = ("extension", "grant", "default grant")
    return find_differences(
        recorded.select_kinds(*kinds), found.select_kinds(*kinds), display, rules.RECORDED_RIGHTS
    )


def compare_rights_with_before(
    before: Catalog, release: Catalog, found: Catalog, display: NameFormatter
) -> list[Finding]:
    """Return the extensions and rights that are neither as before nor as the release makes them."""
    return [
        *compare_with_before("extension", before, release, found, display, rules.EXTENSIONS),
        *find_missing_rights(before, found, display),
        *find_public_rights([before, release], found, display),
        *find_ungranted_tables(before, found, display),
    ]


def find_missing_rights(expected: Catalog, found: Catalog, display: NameFormatter) -> list[Finding]:
    """Return the rights that a role should have on existing objects, and has not.

    Further rights do not count here.
    """
    findings = []
    for kind in ("grant", "default grant", "parameter grant", "large object grant"):
        wanted = expected.select_kinds(kind).filter_objects(
            lambda _kind, _name, facts: has_parent_in(facts, found)
        )
        there = {
            name: _limit_rights(facts, found[kind][name])
            for name, facts in wanted[kind].items()
            if name in found[kind]
        }
        findings += find_differences(wanted, Catalog({kind: there}), display, rules.GRANTED_RIGHTS)
    return findings


def find_public_rights(
    allowed: Sequence[Catalog], found: Catalog, display: NameFormatter
) -> list[Finding]:
    """Return the rights of PUBLIC that none of the allowed catalogs gives to PUBLIC."""
    findings = []
    for name, facts in sorted(found["grant"].items()):
        if not name.endswith(_PUBLIC):
            continue
        given = {
            right for catalog in allowed for right in list_rights(catalog["grant"].get(name, {}))
        }
        if surplus := [right for right in list_rights(facts) if right not in given]:
            subject = display(name.removesuffix(_PUBLIC))
            expected = "no further right for PUBLIC"
            findings.append(
                Finding(rules.PUBLIC_RIGHTS, subject, expected, ", ".join(surplus)),
            )
    return findings


def find_ungranted_tables(before: Catalog, found: Catalog, display: NameFormatter) -> list[Finding]:
    """Return the new tables to which a role has no right, though it had one to each old table."""
    old, now = _whole_tables(before), _whole_tables(found)
    # A role with a right to every old table was granted all of them, and the new one was forgotten.
    everywhere: set[str] = set()
    if old:
        everywhere = set.intersection(*(_grantees(table, before) for table in old))
    return [
        Finding(
            rules.GRANTED_RIGHTS,
            f"new table {display(table)}",
            f"a right for {role}, as on each table before",
            "none",
        )
        for table in sorted(now - old)
        for role in sorted(everywhere - _grantees(table, found))
    ]


def name_database_owner(catalog: Catalog) -> Catalog:
    """Return the catalog with the owner's name in the names of default grants.

    The owner of a scratch database is another role than the one whose objects it holds.
    """
    owner = catalog["owner"].get("the database", {}).get("owner")
    named = {
        name.replace(_DATABASE_OWNER, f" that {owner} makes ", 1): facts
        for name, facts in catalog["default grant"].items()
    }
    return Catalog({**catalog.objects, "default grant": named})


def find_new_rights(before: Catalog, found: Catalog) -> list[str]:
    """Return the names of single roles' rights that nobody had before, for the evidence."""
    added = found["grant"].keys() - before["grant"].keys()
    return sorted(name for name in added if name.rpartition(" to ")[2] not in _NO_SINGLE_ROLES)


def select_function_rights(expected: Catalog, found: Catalog) -> Catalog:
    """Return the found rights on functions that the scripts make.

    What the scripts revoke from PUBLIC must stay revoked.
    """
    return found.select_kinds("grant").filter_objects(
        lambda _kind, _name, facts: (
            str(facts.get("of")).removeprefix("function ") in expected["function"]
        )
    )


def _limit_rights(wanted: Facts, there: Facts) -> Facts:
    """Return `wanted` with only those of its rights that are there."""
    given = list_rights(there)
    common = [right for right in list_rights(wanted) if includes_right(given, right)]
    return {**wanted, "rights": common}


def _whole_tables(catalog: Catalog) -> set[str]:
    """Return the tables that are no partition.

    A partition is read through its table, and needs no rights of its own.
    """
    return {name for name, facts in catalog["table"].items() if "bounds as partition" not in facts}


def _grantees(table: str, catalog: Catalog) -> set[str]:
    """Return the roles with a right to the table, without its owner and PUBLIC."""
    granted = {
        name.rpartition(" to ")[2]
        for name, facts in catalog["grant"].items()
        if facts.get("of") == f"table {table}"
    }
    return granted.difference(_NO_SINGLE_ROLES)


def includes_right(given: Collection[str], right: str) -> bool:
    """Return whether a right is among those given: a right to pass on is the right, too."""
    return right in given or f"{right}{TO_PASS_ON}" in given


def list_rights(facts: Facts) -> list[str]:
    """Return the rights that the facts of a grant name."""
    rights = facts.get("rights")
    return rights if isinstance(rights, list) else []

"""Owners, roles and row security, compared with what was recorded before the migration."""

from __future__ import annotations

from collections.abc import Collection

from cutover_gates.core.findings import Finding, Rule
from cutover_gates.probes.database.schema import rules
from cutover_gates.probes.database.schema.schema_catalog import Catalog, Facts
from cutover_gates.probes.database.schema.schema_differences import (
    NameFormatter,
    describe_object,
    find_differences,
)

_ROW_SECURITY = ("row security", "row security for its owner")
# Passwords are renewed all the time, and a new date is no other right.
_EXPIRY = ("valid until", "expired")


def compare_with_before(
    kind: str,
    before: Catalog,
    release: Catalog,
    found: Catalog,
    display: NameFormatter,
    rule: Rule,
) -> list[Finding]:
    """Return the objects of a kind that are neither as before nor as the release makes them."""
    # What the release adds or changes is judged by the comparison with the scripts.
    added = found[kind].keys() & (release[kind].keys() - before[kind].keys())
    as_released = {name for name, facts in found[kind].items() if release[kind].get(name) == facts}
    expected, there = (
        catalog.select_kinds(kind).filter_objects(
            lambda _kind, name, _facts: name not in added | as_released
        )
        for catalog in (before, found)
    )
    return find_differences(expected, there, display, rule)


def find_wrong_owners(expected: Catalog, found: Catalog, display: NameFormatter) -> list[Finding]:
    """Return the objects that belong to another role than the scripts say.

    Of most objects they say nothing: those belong to whoever migrates.
    """
    owners = [catalog.select_kinds("owner") for catalog in (expected, found)]
    common = owners[0]["owner"].keys() & owners[1]["owner"].keys()
    wanted, there = (
        catalog.filter_objects(lambda _kind, name, _facts: name in common) for catalog in owners
    )
    return find_differences(wanted, there, display, rules.OWNERS)


def compare_owners(
    before: Catalog, release: Catalog, found: Catalog, display: NameFormatter
) -> list[Finding]:
    """Return objects with another owner than before, and new ones of a role that owned none."""
    old = before.filter_objects(lambda _kind, _name, facts: has_parent_in(facts, found))
    known_objects = found.filter_objects(lambda _kind, name, _facts: name in before["owner"])
    findings = compare_with_before("owner", old, release, known_objects, display, rules.OWNERS)
    # A new object of a new owner: the migration ran with the wrong role.
    owners = {
        facts.get("owner") for catalog in (before, release) for facts in catalog["owner"].values()
    }
    for name, facts in sorted(found["owner"].items()):
        if name not in before["owner"] and facts["owner"] not in owners:
            subject = describe_object("owner", display(name))
            expected = "a role that owned something before"
            findings.append(Finding(rules.OWNERS, subject, expected, str(facts["owner"])))
    return findings


def find_involved_roles(catalog: Catalog) -> set[str]:
    """Return the roles that own something or have a right to something."""
    granted = {name.rpartition(" to ")[2] for name in catalog["grant"]}
    return {*granted, *(str(facts["owner"]) for facts in catalog["owner"].values())}


def compare_roles(
    before: Catalog, found: Catalog, display: NameFormatter, rule: Rule
) -> list[Finding]:
    """Return the roles with a part in the database that may do more, or less, than before.

    Other roles of the server do not concern this database.
    """
    involved = find_involved_roles(before)
    expected, there = (_select_roles(catalog, involved) for catalog in (before, found))
    return find_differences(expected, there, display, rule)


def _select_roles(catalog: Catalog, names: Collection[str]) -> Catalog:
    """Return these roles without the dates up to which their passwords hold."""
    roles: dict[str, Facts] = {}
    for name in catalog["role"].keys() & set(names):
        facts = catalog["role"][name]
        roles[name] = {fact: value for fact, value in facts.items() if fact not in _EXPIRY}
    return Catalog({"role": roles})


def compare_row_security(
    before: Catalog, release: Catalog, found: Catalog, display: NameFormatter
) -> list[Finding]:
    """Return differences in who sees which rows: the flags of each old table, and the policies."""
    tables = before["table"].keys() & found["table"].keys()
    flags = [_row_security_flags(catalog, tables) for catalog in (before, release, found)]
    policies = before.filter_objects(lambda _kind, _name, facts: has_parent_in(facts, found))
    rule = rules.ROW_SECURITY
    return [
        *compare_with_before("table", flags[0], flags[1], flags[2], display, rule),
        *compare_with_before("policy", policies, release, found, display, rule),
    ]


def has_parent_in(facts: Facts, catalog: Catalog) -> bool:
    """Return whether the catalog holds what an object belongs to.

    True of an object that belongs to nothing, or to a kind that was not read.
    """
    of = facts.get("of")
    if not isinstance(of, str):
        return True
    kinds = [kind for kind in catalog.objects if of.startswith(f"{kind} ")]
    return not kinds or any(of.removeprefix(f"{kind} ") in catalog[kind] for kind in kinds)


def _row_security_flags(catalog: Catalog, tables: Collection[str]) -> Catalog:
    flags: dict[str, Facts] = {}
    for name in catalog["table"].keys() & set(tables):
        facts = catalog["table"][name]
        flags[name] = {fact: facts.get(fact) for fact in _ROW_SECURITY}
    return Catalog({"table": flags})

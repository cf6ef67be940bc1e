"""Roles of the server that may do more than before, and roles that can no longer sign in."""

from __future__ import annotations

from collections.abc import Iterator, Set

from cutover_gates.core.findings import Finding
from cutover_gates.probes.database.schema import rules
from cutover_gates.probes.database.schema.ownership import find_involved_roles
from cutover_gates.probes.database.schema.privileges import TO_PASS_ON
from cutover_gates.probes.database.schema.schema_catalog import Catalog, Facts

# Attributes with which a role reads or changes this database, whatever is granted on it.
_POWERS = ("SUPERUSER", "BYPASSRLS", "REPLICATION", "CREATEROLE")
# PostgreSQL's own roles that reach data, files or programs; pg_monitor reaches none of them.
_PREDEFINED = frozenset(
    {
        "pg_database_owner",
        "pg_read_all_data",
        "pg_write_all_data",
        "pg_read_server_files",
        "pg_write_server_files",
        "pg_execute_server_program",
        "pg_maintain",
    }
)


def find_powerful_roles(before: Catalog, release: Catalog, found: Catalog) -> list[Finding]:
    """Return the roles of the whole server with a power that they had not before.

    A power is an attribute that no grant limits, or the membership in a role with a part in this
    database or of PostgreSQL's own. Attributes of roles that had a part before are compared with
    the other facts of those.
    """
    involved = find_involved_roles(before)
    reaching = involved | _PREDEFINED | _list_superusers(found)
    findings = []
    for name, facts in sorted(found["role"].items()):
        expected, given = before["role"].get(name, {}), release["role"].get(name, {})
        new = [] if name in involved & before["role"].keys() else _list_new_powers(facts, expected)
        new += _list_new_memberships(facts, expected, reaching) if name not in involved else []
        surplus = [power for power in new if power not in _list_all(given)]
        if surplus:
            findings.append(
                Finding(
                    rules.POWERFUL_ROLES,
                    f"role {name}",
                    "no power over this database that it had not before",
                    ", ".join(surplus),
                )
            )
    return findings


def find_expired_roles(before: Catalog, found: Catalog) -> list[Finding]:
    """Return the roles with a part in the database whose password has expired since."""
    working = find_working_roles(before)
    return [
        Finding(
            rules.EXPIRED_ROLES,
            f"role {name}",
            "a password that holds",
            f"it expired at {facts.get('valid until')}",
        )
        for name, facts in sorted(found["role"].items())
        if name in working
        and facts.get("expired") == "yes"
        and before["role"].get(name, {}).get("expired") == "no"
    ]


def find_working_roles(catalog: Catalog) -> set[str]:
    """Return the roles that can sign in and have a part in the database.

    A part is an own object or right, or the membership in a role with one, also over others.
    """
    working = find_involved_roles(catalog)
    while new := {
        name
        for name, facts in catalog["role"].items()
        if name not in working and working.intersection(_list_own_roles(facts))
    }:
        working |= new
    return {
        name
        for name in working
        if "LOGIN" in _list_facts(catalog["role"].get(name, {}), "attributes")
    }


def _list_new_powers(facts: Facts, before: Facts) -> list[str]:
    old = _list_facts(before, "attributes")
    return [one for one in _list_facts(facts, "attributes") if one in _POWERS and one not in old]


def _list_new_memberships(facts: Facts, before: Facts, reaching: Set[str]) -> list[str]:
    old = _list_facts(before, "memberships")
    return [
        f"member of {role}"
        for role in _list_facts(facts, "memberships")
        if role not in old and role.removesuffix(TO_PASS_ON) in reaching
    ]


def _list_superusers(catalog: Catalog) -> set[str]:
    return {
        name
        for name, facts in catalog["role"].items()
        if "SUPERUSER" in _list_facts(facts, "attributes")
    }


def _list_own_roles(facts: Facts) -> list[str]:
    return [role.removesuffix(TO_PASS_ON) for role in _list_facts(facts, "memberships")]


def _list_all(facts: Facts) -> set[str]:
    return {*_list_facts(facts, "attributes"), *_iter_memberships(facts)}


def _iter_memberships(facts: Facts) -> Iterator[str]:
    for role in _list_facts(facts, "memberships"):
        yield f"member of {role}"


def _list_facts(facts: Facts, name: str) -> list[str]:
    value = facts.get(name)
    return value if isinstance(value, list) else []

"""What stands around the tables: rights, owners, extensions, roles.

Scripts say little of it, so it is held against what was recorded, too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from cutover_gates.probes.database.schema.schema_catalog import Catalog, Facts
from cutover_gates.probes.database.schema.schema_differences import NameFormatter, find_differences

_PUBLIC = " to PUBLIC"
_ROW_SECURITY = ("row security", "row security for its owner")


def find_missing_rights(expected: Catalog, found: Catalog, shown: NameFormatter) -> list[str]:
    """Rights that somebody should have on things that are there, and has not.

    Further rights are no matter here.
    """
    told = list[str]()
    for kind in ("grant", "default grant"):
        wanted = {
            name: facts for name, facts in expected[kind].items() if _has_parent_in(facts, found)
        }
        there = {
            name: {
                **facts,
                "rights": [
                    right
                    for right in _list_rights(found[kind][name])
                    if right in _list_rights(facts)
                ],
            }
            for name, facts in wanted.items()
            if name in found[kind]
        }
        told += find_differences(Catalog({kind: wanted}), Catalog({kind: there}), shown)
    return told


def find_public_rights(
    allowed: Sequence[Catalog], found: Catalog, shown: NameFormatter
) -> Iterator[str]:
    """Rights that everybody has, and that none of the allowed catalogs gives to everybody."""
    for name, facts in sorted(found["grant"].items()):
        if name.endswith(_PUBLIC):
            given = {
                right
                for catalog in allowed
                for right in _list_rights(catalog["grant"].get(name, {}))
            }
            if further := [right for right in _list_rights(facts) if right not in given]:
                yield (
                    f"Everybody (PUBLIC) has the right {', '.join(further)} on"
                    f" {shown(name.removesuffix(_PUBLIC))}, and nothing expects that."
                )


def compare_with_before(
    kind: str, before: Catalog, release: Catalog, found: Catalog, shown: NameFormatter
) -> list[str]:
    """Things that are neither as they were nor as the release makes them."""
    news = found[kind].keys() & (release[kind].keys() - before[kind].keys())
    as_released = {name for name, facts in found[kind].items() if release[kind].get(name) == facts}
    expected, there = (
        {name: facts for name, facts in catalog[kind].items() if name not in news | as_released}
        for catalog in (before, found)
    )
    return find_differences(Catalog({kind: expected}), Catalog({kind: there}), shown)


def find_wrong_owners(expected: Catalog, found: Catalog, shown: NameFormatter) -> list[str]:
    """Things that belong to another role than the scripts say.

    Of most things they say nothing: those belong to whoever migrates.
    """
    wanted = {name: facts for name, facts in expected["owner"].items() if name in found["owner"]}
    return find_differences(
        Catalog({"owner": wanted}),
        Catalog({"owner": {name: found["owner"][name] for name in wanted}}),
        shown,
    )


def compare_owners(
    before: Catalog, release: Catalog, found: Catalog, shown: NameFormatter
) -> Iterator[str]:
    """What belongs to somebody else than before; and what is new and belongs to a role that owned
    nothing before.
    """
    old = before.filter_objects(lambda _kind, _name, facts: _has_parent_in(facts, found))
    known = {
        facts.get("owner") for catalog in (before, release) for facts in catalog["owner"].values()
    }
    yield from compare_with_before(
        "owner",
        old,
        release,
        found.filter_objects(lambda _kind, name, _facts: name in before["owner"]),
        shown,
    )
    for name, facts in sorted(found["owner"].items()):
        if name not in before["owner"] and facts["owner"] not in known:
            yield (
                f"The owner of {shown(name)} is {facts['owner']}, who owned nothing before: whoever"
                " migrated was the wrong role."
            )


def find_involved_roles(catalog: Catalog) -> set[str]:
    """The roles that own something or have a right to something."""
    granted = {name.rpartition(" to ")[2] for name in catalog["grant"]}
    return {*granted, *(str(facts["owner"]) for facts in catalog["owner"].values())}


def compare_roles(before: Catalog, found: Catalog, shown: NameFormatter) -> list[str]:
    """Roles with a part in the database that may do more, or less, than before.

    Other roles of the server are nobody's business here.
    """
    concerned = find_involved_roles(before)
    return find_differences(
        _select_roles(before, concerned), _select_roles(found, concerned), shown
    )


def compare_row_security(
    before: Catalog, release: Catalog, found: Catalog, shown: NameFormatter
) -> list[str]:
    """Who sees which rows: the flags of each table that was there before, and the policies."""
    tables = before["table"].keys() & found["table"].keys()
    flags = [_row_security_flags(catalog, tables) for catalog in (before, release, found)]
    policies = before.filter_objects(lambda _kind, _name, facts: _has_parent_in(facts, found))
    return compare_with_before("table", flags[0], flags[1], flags[2], shown) + compare_with_before(
        "policy", policies, release, found, shown
    )


def find_ungranted_tables(before: Catalog, found: Catalog, shown: NameFormatter) -> Iterator[str]:
    """New tables to which a role has no right at all, though it had one to each table before:
    whoever granted forgot them.
    """
    old, now = _whole_tables(before), _whole_tables(found)
    everywhere = (
        set.intersection(*(_grantees(table, before) for table in old)) if old else set[str]()
    )
    for table in sorted(now - old):
        for role in sorted(everywhere - _grantees(table, found)):
            yield (
                f"The role {role} had a right to each table before, and has none to the new table"
                f" {shown(table)}: grant it, or name a catalog in which it has none"
                " (migrations.expected_catalog)."
            )


def find_added_partitions(expected: Catalog, found: Catalog) -> list[str]:
    """Partitions that the scripts do not make, of tables that they do: somebody makes a new one
    every month.
    """

    def is_added(name: str, facts: Facts) -> bool:
        parents = facts.get("parents")
        return (
            name not in expected["table"]
            and "bounds as partition" in facts
            and isinstance(parents, list)
            and set(parents) <= known
        )

    known = set(expected["table"])
    while further := {
        name
        for name, facts in found["table"].items()
        if name not in known and is_added(name, facts)
    }:
        known |= further
    return sorted(known - expected["table"].keys())


def find_new_rights(before: Catalog, found: Catalog) -> list[str]:
    """Rights of single roles that nobody had before: for the evidence."""
    return sorted(
        name
        for name in found["grant"].keys() - before["grant"].keys()
        if not name.endswith((_PUBLIC, " to its owner"))
    )


def _row_security_flags(catalog: Catalog, tables: Collection[str]) -> Catalog:
    return Catalog(
        {
            "table": {
                name: {fact: facts.get(fact) for fact in _ROW_SECURITY}
                for name, facts in catalog["table"].items()
                if name in tables
            }
        }
    )


def _whole_tables(catalog: Catalog) -> set[str]:
    """Tables that are no partition: a partition is read through its table, and needs no rights of
    its own.
    """
    return {name for name, facts in catalog["table"].items() if "bounds as partition" not in facts}


def _grantees(table: str, catalog: Catalog) -> set[str]:
    """The roles with a right to the table, beside its owner and everybody."""
    granted = {
        name.rpartition(" to ")[2]
        for name, facts in catalog["grant"].items()
        if facts.get("of") == f"table {table}"
    }
    return granted - {"PUBLIC", "its owner"}


def _select_roles(catalog: Catalog, names: Collection[str]) -> Catalog:
    return catalog.select_kinds("role").filter_objects(lambda _kind, name, _facts: name in names)


def _list_rights(facts: Facts) -> list[str]:
    rights = facts.get("rights")
    return rights if isinstance(rights, list) else []


def _has_parent_in(facts: Facts, catalog: Catalog) -> bool:
    """Whether what this goes with is in the catalog; true of what goes with nothing, or with a kind
    that was not read.
    """
    of = facts.get("of")
    if not isinstance(of, str):
        return True
    for kind, named in catalog.objects.items():
        if of.startswith(f"{kind} ") and of.removeprefix(f"{kind} ") in named:
            return True
    return not any(of.startswith(f"{kind} ") for kind in catalog.objects)

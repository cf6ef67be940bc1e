"""Rights that are wider than before the migration, and wider than the scripts make them."""

from __future__ import annotations

from collections.abc import Iterator

from cutover_gates.core.findings import Finding
from cutover_gates.probes.database.schema import rules
from cutover_gates.probes.database.schema.privileges import includes_right, list_rights
from cutover_gates.probes.database.schema.schema_catalog import Catalog, Facts
from cutover_gates.probes.database.schema.schema_differences import NameFormatter, describe_object

_KINDS = ("grant", "default grant", "parameter grant", "large object grant")
_OWNERS = ("its owner", "their owner")
_PUBLIC = "PUBLIC"
# A role that may read one of them may be given a new one of another of these kinds.
# ALL on a table, as a dump of PostgreSQL 16 grants it, is one right more from PostgreSQL 17 on.
_ALL_ON_TABLE = frozenset(
    {"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"}
)
_RELATIONS = frozenset({"table", "view", "materialized view", "column"})


def find_wider_rights(
    before: Catalog, release: Catalog, found: Catalog, display: NameFormatter, taken: Catalog
) -> list[Finding]:
    """Return the rights of roles that neither was there before nor is granted by a script.

    `before` is without the rights that the scripts take back, which are `taken`. Those of PUBLIC on
    objects have a rule of their own. A new object may be granted to a role that had the same right
    on an object of its kind.
    """
    findings = _find_kept_rights(taken, found, display)
    for kind in _KINDS:
        for name, facts in sorted(found[kind].items()):
            if not _is_judged(kind, name) or kind not in before.objects:
                continue
            allowed = set(_iter_allowed(kind, name, facts, before, release))
            if allowed >= _ALL_ON_TABLE:
                allowed.add("MAINTAIN")
            allowed.update(list_rights(taken[kind].get(name, {})))  # has a finding already
            surplus = [right for right in list_rights(facts) if not includes_right(allowed, right)]
            if surplus:
                subject = describe_object(kind, display(name))
                expected = "no right that it had not before and no script grants"
                findings.append(
                    Finding(rules.WIDER_RIGHTS, subject, expected, ", ".join(surplus)),
                )
    return findings


def _find_kept_rights(taken: Catalog, found: Catalog, display: NameFormatter) -> list[Finding]:
    """Return the rights that the scripts take back, and the target still gives."""
    findings = []
    for kind in _KINDS:
        for name, facts in sorted(taken[kind].items()):
            if kind == "grant" and _split_name(name)[1] == _PUBLIC:
                continue
            gone = list_rights(facts)
            if kept := [right for right in list_rights(found[kind].get(name, {})) if right in gone]:
                subject = describe_object(kind, display(name))
                expected = "no right that the scripts take back"
                findings.append(Finding(rules.WIDER_RIGHTS, subject, expected, ", ".join(kept)))
    return findings


def _is_judged(kind: str, name: str) -> bool:
    grantee = _split_name(name)[1]
    return grantee not in _OWNERS and not (kind == "grant" and grantee == _PUBLIC)


def _iter_allowed(
    kind: str, name: str, facts: Facts, before: Catalog, release: Catalog
) -> Iterator[str]:
    for catalog in (before, release):
        yield from list_rights(catalog[kind].get(name, {}))
    if kind != "grant":
        return
    of, role = str(facts.get("of")), _split_name(name)[1]
    if of.startswith("column "):
        table = of.removeprefix("column ").rpartition(".")[0]
        for catalog in (before, release):
            yield from list_rights(catalog["grant"].get(f"{table} to {role}", {}))
    if not _exists(of, before):
        yield from _list_rights_on_kind(of, role, before)


def _list_rights_on_kind(of: str, role: str, before: Catalog) -> set[str]:
    """Return the rights that a role had on objects of the same kind.

    What is neither a table nor a view serves those, such as the sequence of a new table.
    """
    rights: set[str] = set()
    kind = _kind_of(of)
    for name, facts in before["grant"].items():
        if _split_name(name)[1] == role:
            other = _kind_of(str(facts.get("of")))
            if kind == other or {kind, other} <= _RELATIONS:
                rights.update(list_rights(facts))
            if kind in ("sequence", "function", "type"):
                rights |= {"USAGE", "SELECT", "EXECUTE"}
    for name, facts in before["default grant"].items():
        if _split_name(name)[1] == role and name.startswith(f"{kind}s "):
            rights.update(list_rights(facts))
    return rights


def _exists(of: str, catalog: Catalog) -> bool:
    kind = _kind_of(of)
    # The database is one, and always there.
    return kind == "database" or of.removeprefix(f"{kind} ") in catalog[kind]


def _kind_of(of: str) -> str:
    for kind in ("materialized view", "foreign data wrapper", "foreign server"):
        if of.startswith(f"{kind} "):
            return kind
    return of.partition(" ")[0]


def _split_name(name: str) -> tuple[str, str]:
    of, _, grantee = name.rpartition(" to ")
    return of, grantee

"""What scripts change of rights: those that they take back, and the memberships that they give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cutover_gates.probes.database.schema.granted_before import Targets
from cutover_gates.probes.database.schema.privileges import (
    TO_PASS_ON,
    includes_right,
    list_rights,
    name_database_owner,
)
from cutover_gates.probes.database.schema.schema_catalog import Catalog, Facts

RIGHT_KINDS = ("grant", "default grant", "parameter grant", "large object grant")
MEMBERSHIPS = "memberships"


@dataclass(frozen=True)
class RightsState:
    """The rights in the scratch database, and what they are granted on."""

    catalog: Catalog
    targets: Targets


def apply_right_changes(before: Catalog, taken: Catalog, given: Catalog) -> Catalog:
    """Return a catalog without the rights that are taken back, and with the given memberships."""
    objects = dict(before.objects)
    for kind in RIGHT_KINDS:
        kept = {
            name: _without(facts, taken[kind].get(name)) for name, facts in before[kind].items()
        }
        objects[kind] = {name: facts for name, facts in kept.items() if facts.get("rights")}
    objects["role"] = {
        name: _change_memberships(facts, taken["role"].get(name), given["role"].get(name))
        for name, facts in before["role"].items()
    }
    # A kind that the snapshot does not hold stays unknown.
    return Catalog({kind: objects[kind] for kind in before.objects})


def find_taken_rights(before: Catalog, seeded: RightsState, after: RightsState) -> Catalog:
    """Return what the catalog of before gives, and the scripts took back."""
    taken: dict[str, dict[str, Facts]] = {kind: {} for kind in (*RIGHT_KINDS, "role")}
    for name, now in _match_names(before, seeded, after):
        rights = seeded.catalog["grant"], after.catalog["grant"]
        lost = _list_lost(before["grant"][name], *rights, name, now)
        if lost:
            taken["grant"][now] = {"rights": lost}
    for kind in RIGHT_KINDS[1:]:
        taken[kind] = dict(_find_taken_by_name(kind, before, seeded, after))
    for name, facts in before["role"].items():
        gone = _memberships(seeded.catalog["role"].get(name))
        gone -= _memberships(after.catalog["role"].get(name))
        if lost_roles := sorted(gone & _memberships(facts)):
            taken["role"][name] = {MEMBERSHIPS: lost_roles}
    return Catalog(taken)


def _find_taken_by_name(
    kind: str, before: Catalog, seeded: RightsState, after: RightsState
) -> Iterator[tuple[str, Facts]]:
    """Yield what was taken back of default rights and of rights on parts of the server.

    A script may name the owner of the database, or mean them without a word.
    """
    named = name_database_owner(before)[kind]
    for (name, facts), explicit in zip(before[kind].items(), named, strict=True):
        lost: set[str] = set()
        for each in {name, explicit}:
            lost.update(_list_lost(facts, seeded.catalog[kind], after.catalog[kind], each, each))
        if lost:
            yield name, {"rights": sorted(lost)}


def _match_names(
    before: Catalog, seeded: RightsState, after: RightsState
) -> Iterator[tuple[str, str]]:
    """Yield each grant of before with its name after the scripts, also where those rename.

    What was dropped, or made anew, has lost its rights with that: nothing was taken back.
    """
    later = {(each.kind, each.identity): each for each in after.targets.values()}
    for name, facts in before["grant"].items():
        target = seeded.targets.get(str(facts.get("of")))
        now = later.get((target.kind, target.identity)) if target else None
        if target and now:
            start, _, grantee = name.rpartition(" to ")
            prefix = start.removesuffix(target.name)
            yield name, f"{prefix}{now.name} to {grantee}"


def _list_lost(
    wanted: Facts,
    seeded: Mapping[str, Facts],
    after: Mapping[str, Facts],
    name: str,
    now: str,
) -> list[str]:
    """Return which of the wanted rights were there and are no more.

    A right that may only not be passed on any more is listed with that end alone.
    """
    then, later = list_rights(seeded.get(name, {})), list_rights(after.get(now, {}))
    lost: set[str] = set()
    for right in list_rights(wanted):
        bare = right.removesuffix(TO_PASS_ON)
        if includes_right(then, bare) and not includes_right(later, bare):
            lost |= {bare, f"{bare}{TO_PASS_ON}"}
        elif right != bare and right in then and right not in later:
            lost.add(right)
    return sorted(lost)


def find_given_memberships(seeded: RightsState, after: RightsState) -> Catalog:
    """Return the memberships that the scripts give."""
    given = {}
    for name, facts in after.catalog["role"].items():
        new = _memberships(facts) - _memberships(seeded.catalog["role"].get(name))
        if new:
            given[name] = {MEMBERSHIPS: sorted(new)}
    return Catalog({"role": given})


def _memberships(facts: Facts | None) -> set[str]:
    value = facts.get(MEMBERSHIPS) if facts else None
    return set(value) if isinstance(value, list) else set()


def _without(facts: Facts, taken: Facts | None) -> Facts:
    gone = list_rights(taken or {})
    rights = [right for right in list_rights(facts) if right.removesuffix(TO_PASS_ON) not in gone]
    kept = [right.removesuffix(TO_PASS_ON) if right in gone else right for right in rights]
    return {**facts, "rights": kept} if taken else facts


def _change_memberships(facts: Facts, taken: Facts | None, given: Facts | None) -> Facts:
    if not taken and not given:
        return facts
    roles = sorted(_memberships(facts) - _memberships(taken) | _memberships(given))
    rest = {name: value for name, value in facts.items() if name != MEMBERSHIPS}
    return {**rest, MEMBERSHIPS: roles} if roles else rest

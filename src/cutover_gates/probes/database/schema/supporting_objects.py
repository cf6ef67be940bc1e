"""Objects beside the tables, each as before the migration or as the migration makes it.

Scripts say little of them: a publication, a cast or an option is often made by hand. What the
scripts change between the release before and this one is expected; everything else stays as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cutover_gates.core.findings import Finding, Rule
from cutover_gates.probes.database.schema.ownership import has_parent_in
from cutover_gates.probes.database.schema.schema_catalog import (
    SUPPORTING_KINDS,
    Catalog,
    Fact,
    Facts,
)
from cutover_gates.probes.database.schema.schema_differences import NameFormatter, find_differences


@dataclass(frozen=True)
class CatalogStates:
    """The catalogs that say what is expected.

    `before` is the snapshot's, `release` what all scripts make, `earlier` what the scripts make
    that had been applied before; None where that is not known.
    """

    before: Catalog
    release: Catalog
    earlier: Catalog | None


def needs_earlier_catalog(before: Catalog, release: Catalog, found: Catalog) -> bool:
    """Return whether any object is not the same in all three catalogs."""
    return any(
        not before[kind].get(name) == release[kind].get(name) == found[kind].get(name)
        for kind in SUPPORTING_KINDS
        for name in _list_names(kind, before, release, found)
    )


def compare_supporting_objects(
    states: CatalogStates, found: Catalog, display: NameFormatter, rule: Rule
) -> list[Finding]:
    """Return the objects that are neither as before nor as the migration makes them."""
    findings: list[Finding] = []
    for kind in SUPPORTING_KINDS:
        if kind in states.before.objects:
            expected = _expect_objects(kind, states, found)
            there = _select_judged(kind, states, found)
            findings += find_differences(
                Catalog({kind: expected}), Catalog({kind: there}), display, rule
            )
    return findings


def list_unrecorded_kinds(before: Catalog) -> list[str]:
    """Return the kinds that a snapshot of an older release of this tool has not recorded."""
    return [kind for kind in SUPPORTING_KINDS if kind not in before.objects]


def _select_judged(kind: str, states: CatalogStates, found: Catalog) -> dict[str, Facts]:
    """Return the found objects without those of new tables that no script makes.

    Such a table, or an added partition, is judged by itself.
    """
    return {
        name: facts
        for name, facts in found[kind].items()
        if name in states.before[kind]
        or has_parent_in(facts, states.before)
        or has_parent_in(facts, states.release)
    }


def _expect_objects(kind: str, states: CatalogStates, found: Catalog) -> dict[str, Facts]:
    expected: dict[str, Facts] = {}
    for name in _list_names(kind, states.before, states.release):
        facts = _expect_facts(
            states.before[kind].get(name),
            None if states.earlier is None else states.earlier[kind].get(name),
            states.release[kind].get(name),
            found[kind].get(name),
            is_earlier_known=states.earlier is not None,
        )
        # A table that is gone is reported by itself.
        if facts is not None and has_parent_in(facts, found):
            expected[name] = facts
    return expected


def _expect_facts(
    before: Facts | None,
    earlier: Facts | None,
    release: Facts | None,
    found: Facts | None,
    *,
    is_earlier_known: bool,
) -> Facts | None:
    """Return the expected facts of one object; None where it is expected to be absent."""
    if not is_earlier_known:
        # Nothing tells what the migration changed and what a hand did: either is accepted.
        return found if found in (before, release) and found is not None else release or before
    if release is None:
        return None if earlier is not None else before
    if before is None:
        return None if earlier is not None else release
    if earlier is None:
        return release
    names = dict.fromkeys([*before, *release, *earlier])
    merged = {
        name: _merge_values(before.get(name), earlier.get(name), release.get(name))
        for name in names
    }
    return {name: value for name, value in merged.items() if value is not None}


def _merge_values(before: Fact, earlier: Fact, release: Fact) -> Fact:
    """Return the value of before with what the scripts change."""
    if earlier == release:
        return before
    lists = [value for value in (before, earlier, release) if value is not None]
    if not all(isinstance(value, list) for value in lists):
        return release
    was, is_now = set(_as_list(earlier)), set(_as_list(release))
    kept = [item for item in _as_list(before) if item not in was - is_now]
    return sorted({*kept, *(is_now - was)}) or None


def _as_list(value: Fact) -> list[str]:
    return value if isinstance(value, list) else []


def _list_names(kind: str, *catalogs: Catalog) -> list[str]:
    every: Mapping[str, None] = dict.fromkeys(name for one in catalogs for name in one[kind])
    return sorted(every)

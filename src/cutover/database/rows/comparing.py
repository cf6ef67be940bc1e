"""Holds the content of a database against a snapshot, and says where they part."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

import psycopg

from cutover.database.rows.figures import Segments, Sums, TableFigures
from cutover.database.rows.locating import places
from cutover.database.rows.looking import (
    MIGRATED,
    RESTORED,
    Look,
    compared,
    content_is_compared,
    spec_against,
)
from cutover.database.rows.measure import measure_in
from cutover.database.rows.reading import reading
from cutover.database.rows.tables import read_tables
from cutover.database.session import DatabaseSilent, first_line
from cutover.database.site import Site
from cutover.database.snapshot import Snapshot, declarations, how_to_take
from cutover.evidence.examination import Examination, NotProven

LOCATED = 5
"""Tables of which it is looked up where they differ: who finds more has another problem."""


@dataclass
class _Verdict:
    examined: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    unproven: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    columns: dict[str, list[str]] = field(default_factory=dict)
    differing: list[str] = field(default_factory=list)


def same_hashes(before: Snapshot, now: Mapping[str, object]) -> None:
    """Raises `NotProven` where fingerprints of the snapshot and of a server with the facts `now`
    say nothing about each other.
    """
    for fact, said in (("major", "PostgreSQL"), ("encoding", "the encoding")):
        if before.server[fact] != now[fact]:
            raise NotProven(
                f"the snapshot was taken on {said} {before.server[fact]} and this is {now[fact]}:"
                " hashes of the one say nothing about the other. Compare on a restored copy of the"
                " same version"
            )


def same_declarations(site: Site, before: Snapshot) -> None:
    """Raises `NotProven` where the snapshot was made by other declarations than those of now."""
    if before.declarations != declarations(site):
        raise NotProven(
            "what is declared under migrations.tables (becomes, drops, grows_above, rows_become)"
            f" was changed after the snapshot of {before.taken}, which was made by it."
            f" {how_to_take(site)}, or bring the declarations back"
        )


def compare(
    site: Site, before: Snapshot, now: Look, dsn: str, expected: str = MIGRATED
) -> Examination:
    """The content of every table of the snapshot against the database at `dsn`, of which `now` was
    seen.
    """
    verdict = _Verdict()
    for name, then in sorted(before.figures.tables.items()):
        _compare_one(site, before, now, name, then, expected, verdict)
    exact, why = _pinpointed(site, before, dsn, verdict.differing[:LOCATED], expected)
    verdict.findings += (
        f"{site.shown(name)}, against the restored backup: {keys}."
        for name, keys in exact.items()
        if keys
    )
    verdict.findings += _located(
        site, before, dsn, [name for name in verdict.differing if not exact.get(name)], expected
    )
    if not any(then.sums and then.sums.rows for then in before.figures.tables.values()):
        verdict.unproven.append(
            "No row's content stands in the snapshot, and that nothing became of nothing proves"
            " nothing."
        )
    facts = {
        "left_out": {**now.left_out, **verdict.left_out},
        "columns that came and were not compared": verdict.columns,
        **({"no keys from the backup": why} if why else {}),
    }
    title = "The database holds what it held when the snapshot was taken" + (
        ", as the migration should leave it" if expected == MIGRATED else ""
    )
    return Examination(
        title, tuple(verdict.examined), tuple(verdict.findings), tuple(verdict.unproven), facts
    )


def _compare_one(
    site: Site,
    before: Snapshot,
    now: Look,
    name: str,
    then: TableFigures,
    expected: str,
    verdict: _Verdict,
) -> None:
    change, shown, seen = site.change_of(name), site.shown(name), now.figures.tables.get(name)
    if expected == MIGRATED and (
        change.rows == "dropped" or not content_is_compared(site, name, expected)
    ):
        verdict.left_out[shown] = change.reason or (
            "dropped" if change.rows == "dropped" else "the migrations' own history"
        )
        return
    if seen is None:
        verdict.findings.append(f"The table {shown} is gone, and with it what stood in it.")
        return
    verdict.columns.update(
        {shown: came}
        if (came := sorted(now.columns[name].keys() - compared(then, expected)))
        else {}
    )
    if gone := sorted(compared(then, expected).keys() - now.columns[name].keys()):
        verdict.findings.append(_gone(shown, gone, change.becomes.keys()))
    elif then.sums is None:
        verdict.unproven.append(
            f"{shown} cannot be compared: the snapshot has no fingerprint of it"
            f" ({before.figures.unproven.get(name, 'lost')})."
        )
    elif then.above and then.above not in now.columns[name]:
        verdict.findings.append(
            f"{shown} has no column {then.above} any more, which tells old rows from new ones"
            " (grows_above)."
        )
    elif seen.sums is None:
        verdict.unproven.append(
            f"{shown} was not compared: {now.figures.unproven.get(name, 'nobody knows why')}."
        )
    elif _same(then.sums, seen.sums, expected):
        verdict.examined.append(shown)
    elif (
        expected == MIGRATED
        and not then.above
        and (change.rows != "unchanged" or change.rows_become)
    ):
        verdict.unproven.append(
            f"{shown} is declared to get or lose rows, so its old content cannot be told from what"
            " came: name a column that only "
            f'grows (grows_above), or declare content = "any" with a reason.'
        )
    else:
        verdict.findings.append(f"{shown}: {_said(before, then, seen, expected)}.")
        verdict.differing.append(name)


def _same(then: Sums, now: Sums, expected: str) -> bool:
    return (then.rows, then.expected if expected == MIGRATED else then.content) == (
        now.rows,
        now.content,
    )


def _gone(shown: str, gone: list[str], declared: Collection[str]) -> str:
    if announced := [name for name in gone if name in declared]:
        return (
            f"{shown} has no column {announced[0]}, which the migration is declared to fill"
            " (becomes)."
        )
    return (
        f"{shown} lost {', '.join(gone)}, and what stood there: where that is meant, write drops ="
        f" {json.dumps(gone)} under migrations.tables.{shown}."
    )


def _said(before: Snapshot, then: TableFigures, seen: TableFigures, expected: str) -> str:
    """What the sums tell of a difference."""
    assert then.sums is not None  # else nothing was compared
    assert seen.sums is not None
    which = "old rows" if then.above else "rows"
    if seen.sums.rows != then.sums.rows:
        what = f"{seen.sums.rows} {which}, and {then.sums.rows} in the snapshot of {before.taken}"
    elif then.key and then.key == seen.key and seen.sums.keys != then.sums.keys:
        what = (
            f"as many {which} as in the snapshot of {before.taken}, but under other keys: some were"
            " lost, and others took their place"
        )
    else:
        what = (
            f"the same {seen.sums.rows} {which} as in the snapshot of {before.taken}, but not the"
            " same content"
        )
    retyped = [
        f"{name} was {was} and is {seen.columns[name]}"
        for name, was in compared(then, expected).items()
        if _other(was, seen.columns[name])
    ]
    hint = (
        f" (of another type now: {'; '.join(retyped)}. Where that is meant, declare becomes with a"
        " cast)"
        if retyped
        else ""
    )
    return what + hint


def _other(was: str, now: str) -> bool:
    """Whether two types are another thing; lengths aside, which a cast does not change."""
    return was.partition("(")[0] != now.partition("(")[0] and {
        was.partition("(")[0],
        now.partition("(")[0],
    } not in (
        {"integer", "bigint"},
        {"smallint", "integer"},
        {"smallint", "bigint"},
        {"text", "character varying"},
    )


def _located(
    site: Site, before: Snapshot, dsn: str, names: list[str], expected: str
) -> Iterator[str]:
    """Where the snapshot keeps segments: those that differ, with keys.

    A second look, so what is written meanwhile may show, too.
    """
    if not names or site.budget.left <= 0:
        return
    try:
        with reading(dsn, time.time() + site.budget.left, site.migrations.schemas) as session:
            tables, _ = read_tables(session.first, site.migrations.schemas)
            for name in names[:LOCATED]:
                then = before.figures.tables[name]
                if then.segments is None or name not in tables:
                    continue
                spec = spec_against(
                    session.first,
                    site,
                    tables[name],
                    then,
                    expected,
                    division=then.segments.division,
                )
                if (
                    not set(then.key) <= set(spec.content)
                    or set(then.key) & site.change_of(name).becomes.keys()
                ):
                    continue
                found: Segments | None = (
                    measure_in(session, [spec], connections=site.migrations.connections)
                    .tables[name]
                    .segments
                )
                if found is not None:
                    where = places(
                        session.first, spec, then.segments, found, migrated=expected == MIGRATED
                    )
                    yield from (f"{site.shown(name)}: it differs at {place}." for place in where)
    except (DatabaseSilent, psycopg.Error) as error:
        yield (
            "Where they differ could not be looked up:"
            f" {error if isinstance(error, DatabaseSilent) else first_line(error)}."
        )


def _pinpointed(
    site: Site, before: Snapshot, dsn: str, names: list[str], expected: str
) -> tuple[dict[str, str], str]:
    """Key by key, where a backup can be restored to look it up in, and the settings let this gate
    restore one; else why not.
    """
    if (
        not names
        or not site.migrations.backup.restore
        or not (site.backup or site.migrations.backup.path)
    ):
        return {}, ""
    from cutover.database.backup.pinpointing import (
        pinpointed,
    )  # a backup is compared by means of rows, so it knows this module

    try:
        return pinpointed(site, before, dsn, names, expected), ""
    except NotProven as hole:
        return {}, str(hole)


def equal(site: Site, before: Snapshot, now: Look, dsn: str) -> Examination:
    """A restored database against the snapshot as it was: the same tables, the same rows.

    What came above a mark is counted.
    """
    found = compare(site, before, now, dsn, RESTORED)
    new = [
        f"The table {site.shown(name)} is not in the snapshot of {before.taken}."
        for name in now.columns
        if name not in before.figures.tables
    ]
    newer = {
        site.shown(name): table.newer for name, table in now.figures.tables.items() if table.newer
    }
    return replace(
        found,
        findings=(*found.findings, *new),
        facts={**found.facts, "rows that came after the snapshot": newer},
    )

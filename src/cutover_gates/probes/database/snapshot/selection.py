"""The choice of the snapshot that a database is compared with, and whether its hashes can be."""

from __future__ import annotations

import time
from collections.abc import Iterator

from cutover_gates.core.findings import gap_error
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.identity import (
    find_newest_script,
    read_applied_migration,
    read_server_facts,
)
from cutover_gates.probes.database.measurement.consistent_session import open_consistent_session
from cutover_gates.probes.database.measurement.row_hashes import read_hash_probe
from cutover_gates.probes.database.snapshot import rules
from cutover_gates.probes.database.snapshot.model import Snapshot
from cutover_gates.probes.database.snapshot.store import iter_snapshots

_SECONDS_PER_HOUR = 3600


def find_newest_snapshot(context: DatabaseContext, *, rolled_back: bool = False) -> Snapshot:
    """Return the newest snapshot that was taken before the newest migration of the database.

    `rolled_back`: the database is meant to be what it was, and a restore may have brought it to
    another server. Then the newest snapshot of the very migration that the database is at is
    chosen. Raise `NotProven` where there is none, and for one that is too old or of another
    database.
    """
    with context.connect() as connection:
        facts = read_server_facts(connection)
        applied = read_applied_migration(context, connection)
    on_disk = find_newest_script(context)
    snapshot = _choose_snapshot(context, applied, on_disk, rolled_back=rolled_back)
    # A restore brings the database to a server with another system identifier.
    identifying = ["database"] if rolled_back else ["system_identifier", "database"]
    if context.migrations.other_server:
        identifying = []
    for fact in identifying:
        before, now = getattr(snapshot.server, fact), getattr(facts, fact)
        if before != now:
            name = fact.replace("_", " ")
            reason = f"its {name} is {before}, and that of the target {now}"
            raise gap_error(rules.SAME_DATABASE, snapshot.label, reason)
    return snapshot


def _choose_snapshot(
    context: DatabaseContext, applied: str | None, on_disk: str | None, *, rolled_back: bool
) -> Snapshot:
    """Return the newest snapshot of the applied migration, or of another one after a migration.

    The first holds after a rollback and while scripts wait to be run. If no snapshot of the applied
    migration exists then (a script failed, or the history was changed), the newest of all is taken:
    the comparison is needed all the more. If no snapshot of another migration exists after the
    migration, the snapshot is from after it and would find the database equal to itself.
    """
    fresh = list(_iter_fresh_snapshots(context))
    if not fresh:
        raise gap_error(
            rules.SNAPSHOT_EXISTS, context.target, "there is no snapshot to compare with"
        )
    is_unmigrated = rolled_back or (on_disk is not None and applied != on_disk)
    fitting = [one for one in fresh if (one.migration == applied) == is_unmigrated]
    if not fitting and not is_unmigrated and context.migrations.brings_scripts:
        reason = f"the only one was taken after the migration {applied}"
        if applied is None:
            reason = (
                "the database keeps no history, so nothing tells before from after: set"
                ' migrations.tool = "custom" and version_query'
            )
        raise gap_error(rules.TAKEN_BEFORE_MIGRATION, fresh[0].label, reason)
    return (fitting or fresh)[0]


def _iter_fresh_snapshots(context: DatabaseContext) -> Iterator[Snapshot]:
    """Return the target's snapshots that are not too old, the newest first.

    Raise `NotProven` where all are too old, and for one that was cut short or edited.
    """
    hours, fresh = context.migrations.snapshot_max_age_hours, 0
    for snapshot in iter_snapshots(context):
        if time.time() - snapshot.taken_at <= hours * _SECONDS_PER_HOUR:
            fresh += 1
            yield snapshot
        elif fresh:
            return
        else:
            reason = f"the newest is more than {hours:g} h old (snapshot_max_age_hours)"
            raise gap_error(rules.SNAPSHOT_EXISTS, snapshot.label, reason)


def require_comparable_hashes(context: DatabaseContext, before: Snapshot) -> None:
    """Raise `NotProven` where hashes of the snapshot and of the context's server are not equal.

    Another major version must hash the rows of the probe as the snapshot's did.
    """
    with context.connect() as connection:
        now = read_server_facts(connection)
    if before.server.encoding != now.encoding:
        reason = (
            f"it was taken in the encoding {before.server.encoding}, and this is {now.encoding}"
        )
        raise gap_error(rules.COMPARABLE_HASHES, before.label, reason)
    if before.server.major == now.major:
        return
    taken = f"it was taken on PostgreSQL {before.server.major}, and this is {now.major}"
    if not before.hash_probe:
        raise gap_error(rules.COMPARABLE_HASHES, before.label, f"{taken}, and it holds no probe")
    if before.hash_probe != _read_probe(context):
        reason = f"{taken}, which hashes equal rows to other numbers"
        raise gap_error(rules.COMPARABLE_HASHES, before.label, reason)


def _read_probe(context: DatabaseContext) -> str:
    with open_consistent_session(context.heavy_dsn, context.budget.ends) as session:
        return read_hash_probe(session.first)

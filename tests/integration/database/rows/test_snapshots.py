"""A snapshot is used if it is whole, of this database, recent, and from before the migration."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from cutover_gates.hospital.matchers.expectations import assert_passed
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.rows.assessments import RowAssessments
from cutover_gates.probes.database.snapshot import rules as snapshot_rules
from cutover_gates.probes.database.snapshot.capture import take_snapshot
from cutover_gates.probes.database.snapshot.selection import find_newest_snapshot
from cutover_gates.probes.database.snapshot.store import load_snapshot, save_snapshot
from tests.findings import list_gaps, raises_gap
from tests.integration.database.conftest import BEFORE, MIGRATED, CopyDatabase
from tests.integration.database.contexts import make_database_context
from tests.integration.database.rows.conftest import CutoverDatabase, StartCutover


def test_it_is_read_as_it_was_written(start_cutover: StartCutover) -> None:
    taken = find_newest_snapshot(
        start_cutover(
            "CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t VALUES (-5), (7)"
        ).context
    )
    assert taken.path is not None
    again = replace(taken, path=None)
    copy = load_snapshot(save_snapshot(again, taken.path.parent / "again"))
    assert replace(copy, path=None) == again
    assert taken.figures.tables["public.t"].counted == 2
    assert taken.migration == "6"


def test_there_is_none(unchanged: CopyDatabase, tmp_path: Path) -> None:
    with raises_gap(snapshot_rules.SNAPSHOT_EXISTS):
        find_newest_snapshot(make_database_context(unchanged(BEFORE), tmp_path))


def _cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def _edited(path: Path) -> None:
    plain = json.loads(gzip.decompress(path.read_bytes()))
    plain["content"]["figures"]["tables"]["public.patients"]["counted"] -= 1
    path.write_bytes(gzip.compress(json.dumps(plain).encode()))


def _emptied(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("harm", [_cut_short, _edited, _emptied])
def test_a_damaged_one_is_refused(
    start_cutover: StartCutover, harm: Callable[[Path], None]
) -> None:
    cutover_database = start_cutover()
    harm(_file(cutover_database))
    with raises_gap(snapshot_rules.SNAPSHOT_INTACT):
        cutover_database.rows.assess_counts()


def test_an_old_one_is_refused(start_cutover: StartCutover) -> None:
    cutover_database = start_cutover(snapshot_max_age_hours=1)
    _taken_ago(cutover_database, hours=1.1)
    with raises_gap(snapshot_rules.SNAPSHOT_EXISTS) as raised:
        cutover_database.rows.assess_counts()
    assert "snapshot_max_age_hours" in raised.value.gaps[0].actual


def test_one_of_another_target_is_none(start_cutover: StartCutover) -> None:
    cutover_database = start_cutover()
    with raises_gap(snapshot_rules.SNAPSHOT_EXISTS) as raised:
        find_newest_snapshot(replace(cutover_database.context, target="other"))
    assert raised.value.gaps[0].subject == "other"


def test_one_of_another_database_is_refused(
    start_cutover: StartCutover, unchanged: CopyDatabase
) -> None:
    cutover_database = start_cutover()
    with raises_gap(snapshot_rules.SAME_DATABASE):
        find_newest_snapshot(
            replace(
                cutover_database.context,
                dsn=make_database_context(
                    unchanged(BEFORE), cutover_database.base_context.folder
                ).dsn,
            )
        )


def test_one_of_another_major_version_says_nothing_of_content(start_cutover: StartCutover) -> None:
    cutover_database = start_cutover()
    before = find_newest_snapshot(cutover_database.context)
    _file(cutover_database).unlink()
    save_snapshot(
        replace(before, server=replace(before.server, major=15), hash_probe="another"),
        cutover_database.base_context.snapshots,
    )
    assert_passed(cutover_database.rows.assess_counts())
    with raises_gap(snapshot_rules.COMPARABLE_HASHES):
        cutover_database.rows.assess_contents()


def test_one_that_was_made_by_other_declarations_proves_nothing_of_that_table(
    start_cutover: StartCutover,
) -> None:
    cutover_database = start_cutover(tables={"patients": {"becomes": {"sex": "lower(sex)"}}})
    cutover_database.declare_tables(patients={"becomes": {"sex": "upper(sex)"}})
    found = cutover_database.rows.assess_contents()
    assert list_gaps(found) == [(snapshot_rules.SAME_DECLARATIONS, "patients")]
    assert "patients" not in found.checked


def test_one_from_after_the_migration_is_no_before(unchanged: CopyDatabase, tmp_path: Path) -> None:
    context = make_database_context(unchanged(MIGRATED), tmp_path)
    take_snapshot(context)
    with raises_gap(snapshot_rules.TAKEN_BEFORE_MIGRATION):
        find_newest_snapshot(context)


def test_the_one_from_before_serves_though_a_later_one_is_there(
    unchanged: CopyDatabase, tmp_path: Path
) -> None:
    context = make_database_context(unchanged(MIGRATED), tmp_path)
    late = take_snapshot(context)
    early = save_snapshot(
        replace(late, migration="6", taken_at=late.taken_at - 60), context.snapshots
    )
    assert find_newest_snapshot(context).path == early


def test_one_from_long_after_the_migration_is_no_before_either(
    spare: CopyDatabase, tmp_path: Path
) -> None:
    """A snapshot that is taken now would equal the database, however long ago the migration was."""
    context = make_database_context(
        spare(
            MIGRATED,
            "UPDATE flyway_schema_history SET installed_on = installed_on - interval '30 days'",
        ),
        tmp_path,
    )
    take_snapshot(context)
    with raises_gap(snapshot_rules.TAKEN_BEFORE_MIGRATION):
        RowAssessments(context).assess_contents()


ALEMBIC = (
    "CREATE TABLE alembic_version (version_num varchar(32))",
    "INSERT INTO alembic_version VALUES ('now')",
)


def of_alembic(dsn: str, folder: Path, *migrations: str) -> DatabaseContext:
    """Return a context with an Alembic history, and a snapshot of each of these migrations.

    The newest is the last one.
    """
    flyway = make_database_context(dsn, folder)
    taken = take_snapshot(flyway)
    for number, migration in enumerate(migrations):
        save_snapshot(
            replace(taken, migration=migration, taken_at=taken.taken_at + number), flyway.snapshots
        )
    return replace(flyway, migrations=flyway.migrations.model_copy(update={"tool": "alembic"}))


def test_one_from_after_the_migration_is_no_before_with_other_tools(
    spare: CopyDatabase, tmp_path: Path
) -> None:
    """No script on disk tells the release's migration; the database does."""
    context = of_alembic(spare(BEFORE, *ALEMBIC), tmp_path, "now")
    with raises_gap(snapshot_rules.TAKEN_BEFORE_MIGRATION):
        find_newest_snapshot(context)


def test_a_release_without_migrations_has_a_snapshot_too(
    unchanged: CopyDatabase, tmp_path: Path
) -> None:
    context = make_database_context(unchanged(MIGRATED), tmp_path, brings_scripts=False)
    take_snapshot(context)
    assert_passed(RowAssessments(context).assess_contents())


def test_after_a_rollback_it_is_the_one_of_this_very_migration(
    spare: CopyDatabase, tmp_path: Path
) -> None:
    """It is chosen also where a later snapshot, of the migration that was rolled back, exists."""
    context = of_alembic(spare(BEFORE, *ALEMBIC), tmp_path, "now", "later")
    assert find_newest_snapshot(context, rolled_back=True).migration == "now"


def test_a_table_that_cannot_be_read_leaves_no_half_snapshot(start_cutover: StartCutover) -> None:
    cutover_database = start_cutover()
    assert_passed(cutover_database.rows.assess_snapshot_capture())
    with psycopg.connect(cutover_database.dsn) as other:
        holder = other.info.backend_pid
        other.execute("LOCK TABLE visits IN ACCESS EXCLUSIVE MODE")
        with raises_gap(snapshot_rules.CATALOG_READABLE) as raised:
            cutover_database.rows.assess_snapshot_capture()
    assert f"session {holder} of" in raised.value.gaps[0].actual
    assert "holds a lock on public.visits, in a transaction of" in raised.value.gaps[0].actual


def _file(cutover_database: CutoverDatabase) -> Path:
    return next(cutover_database.base_context.snapshots.glob("*.json.gz"))


def _taken_ago(cutover_database: CutoverDatabase, hours: float) -> None:
    before = load_snapshot(_file(cutover_database))
    _file(cutover_database).unlink()
    save_snapshot(
        replace(before, path=None, taken_at=before.taken_at - hours * 3600),
        cutover_database.base_context.snapshots,
    )

"""In Phase 1 the backup is compared with the snapshot: it is from before, and complete."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from cutover_gates.hospital.matchers.expectations import assert_passed
from cutover_gates.probes.database.backup import rules
from cutover_gates.probes.database.backup.assessments import BackupAssessments
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.rows import rules as row_rules
from cutover_gates.probes.database.rows.assessments import RowAssessments
from cutover_gates.probes.database.snapshot import rules as snapshot_rules
from cutover_gates.probes.database.snapshot.capture import take_snapshot
from reference import announcement, cutover, postgres
from tests.faults import serve
from tests.findings import raises_gap
from tests.integration.database.backup import dump_files
from tests.integration.database.conftest import BEFORE, CopyDatabase
from tests.integration.database.contexts import make_database_context
from tests.integration.database.rows.conftest import hospital_tables
from tests.selection import further

Cut = Callable[[], None]


@pytest.fixture
def database_context(spare: CopyDatabase, tmp_path: Path) -> DatabaseContext:
    """Return the context of a database before its cutover, with a snapshot."""
    context = make_database_context(
        spare(BEFORE), tmp_path, tables=hospital_tables(), backup={"path": "a.*"}
    )
    take_snapshot(context)
    return context


@pytest.fixture
def cut(server: postgres.Server, database_context: DatabaseContext) -> Cut:
    """Return the function that performs the cutover."""
    name = dump_files.database(_dsn(database_context))
    return lambda: cutover.perform(server, name, announcement.accounts(), serve.HASHING)


def test_a_backup_from_right_before_the_cutover_is_sound(
    database_context: DatabaseContext, cut: Cut
) -> None:
    dump_files.archive(_dsn(database_context), database_context.folder)
    cut()
    assert_passed(BackupAssessments(database_context).assess_time_of_backup())
    found = BackupAssessments(database_context).assess_old_data()
    assert_passed(found)
    assert "public.patients" in found.checked


def test_a_backup_from_after_the_cutover_is_found(
    database_context: DatabaseContext, cut: Cut
) -> None:
    cut()
    dump_files.plain(_dsn(database_context), database_context.folder)
    taken = BackupAssessments(database_context).assess_time_of_backup()
    assert [finding.rule for finding in taken.findings] == [rules.BEFORE_MIGRATION]
    (finding,) = BackupAssessments(database_context).assess_old_data().findings
    assert finding.rule == rules.SAME_MIGRATION
    assert finding.expected.startswith("migration 6, ")
    assert finding.actual == "migration 10"


def test_a_backup_from_before_the_snapshot_is_found(
    database_context: DatabaseContext, cut: Cut
) -> None:
    dump_files.age(dump_files.plain(_dsn(database_context), database_context.folder), 1)
    cut()
    found = BackupAssessments(database_context).assess_time_of_backup()
    assert [finding.rule for finding in found.findings] == [rules.AFTER_SNAPSHOT]


def test_a_backup_from_long_before_the_cutover_is_found(
    database_context: DatabaseContext, cut: Cut
) -> None:
    dump_files.age(dump_files.plain(_dsn(database_context), database_context.folder), 13)
    cut()
    found = BackupAssessments(database_context).assess_time_of_backup()
    assert [each.rule for each in found.findings] == [rules.RECENT, rules.AFTER_SNAPSHOT]
    assert found.findings[0].actual.startswith("13.0 h before the migration")


def test_a_row_that_the_snapshot_knows_and_the_backup_lacks_is_found(
    database_context: DatabaseContext, cut: Cut
) -> None:
    with psycopg.connect(_dsn(database_context)) as connection:
        connection.execute("DELETE FROM documents WHERE id = (SELECT id FROM documents LIMIT 1)")
    dump_files.archive(_dsn(database_context), database_context.folder)
    cut()
    (finding,) = BackupAssessments(database_context).assess_old_data().findings
    assert (finding.rule, finding.subject) == (rules.SAME_ROW_COUNT, "documents")
    assert "the snapshot of" in finding.expected


def test_what_came_between_snapshot_and_backup_is_no_difference(
    database_context: DatabaseContext, cut: Cut
) -> None:
    with psycopg.connect(_dsn(database_context)) as connection:
        connection.execute(
            "INSERT INTO patients SELECT (jsonb_populate_record(NULL::patients, to_jsonb(p) ||"
            " jsonb_build_object('id', gen_random_uuid(), 'mrn', 'NEW-1', 'created_at', now()))).*"
            " FROM (SELECT * FROM patients LIMIT 1) p"
        )
    dump_files.archive(_dsn(database_context), database_context.folder)
    cut()
    assert_passed(BackupAssessments(database_context).assess_old_data())


def test_without_a_snapshot_nothing_is_proven_after_the_change(
    database_context: DatabaseContext, cut: Cut
) -> None:
    dump_files.archive(_dsn(database_context), database_context.folder)
    cut()
    unseen = replace(database_context, snapshots=database_context.folder / "none")
    for question in (
        BackupAssessments(unseen).assess_time_of_backup,
        BackupAssessments(unseen).assess_old_data,
    ):
        with raises_gap(snapshot_rules.SNAPSHOT_EXISTS):
            question()


def test_where_the_settings_say_so_the_backup_is_only_read_to_its_end(
    database_context: DatabaseContext, cut: Cut
) -> None:
    path = dump_files.archive(_dsn(database_context), database_context.folder, "--compress=0")
    cut()
    backup = database_context.migrations.backup.model_copy(update={"restore": False})
    reading = replace(
        database_context,
        migrations=database_context.migrations.model_copy(update={"backup": backup}),
    )
    found = BackupAssessments(reading).assess_old_data()
    assert_passed(found)
    assert found.checked == (path.name,)


def _dsn(context: DatabaseContext) -> str:
    return context.dsn.get_secret_value()


@pytest.mark.parametrize("hours", [-8, further(0), further(11)])
def test_a_history_in_the_local_time_of_another_zone_is_no_finding(
    database_context: DatabaseContext, cut: Cut, hours: int
) -> None:
    """Flyway records the local time of its JVM without a zone, which must cause no false alarm."""
    dump_files.archive(_dsn(database_context), database_context.folder)
    cut()
    _run(
        database_context,
        f"UPDATE flyway_schema_history SET installed_on = installed_on + interval '{hours} hours'",
    )
    assert_passed(BackupAssessments(database_context).assess_time_of_backup())


def test_what_no_zone_explains_is_left_to_the_content(
    database_context: DatabaseContext, cut: Cut
) -> None:
    """The backup may be from after the first script, and only a restore shows it."""
    cut()
    _run(
        database_context,
        "UPDATE flyway_schema_history SET installed_on = installed_on - interval '1 hour' WHERE"
        " installed_rank > 6",
    )
    with psycopg.connect(_dsn(database_context)) as connection:
        connection.execute("SELECT pg_sleep(0.2)")
    dump_files.plain(_dsn(database_context), database_context.folder)
    unread = replace(
        database_context,
        migrations=database_context.migrations.model_copy(
            update={
                "backup": database_context.migrations.backup.model_copy(update={"restore": False})
            }
        ),
    )
    asked = BackupAssessments(unread).assess_time_of_backup()
    assert asked.findings or asked.not_proven


def test_the_keys_and_columns_that_differ_are_looked_up_in_the_backup(
    database_context: DatabaseContext, cut: Cut
) -> None:
    """The names of two patients are exchanged: both keys and the column are named, and no name."""
    dump_files.archive(_dsn(database_context), database_context.folder)
    cut()
    with psycopg.connect(_dsn(database_context)) as connection:
        query = (
            "SELECT id::text, family_name FROM patients WHERE family_name IN ('Smith', 'Nguyễn')"
            " ORDER BY family_name, id"
        )
        two = connection.execute(query).fetchall()
    (one, its), (other, others) = two[0], two[-1]
    _run(
        database_context,
        f"UPDATE patients SET family_name = CASE id WHEN '{one}' THEN '{others}' ELSE '{its}' END"
        f" WHERE id IN ('{one}', '{other}')",
    )
    (finding,) = RowAssessments(database_context).assess_contents().findings
    assert (finding.rule, finding.subject) == (row_rules.CONTENT, "patients")
    keys = ", ".join(sorted([one, other]))
    columns = f"columns family_name (2 keys: {keys})"
    assert finding.actual.endswith(f"; {columns}; changed keys {keys}")


def test_without_a_backup_the_segments_are_named(
    database_context: DatabaseContext, cut: Cut
) -> None:
    cut()
    _run(
        database_context,
        "UPDATE patients SET address = 'x' WHERE id = (SELECT id FROM patients ORDER BY id"
        " LIMIT 1)",
    )
    found = RowAssessments(database_context).assess_contents()
    (finding,) = found.findings
    assert (finding.rule, finding.subject) == (row_rules.CONTENT, "patients")
    assert "; segment " in finding.actual
    assert "no keys from the backup" in found.figures


def _run(context: DatabaseContext, statement: str) -> None:
    with psycopg.connect(_dsn(context)) as connection:
        connection.execute(statement.encode())

"""Histories of migrations that are programs. Their tables are those of each tool's own DDL."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cutover_gates.core.findings import Rule
from cutover_gates.hospital.matchers.expectations import assert_passed
from cutover_gates.probes.database.history import rules
from cutover_gates.probes.database.history.assessments import HistoryAssessments
from tests.findings import list_breaches, list_gaps, raises_gap
from tests.integration.database.contexts import make_database_context
from tests.integration.database.false_alarms.conftest import StartSmall
from tests.standins.flyway_history import write_files

LIQUIBASE_TABLE = (
    "CREATE TABLE databasechangelog (id varchar(255) NOT NULL, author varchar(255) NOT NULL,"
    " filename varchar(255) NOT NULL, dateexecuted timestamp NOT NULL DEFAULT now(),"
    " orderexecuted int NOT NULL, exectype varchar(10) NOT NULL, md5sum varchar(35),"
    " description varchar(255), comments varchar(255), tag varchar(255), liquibase varchar(20),"
    " contexts varchar(255), labels varchar(255), deployment_id varchar(10));"
    " CREATE TABLE databasechangeloglock (id int PRIMARY KEY, locked boolean NOT NULL,"
    " lockgranted timestamp, lockedby varchar(255));"
    " INSERT INTO databasechangeloglock VALUES (1, false)"
)
LIQUIBASE_ROW = (
    "INSERT INTO databasechangelog (id, author, filename, orderexecuted, exectype, md5sum)"
    " VALUES ('{id}', 'ada', 'db/{file}', {id}, 'EXECUTED', '9:{id}')"
)
LIQUIBASE_FILES = {
    "root.yaml": "databaseChangeLog:\n- include: {file: db/one.xml}\n",
    "one.xml": '<databaseChangeLog><!-- <changeSet id="0" author="ada"/> --><changeSet\n'
    ' author="ada" id="1"><createTable tableName="t"/></changeSet></databaseChangeLog>',
    "two.yaml": "databaseChangeLog:\n- changeSet:\n    id: 2\n    author: ada\n    changes:\n"
    "    - createTable:\n        columns:\n        - column:\n            name: id\n",
    "three.sql": "--liquibase formatted sql\n--changeset ada:3\nSELECT 1;\n",
}
PRISMA_TABLE = (
    "CREATE TABLE _prisma_migrations (id varchar(36) PRIMARY KEY, checksum varchar(64) NOT NULL,"
    " finished_at timestamptz, migration_name varchar(255) NOT NULL, logs text, rolled_back_at"
    " timestamptz, started_at timestamptz NOT NULL DEFAULT clock_timestamp(), applied_steps_count"
    " int NOT NULL DEFAULT 0)"
)
PRISMA_FILES = {
    "20260101000000_init/migration.sql": "SELECT 1;\n",
    "20260102000000_more/migration.sql": "SELECT 2;\n",
}
MIGRATE_TABLE = (
    "CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL)"
)
MIGRATE_FILES = {
    "0001_init.up.sql": "",
    "0001_init.down.sql": "",
    "0002_more.up.sql": "",
}
RAILS_TABLE = "CREATE TABLE schema_migrations (version varchar PRIMARY KEY)"
RAILS_FILES = {"20260101000000_create_t.rb": "", "20260102000000_add_v.rb": ""}
EF_TABLE = (
    'CREATE TABLE "__EFMigrationsHistory" ("MigrationId" varchar(150) PRIMARY KEY,'
    ' "ProductVersion" varchar(32) NOT NULL)'
)
EF_FILES = {
    "20260101000000_Init.cs": "",
    "20260101000000_Init.Designer.cs": "",
    "20260102000000_More.cs": "",
    "HospitalModelSnapshot.cs": "",
}


def prisma_row(name: str, *, text: str | None = None, finished: str = "now()") -> str:
    content = PRISMA_FILES[f"{name}/migration.sql"] if text is None else text
    checksum = hashlib.sha256(content.encode()).hexdigest()
    return (
        "INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name) VALUES"
        f" (gen_random_uuid()::text, '{checksum}', {finished}, '{name}')"
    )


CLEAN: dict[str, tuple[dict[str, str], tuple[str, ...]]] = {
    "liquibase": (
        LIQUIBASE_FILES,
        (
            LIQUIBASE_TABLE,
            LIQUIBASE_ROW.format(id=1, file="one.xml"),
            LIQUIBASE_ROW.format(id=2, file="two.yaml"),
            LIQUIBASE_ROW.format(id=3, file="three.sql"),
        ),
    ),
    "prisma": (
        PRISMA_FILES,
        (
            PRISMA_TABLE,
            prisma_row("20260101000000_init", finished="NULL"),
            "UPDATE _prisma_migrations SET rolled_back_at = now()",
            prisma_row("20260101000000_init"),
            prisma_row("20260102000000_more"),
        ),
    ),
    "golang-migrate": (
        MIGRATE_FILES,
        (MIGRATE_TABLE, "INSERT INTO schema_migrations VALUES (2, false)"),
    ),
    "rails": (
        RAILS_FILES,
        (
            RAILS_TABLE,
            "INSERT INTO schema_migrations VALUES ('20260101000000'), ('20260102000000')",
        ),
    ),
    "entity-framework": (
        EF_FILES,
        (
            EF_TABLE,
            "INSERT INTO \"__EFMigrationsHistory\" VALUES ('20260101000000_Init', '9.0.0'),"
            " ('20260102000000_More', '9.0.0')",
        ),
    ),
}


def judge(
    begin: StartSmall, folder: Path, tool: str, *harm: str, **settings: Any
) -> HistoryAssessments:
    """Begin with one migration applied, take the snapshot, and apply the others."""
    files, (table, *rows) = CLEAN[tool]
    database = begin(table, tool=tool, locations=[write_files(folder / "files", files)], **settings)
    database.run_statements(*rows, *harm)
    return HistoryAssessments(database.context)


@pytest.mark.parametrize("tool", CLEAN)
def test_what_is_applied_as_released_is_clean(
    start_small: StartSmall, tmp_path: Path, tool: str
) -> None:
    history = judge(start_small, tmp_path, tool)
    for found in (
        history.assess_completeness(),
        history.assess_file_changes(),
        history.assess_order(),
    ):
        assert_passed(found)


@pytest.mark.parametrize(
    ("tool", "harm", "rule"),
    [
        (
            "liquibase",
            "UPDATE databasechangelog SET exectype = 'FAILED' WHERE id = '3'",
            rules.MIGRATIONS_SUCCEEDED,
        ),
        ("liquibase", "DELETE FROM databasechangelog WHERE id = '2'", rules.MIGRATIONS_APPLIED),
        (
            "liquibase",
            LIQUIBASE_ROW.format(id=9, file="other.xml"),
            rules.KNOWN_MIGRATIONS,
        ),
        (
            "liquibase",
            "UPDATE databasechangeloglock SET locked = true, lockgranted = now()",
            rules.MIGRATIONS_SUCCEEDED,
        ),
        (
            "prisma",
            "UPDATE _prisma_migrations SET finished_at = NULL WHERE migration_name LIKE '%more'",
            rules.MIGRATIONS_SUCCEEDED,
        ),
        (
            "prisma",
            "DELETE FROM _prisma_migrations WHERE migration_name LIKE '%more'",
            rules.MIGRATIONS_APPLIED,
        ),
        ("golang-migrate", "UPDATE schema_migrations SET dirty = true", rules.MIGRATIONS_SUCCEEDED),
        ("golang-migrate", "UPDATE schema_migrations SET version = 1", rules.MIGRATIONS_APPLIED),
        ("golang-migrate", "UPDATE schema_migrations SET version = 3", rules.KNOWN_MIGRATIONS),
        (
            "rails",
            "DELETE FROM schema_migrations WHERE version LIKE '%02000000'",
            rules.MIGRATIONS_APPLIED,
        ),
        (
            "rails",
            "INSERT INTO schema_migrations VALUES ('20260103000000')",
            rules.KNOWN_MIGRATIONS,
        ),
        (
            "entity-framework",
            'DELETE FROM "__EFMigrationsHistory" WHERE "MigrationId" LIKE \'%More\'',
            rules.MIGRATIONS_APPLIED,
        ),
    ],
)
def test_what_is_not_applied_as_released_is_found(
    start_small: StartSmall, tmp_path: Path, tool: str, harm: str, rule: Rule
) -> None:
    found = judge(start_small, tmp_path, tool, harm).assess_completeness()
    assert rule in {broken for broken, _subject in list_breaches(found)}


def test_a_script_of_prisma_that_was_edited_is_found(
    start_small: StartSmall, tmp_path: Path
) -> None:
    harm = "UPDATE _prisma_migrations SET checksum = repeat('0', 64) WHERE finished_at IS NOT NULL"
    found = judge(start_small, tmp_path, "prisma", harm).assess_file_changes()
    assert {rule for rule, _ in list_breaches(found)} == {rules.FILES_UNCHANGED}


def test_a_history_of_its_own_is_compared_with_the_declared_version(
    start_small: StartSmall, tmp_path: Path
) -> None:
    settings = {
        "tool": "custom",
        "version_query": "SELECT version FROM public.release",
        "version": "2.0.0",
        "locations": [],
    }
    database = start_small(
        "CREATE TABLE release (version text)", "INSERT INTO release VALUES ('1.9.0')", **settings
    )
    found = HistoryAssessments(database.context).assess_completeness()
    assert (rules.MIGRATIONS_APPLIED, "2.0.0") in list_breaches(found)
    database.run_statements("UPDATE release SET version = '2.0.0'")
    history = HistoryAssessments(database.context)
    for one in (history.assess_completeness(), history.assess_file_changes()):
        assert_passed(one)
    assert_passed(history.assess_order())
    # What needs no script is judged, with the snapshot from before.
    database.run_statements("CREATE TABLE late (id int)")
    assert list_breaches(database.rows.assess_counts())[-1][1] == "late"


def test_without_files_staging_says_what_the_history_holds(
    start_small: StartSmall, tmp_path: Path
) -> None:
    """As for HAPI's own migrations: rows of the type JDBC, and no script anywhere."""
    table = (
        "CREATE TABLE fly_hfj_migration (installed_rank int PRIMARY KEY, version varchar(50),"
        " description varchar(200), type varchar(20), script varchar(1000), checksum int,"
        " installed_by varchar(100), installed_on timestamp DEFAULT now(), execution_time int,"
        " success bool)"
    )
    row = (
        "INSERT INTO fly_hfj_migration VALUES ({0}, '8.{0}', 'x', 'JDBC', 'task{0}', {1}, 'sa',"
        " now(), 1, true)"
    )
    settings = {"locations": [], "history_table": "fly_hfj_migration"}
    database = start_small(table, row.format(1, 11), **settings)
    with raises_gap(rules.SCRIPTS_FOUND):
        HistoryAssessments(database.context).assess_completeness()
    database.run_statements(row.format(2, 22))
    lines = HistoryAssessments(database.context).assess_file_changes
    write_verdict(database.context.reports, database.dsn, tmp_path, settings)
    history = HistoryAssessments(database.context)
    assert_passed(history.assess_completeness())
    assert_passed(lines())
    database.run_statements("UPDATE fly_hfj_migration SET checksum = 5 WHERE installed_rank = 2")
    changed = HistoryAssessments(database.context).assess_file_changes()
    assert list_breaches(changed) == [(rules.FILES_UNCHANGED, "task2 (8.2)")]
    database.run_statements("DELETE FROM fly_hfj_migration WHERE installed_rank = 2")
    found = HistoryAssessments(database.context).assess_completeness()
    assert list_breaches(found) == [(rules.MIGRATIONS_APPLIED, "task2 (8.2)")]


def write_verdict(
    reports: Path,
    dsn: str,
    folder: Path,
    settings: dict[str, Any],
    *,
    table: str = "fly_hfj_migration",
) -> None:
    """Write staging's verdict of Phase 1, with the history as the database has it now."""
    context = make_database_context(dsn, folder, **settings)
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            (
                "SELECT script || ' (' || version || ')', installed_rank + 7, version, type,"
                f" checksum, success FROM {table}"
            ).encode()
        ).fetchall()
    names = ("migration", "installed_rank", "version", "type", "checksum", "success")
    history = {row[0]: dict(zip(names, row, strict=True)) for row in rows}
    item = {
        "id": "migrations-applied",
        "outcome": "passed",
        "checks": [{"evidence": [{"history": history}]}],
    }
    verdict = {
        "schema": "urn:cutover:verdict:3",
        "gate": "phase1",
        "target": "staging",
        "verdict": "GO",
        "release": context.release,
        "started": "2026-11-20T10:00:00Z",
        "finished": "2026-11-20T10:10:00Z",
        "subject": {},
        "items": [item],
    }
    place = reports / "20261120T100000Z-phase1"
    place.mkdir(parents=True)
    (place / "verdict.json").write_text(json.dumps(verdict), encoding="utf-8")


def test_a_tool_without_files_and_without_staging_is_not_proven_and_the_rows_are_judged(
    start_small: StartSmall,
) -> None:
    database = start_small(
        RAILS_TABLE,
        "INSERT INTO schema_migrations VALUES ('1')",
        "CREATE TABLE t AS SELECT 1 AS id",
        tool="rails",
        locations=[],
    )
    database.run_statements("INSERT INTO schema_migrations VALUES ('2')")
    with raises_gap(rules.SCRIPTS_FOUND):
        HistoryAssessments(database.context).assess_completeness()
    assert_passed(database.rows.assess_counts())
    assert_passed(database.rows.assess_contents())
    database.run_statements("DELETE FROM t")
    assert ("t" in {subject for _, subject in list_breaches(database.rows.assess_counts())}) is True


def test_a_checksum_that_was_cleared_is_not_proven(start_small: StartSmall, tmp_path: Path) -> None:
    harm = "UPDATE databasechangelog SET md5sum = NULL WHERE id = '3'"
    found = judge(start_small, tmp_path, "liquibase", harm).assess_file_changes()
    assert list_gaps(found) == [(rules.COMPARABLE_MIGRATIONS, "three.sql::3::ada")]


@pytest.mark.parametrize("tool", ["flyway", "liquibase"])
def test_a_snapshot_is_written_though_the_scripts_are_not_found(
    start_small: StartSmall, tmp_path: Path, tool: str
) -> None:
    """Rows cannot be brought back later, and scripts can."""
    table = "CREATE TABLE t AS SELECT 1 AS id"
    database = start_small(table, tool=tool, locations=[str(tmp_path / "none")])
    assert_passed(database.rows.assess_snapshot_capture())

"""Scripts run as Flyway runs them, each test on its own database."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from cutover_gates.probes.database.history import rules
from cutover_gates.probes.database.history.assessments import HistoryAssessments
from cutover_gates.probes.database.history.migration_scripts import (
    MigrationScript,
    load_install_scripts,
)
from cutover_gates.probes.database.history.pending_scripts import find_pending_scripts
from cutover_gates.probes.database.history.script_execution import (
    ScriptFailed,
    apply_scripts,
    split_statements,
)
from tests.findings import list_gaps, raises_gap
from tests.integration.database.conftest import CopyDatabase
from tests.integration.database.contexts import make_database_context
from tests.standins.flyway_history import FILES, history_row, write_files, write_history


def released(folder: Path, dsn: str, files: dict[str, str]) -> list[MigrationScript]:
    return load_install_scripts(
        make_database_context(dsn, folder, locations=[write_files(folder / "sql", files)])
    )


def value(dsn: str, query: str) -> object:
    with psycopg.connect(dsn) as connection:
        found = connection.execute(query.encode()).fetchone()
    return found and found[0]


def test_what_is_pending_on_the_hospital_runs_and_makes_its_tables(
    spare: CopyDatabase, tmp_path: Path
) -> None:
    dsn = spare("before")
    told: list[tuple[str, int]] = []
    took = apply_scripts(
        dsn,
        find_pending_scripts(make_database_context(dsn, tmp_path), dsn),
        {},
        started=lambda script, pid: told.append((script.file_name, pid)),
    )
    assert [script.file_name.partition("__")[0] for script, _ in took] == ["V7", "V8", "V9", "V10"]
    assert [name for name, _ in told] == [script.file_name for script, _ in took]
    assert all(pid > 0 for _, pid in told)
    assert all(seconds > 0 for _, seconds in took)
    assert value(dsn, "SELECT count(*) FROM idempotency_keys") == 0


def test_an_empty_database_gets_everything(empty: str, tmp_path: Path) -> None:
    apply_scripts(empty, load_install_scripts(make_database_context(empty, tmp_path)), {})
    assert value(empty, "SELECT count(*) FROM patients") == 0


def test_what_is_applied_already_is_not_pending(spare: CopyDatabase, tmp_path: Path) -> None:
    context = make_database_context(spare("migrated"), tmp_path)
    assert find_pending_scripts(context, context.dsn.get_secret_value()) == []


def test_a_changed_repeatable_script_is_pending_and_a_late_one_only_where_it_is_allowed(
    empty: str, tmp_path: Path
) -> None:
    write_history(empty, [history_row(name) for name in FILES])
    folder = write_files(
        tmp_path / "sql", {**FILES, "R__overview.sql": "SELECT 2;", "V1.5__late.sql": "SELECT 1;"}
    )
    context = make_database_context(empty, tmp_path, locations=[folder])
    assert [script.file_name for script in find_pending_scripts(context, empty)] == [
        "R__overview.sql"
    ]
    assert [
        script.file_name
        for script in find_pending_scripts(
            make_database_context(empty, tmp_path, locations=[folder], out_of_order=True), empty
        )
    ] == ["V1.5__late.sql", "R__overview.sql"]


def test_a_script_that_fails_leaves_nothing_and_names_no_value(empty: str, tmp_path: Path) -> None:
    scripts = released(
        tmp_path,
        empty,
        {
            "V1__a.sql": "CREATE TABLE kept (id int);",
            "V2__b.sql": "CREATE TABLE gone (id int); SELECT 'Maria'::int;",
        },
    )
    with pytest.raises(
        ScriptFailed, match=r"^V2__b.sql failed: InvalidTextRepresentation \(22P02\)$"
    ):
        apply_scripts(empty, scripts, {})
    assert value(empty, "SELECT to_regclass('kept') IS NOT NULL AND to_regclass('gone') IS NULL")


def test_what_cannot_run_in_a_transaction_runs_statement_by_statement(
    empty: str, tmp_path: Path
) -> None:
    scripts = released(
        tmp_path,
        empty,
        {
            "V1__a.sql": "CREATE TABLE a (id int);",
            "V2__b.sql": (
                "-- ; a comment\nCREATE UNIQUE INDEX /* ; */ CONCURRENTLY i ON a (id);\nDO $x$"
                " BEGIN PERFORM ';'; END $x$;\nVACUUM a;"
            ),
            "V3__c.sql": "CREATE TABLE c (id int); SELECT 1 / 0;",
            "V3__c.sql.conf": "executeInTransaction=false\n",
        },
    )
    with pytest.raises(ScriptFailed, match="V3__c"):
        apply_scripts(empty, scripts, {})
    assert value(empty, "SELECT indisvalid FROM pg_index WHERE indexrelid = 'i'::regclass")
    assert value(empty, "SELECT to_regclass('c') IS NOT NULL"), (
        "no transaction takes back what ran before"
    )


def test_statements_end_where_postgresql_ends_them() -> None:
    script = (
        "SELECT ';', E'\\';', \";\"; -- ;\n/* ; /* ; */ ; */ DO $$ ; $$;; SELECT $a$ $b$ ; $a$ ;\n"
    )
    assert list(split_statements(script)) == [
        "SELECT ';', E'\\';', \";\"",
        "DO $$ ; $$",
        "SELECT $a$ $b$ ; $a$",
    ]


def test_placeholders_are_filled_in_and_a_missing_one_is_named(empty: str, tmp_path: Path) -> None:
    scripts = released(tmp_path, empty, {"V1__a.sql": "CREATE TABLE ${name} (id int);"})
    apply_scripts(empty, scripts, {"name": "filled"})
    assert value(empty, "SELECT count(*) FROM filled") == 0
    with pytest.raises(
        ScriptFailed,
        match=r"nothing is declared for \$\{name\}: set it under migrations.placeholders",
    ):
        apply_scripts(empty, scripts, {})


def test_a_schema_of_ones_own_is_made_and_meant(empty: str, tmp_path: Path) -> None:
    apply_scripts(empty, released(tmp_path, empty, FILES), {}, schema="clinic")
    assert value(empty, "SELECT count(*) FROM clinic.patients") == 0


def test_programs_are_not_run(empty: str, tmp_path: Path) -> None:
    with raises_gap(rules.SCRIPTS_FOUND):
        find_pending_scripts(make_database_context(empty, tmp_path, tool="django"), empty)


def test_undeclared_placeholders_in_a_repeatable_script_are_not_proven(
    empty: str, tmp_path: Path
) -> None:
    write_history(empty, [history_row("V1__a.sql", ""), history_row("R__b.sql", "GRANT app")])
    folder = write_files(tmp_path / "sql", {"V1__a.sql": "", "R__b.sql": "GRANT ${role}"})
    found = HistoryAssessments(
        make_database_context(empty, tmp_path, locations=[folder])
    ).assess_completeness()
    assert "R__b.sql" not in [finding.subject for finding in found.findings]
    assert list_gaps(found) == [(rules.COMPARABLE_MIGRATIONS, "R__b.sql")]
    assert "nothing is declared for role" in found.not_proven[0].actual

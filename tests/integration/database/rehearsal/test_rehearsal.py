"""The rehearsal finds a script that fails, one that takes long, and one that locks people out."""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from cutover_gates.config.base import SettingsError
from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.core.findings import Finding
from cutover_gates.probes.database.backup import rules as backup_rules
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.rehearsal import rules
from cutover_gates.probes.database.rehearsal.assessments import RehearsalAssessments
from cutover_gates.probes.database.rehearsal.lock_monitor import LockMonitor
from cutover_gates.probes.database.rehearsal.rehearsal_result import (
    RehearsalResult,
    RehearsedMigration,
)
from cutover_gates.probes.database.rehearsal.rehearsal_run import rehearse
from cutover_gates.probes.database.rehearsal.rehearsal_workload import RehearsalWorkload
from cutover_gates.probes.database.rehearsal.workload_client import WorkloadClient
from cutover_gates.probes.database.rehearsal.workload_statements import WorkloadStatement
from cutover_gates.probes.database.rows import rules as row_rules
from reference import postgres, stages
from tests.calibration import scale_seconds
from tests.findings import list_breaches, list_gaps, raises_gap
from tests.integration.database.conftest import BEFORE, MIGRATED, CopyDatabase
from tests.integration.database.contexts import declared_migrations, make_database_context
from tests.integration.database.rehearsal.script_folders import write_scripts

PATIENT = {"lock_seconds": 20}
"""For what is not about waiting: a machine that is busy with other things makes nobody wait as long
as that.
"""
BY_REASON = "SELECT id, reason FROM visits LIMIT 1"


@pytest.fixture
def rehearsed(spare: CopyDatabase, tmp_path: Path) -> Callable[..., RehearsalAssessments]:
    """Return a function that rehearses scripts on a copy of the release before.

    Example: `rehearsed(settings, V7__x="…")`.
    """

    def make(
        settings: dict[str, Any] | None = None,
        /,
        *,
        seconds: float = 60,
        copy: str | None = None,
        **scripts: str,
    ) -> RehearsalAssessments:
        context = make_database_context(
            spare(BEFORE),
            tmp_path,
            seconds=seconds,
            locations=[write_scripts(tmp_path, **scripts)],
            rehearsal={**PATIENT, **(settings or {})},
        )
        dsn = copy or spare(BEFORE)
        context.compute_once(
            "rehearsal", lambda: RehearsedMigration(rehearse(context, dsn)).to_plain()
        )
        return RehearsalAssessments(context)

    return make


def only(assessment: Assessment) -> Finding:
    """Return the one finding there is."""
    assert len(assessment.findings) == 1, assessment.findings
    finding: Finding = assessment.findings[0]
    return finding


def list_scripts(assessment: Assessment) -> set[str]:
    """Return the scripts that are blamed."""
    return {finding.subject.partition(":")[0] for finding in assessment.findings}


def test_the_releases_own_scripts_run_and_nobody_waits(spare: CopyDatabase, tmp_path: Path) -> None:
    context = make_database_context(spare(BEFORE), tmp_path, rehearsal=PATIENT)
    context.compute_once(
        "rehearsal", lambda: RehearsedMigration(rehearse(context, spare(BEFORE))).to_plain()
    )
    runs, waits = (
        RehearsalAssessments(context).assess_run(),
        RehearsalAssessments(context).assess_waits(),
    )
    assert not runs.findings + runs.not_proven + waits.findings + waits.not_proven
    assert len(runs.checked) == len(waits.checked) == 4
    assert (
        waits.figures["scripts"]["V8__visit_status_in_words.sql"]["locks"]["public.visits"]["mode"]
        == "AccessExclusiveLock"
    )
    assert waits.figures["workload"]["done"] > 20


def test_the_copy_is_left_as_it_was_by_the_workload(spare: CopyDatabase, tmp_path: Path) -> None:
    stamped = (
        (
            "CREATE TABLE stamped (id int PRIMARY KEY, x int, changed timestamptz NOT NULL DEFAULT"
            " 'epoch')"
        ),
        (
            "CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.changed ="
            " now(); RETURN NEW; END'"
        ),
        "CREATE TRIGGER stamp BEFORE UPDATE ON stamped FOR EACH ROW EXECUTE FUNCTION stamp()",
        "INSERT INTO stamped VALUES (1, 1)",
    )
    copy = spare(BEFORE, *stamped)
    result = rehearse(
        make_database_context(
            spare(BEFORE, *stamped),
            tmp_path,
            locations=[write_scripts(tmp_path, V7__wait="SELECT pg_sleep(0.2)")],
        ),
        copy,
    )
    assert "an update of stamped by its key" in result.work.statements
    with psycopg.connect(copy) as connection:
        assert connection.execute(
            "SELECT count(*) FROM stamped WHERE changed <> 'epoch'"
        ).fetchone() == (0,)


def test_a_long_lock_is_found_by_script_table_and_seconds(
    rehearsed: Callable[..., RehearsalAssessments],
) -> None:
    long = rehearsed(
        {"lock_seconds": 1}, V7__long="ALTER TABLE visits ADD COLUMN x int; SELECT pg_sleep(1.5)"
    )
    assert not long.assess_run().findings
    waited, locked = long.assess_waits().findings
    assert (waited.rule, locked.rule) == (rules.SHORT_WAITS, rules.SHORT_LOCKS)
    assert re.fullmatch(r"V7__long\.sql: an? \w+ of visits by its key", waited.subject)
    assert waited.expected.startswith("at most 1 s")
    assert re.match(r"waited \d\.\d+ s; ", waited.actual)
    assert re.search(r"held visits \(ACCESS EXCLUSIVE\) for \d\.\d+ s", waited.actual)
    assert locked.subject == "V7__long.sql: visits"
    assert re.match(r"\d\.\d+ s in ACCESS EXCLUSIVE mode", locked.actual)


def test_a_long_lock_below_the_limit_is_told_and_no_finding(
    rehearsed: Callable[..., RehearsalAssessments],
) -> None:
    waits = rehearsed(
        V7__short="ALTER TABLE visits ADD COLUMN x int; SELECT pg_sleep(0.4)"
    ).assess_waits()
    assert not waits.findings
    assert waits.figures["longest wait"]["seconds"] >= 0.3
    # Looked at every 20 ms, later on a busy machine: what is seen of a lock is a little shorter
    # than the lock.
    assert waits.figures["scripts"]["V7__short.sql"]["locks"]["public.visits"]["seconds"] >= 0.3


def test_a_lock_where_nobody_worked_is_found_too(
    rehearsed: Callable[..., RehearsalAssessments],
) -> None:
    """Declared statements may miss the locked table; the statements of real users would not."""
    waits = rehearsed(
        {"workload": [BY_REASON], "lock_seconds": 0.3},
        V7__x="LOCK TABLE patients IN SHARE MODE; SELECT pg_sleep(0.6)",
    ).assess_waits()
    assert (only(waits).rule, only(waits).subject) == (rules.SHORT_LOCKS, "V7__x.sql: patients")
    assert only(waits).actual.endswith(" s in SHARE mode")


def test_rows_that_a_script_holds_make_people_wait(
    rehearsed: Callable[..., RehearsalAssessments],
) -> None:
    """An update of many rows locks no table, and keeps other writers of these rows out."""
    waits = rehearsed(
        {"lock_seconds": 0.3}, V7__x="UPDATE visits SET reason = reason; SELECT pg_sleep(0.6)"
    ).assess_waits()
    assert only(waits).rule == rules.SHORT_WAITS
    assert only(waits).subject == "V7__x.sql: an update of visits by its key"


def test_the_wait_is_laid_to_the_script_that_caused_it(
    rehearsed: Callable[..., RehearsalAssessments],
) -> None:
    short, long = "SELECT pg_sleep(0.2)", "LOCK TABLE visits; SELECT pg_sleep(1)"
    waits = rehearsed({"lock_seconds": 0.6}, V7__a=short, V8__b=long, V9__c=short).assess_waits()
    assert list_scripts(waits) == {"V8__b.sql"}
    assert len(waits.findings) == 2


def test_the_queue_behind_a_wait_is_laid_to_its_cause(
    rehearsed: Callable[..., RehearsalAssessments],
) -> None:
    """Statements that became due during the lock run in the next script, which is not to blame."""
    waits = rehearsed(
        {"lock_seconds": 0.6},
        V7__a="LOCK TABLE visits; SELECT pg_sleep(1)",
        V8__b="SELECT pg_sleep(0.3)",
    ).assess_waits()
    assert list_scripts(waits) == {"V7__a.sql"}


def test_locks_that_are_given_back_in_between_are_not_added_up(
    rehearsed: Callable[..., RehearsalAssessments],
) -> None:
    """A script outside of a transaction takes a strong lock twice, with a weak one between."""
    strong = "ALTER TABLE visits ADD COLUMN {} int;"
    script = (
        strong.format("x")
        + "CREATE INDEX CONCURRENTLY i ON visits (reason); SELECT pg_sleep(1.2);"
        + strong.format("y")
    )
    assert not rehearsed({"lock_seconds": 1}, V7__x=script).assess_waits().findings


def test_an_index_that_is_not_built_concurrently_is_found(
    spare: CopyDatabase, tmp_path: Path
) -> None:
    rows = (
        "INSERT INTO sign_in_failures (username) SELECT md5(n::text) || md5((n * 7)::text) FROM"
        " generate_series(1, 300000) AS n"
    )
    copy = spare(BEFORE, rows)
    script = (
        "SET maintenance_work_mem = '1MB'; CREATE INDEX slow ON sign_in_failures (username,"
        " failed_at)"
    )
    context = make_database_context(
        spare(BEFORE),
        tmp_path,
        locations=[write_scripts(tmp_path, V7__index=script)],
        rehearsal={"lock_seconds": 0.1},
    )
    context.compute_once(
        "rehearsal", lambda: RehearsedMigration(rehearse(context, copy)).to_plain()
    )
    findings = RehearsalAssessments(context).assess_waits().findings
    (finding,) = [finding for finding in findings if finding.rule == rules.SHORT_LOCKS]
    assert finding.subject == "V7__index.sql: sign_in_failures"
    assert finding.actual.endswith(" s in SHARE mode")


def test_a_failing_script_is_found_with_what_postgresql_said(
    rehearsed: Callable[..., RehearsalAssessments],
) -> None:
    failing = rehearsed(
        V7__good="CREATE TABLE t (id int)",
        V8__bad="ALTER TABLE patients DROP COLUMN nickname",
        V9__never="SELECT 1",
    )
    runs = failing.assess_run()
    assert (only(runs).rule, only(runs).subject) == (rules.SCRIPTS_RUN, "V8__bad.sql")
    assert 'column "nickname" of relation "patients" does not exist' in only(runs).actual
    assert runs.checked == ("V7__good.sql",)
    assert runs.figures["not run"] == ["V8__bad.sql", "V9__never.sql"]
    gaps = list_gaps(failing.assess_waits())
    assert (rules.REHEARSED_TO_END, "V8__bad.sql") in gaps
    assert (rules.REHEARSED_TO_END, "V9__never.sql") in gaps
    assert [gap.rule for gap in failing.assess_data().not_proven] == [rules.DATA_COMPARED]


def test_a_script_that_cannot_even_begin_is_found(
    rehearsed: Callable[..., RehearsalAssessments],
) -> None:
    runs = rehearsed(V7__good="CREATE TABLE t (id int)", V8__bad="SELECT '${nobody}'").assess_run()
    assert (only(runs).rule, only(runs).subject) == (rules.SCRIPTS_RUN, "V8__bad.sql")
    assert "${nobody}" in only(runs).actual
    assert runs.checked == ("V7__good.sql",)


def test_waits_that_no_script_explains_prove_nothing(
    rehearsed: Callable[..., RehearsalAssessments],
    spare: CopyDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another session holds a lock before the first script, so the cause of a wait is not clear."""
    monkeypatch.setattr("cutover_gates.probes.database.rehearsal.rehearsal_run.QUIET_SECONDS", 0.8)
    copy, started = spare(BEFORE), RehearsalWorkload.start
    with psycopg.connect(copy) as other:

        def start(work: RehearsalWorkload) -> None:
            other.execute("LOCK TABLE visits")
            threading.Timer(0.5, other.rollback).start()
            started(work)

        monkeypatch.setattr(RehearsalWorkload, "start", start)
        waits = rehearsed({"lock_seconds": 0.3}, copy=copy, V7__x="SELECT 1").assess_waits()
    assert (rules.WORKLOAD_CONCLUSIVE, "the copy's server") in list_gaps(waits)


@pytest.mark.parametrize(
    "script",
    [
        "ALTER TABLE patients ALTER COLUMN family_name TYPE date USING family_name::date",
        (
            "DO $$ BEGIN RAISE EXCEPTION 'cannot migrate %', (SELECT family_name FROM patients"
            " LIMIT 1); END $$"
        ),
    ],
)
def test_a_failing_script_does_not_tell_what_stood_in_a_row(
    rehearsed: Callable[..., RehearsalAssessments], spare: CopyDatabase, script: str
) -> None:
    copy = spare(BEFORE, "UPDATE patients SET family_name = 'Secretname'")
    finding = only(rehearsed(V7__bad=script, copy=copy).assess_run())
    assert (finding.rule, finding.subject) == (rules.SCRIPTS_RUN, "V7__bad.sql")
    assert "Secretname" not in str(finding)


def test_scripts_that_take_long_are_found(rehearsed: Callable[..., RehearsalAssessments]) -> None:
    finding = only(
        rehearsed(
            {"script_seconds": 0.5},
            V7__a="SELECT pg_sleep(0.3)",
            V8__b="SELECT pg_sleep(0.4); CREATE TABLE made (id int)",
        ).assess_run()
    )
    assert (finding.rule, finding.subject) == (rules.SCRIPTS_IN_TIME, "V8__b.sql")
    assert finding.expected.startswith("at most 0.5 s")


def test_a_script_without_end_is_ended(rehearsed: Callable[..., RehearsalAssessments]) -> None:
    begun = time.monotonic()
    endless = rehearsed({"script_seconds": 0.4}, V7__endless="SELECT pg_sleep(60)")
    finding = only(endless.assess_run())
    assert (finding.rule, finding.subject) == (rules.SCRIPTS_IN_TIME, "V7__endless.sql")
    assert finding.actual.startswith("ended after 0.")
    assert endless.assess_waits().not_proven
    assert time.monotonic() - begun < scale_seconds(10)


def test_a_spent_budget_is_a_hole_and_no_fault_of_the_script(
    rehearsed: Callable[..., RehearsalAssessments],
) -> None:
    runs = rehearsed(seconds=2, V7__long="SELECT pg_sleep(60)").assess_run()
    assert not runs.findings
    assert list_gaps(runs) == [(rules.REHEARSED_TO_END, "V7__long.sql")]
    assert "raise migrations.budget_seconds" in runs.not_proven[0].actual
    assert "rehearsing the scripts" in runs.not_proven[0].actual


def test_a_release_before_that_breaks_is_found(
    rehearsed: Callable[..., RehearsalAssessments],
) -> None:
    workload = [BY_REASON, "SELECT state FROM visits LIMIT 1"]
    finding = only(
        rehearsed(
            {"workload": workload},
            V7__fine="SELECT 1",
            V8__drops="ALTER TABLE visits DROP COLUMN state",
        ).assess_waits()
    )
    assert finding.rule == rules.RUNNING_RELEASE_WORKS
    assert finding.subject == "V8__drops.sql: workload[1]"
    assert 'column "state" does not exist' in finding.actual


def test_a_write_of_the_release_before_that_a_new_rule_refuses_is_found(
    rehearsed: Callable[..., RehearsalAssessments],
) -> None:
    write = "INSERT INTO sign_in_failures (username) VALUES ('x')"
    script = (
        "ALTER TABLE sign_in_failures ADD COLUMN place text NOT NULL DEFAULT ''; ALTER TABLE"
        " sign_in_failures ALTER place DROP DEFAULT"
    )
    finding = only(rehearsed({"workload": [write]}, V7__x=script).assess_waits())
    assert finding.rule == rules.RUNNING_RELEASE_WORKS
    assert "null value in column" in finding.actual


def test_made_up_statements_do_without_a_column_that_goes_away(
    rehearsed: Callable[..., RehearsalAssessments],
) -> None:
    waits = rehearsed(
        V7__x=(
            "ALTER TABLE facilities RENAME COLUMN name TO title; ALTER TABLE visits DROP COLUMN"
            " patient_id CASCADE"
        )
    ).assess_waits()
    assert not waits.findings + waits.not_proven
    assert not waits.figures["workload"]["dropped"]


def test_made_up_statements_on_a_table_that_goes_away_are_told(
    rehearsed: Callable[..., RehearsalAssessments],
) -> None:
    waits = rehearsed(V7__x="DROP TABLE documents").assess_waits()
    assert not waits.findings
    dropped = [reason.partition(":")[0] for reason in waits.figures["workload"]["dropped"]]
    assert dropped == ["a read of documents by its key", "an update of documents by its key"]


def test_a_declared_statement_that_cannot_run_is_the_users_mistake(
    rehearsed: Callable[..., RehearsalAssessments],
) -> None:
    with pytest.raises(
        SettingsError,
        match=(
            r"rehearsal\.workload\[0\] cannot be run on the copy: column \"wrong\" does not exist"
        ),
    ):
        rehearsed({"workload": ["SELECT wrong FROM visits"]}, V7__x="SELECT 1")


def test_a_workload_too_slow_to_tell_a_wait_proves_nothing(
    rehearsed: Callable[..., RehearsalAssessments],
) -> None:
    waits = rehearsed(
        {"workload": ["SELECT pg_sleep(0.3)"], "lock_seconds": 0.5}, V7__x="SELECT pg_sleep(0.2)"
    ).assess_waits()
    gaps = [gap for gap in waits.not_proven if gap.subject == "the workload"]
    assert any("slowest statement" in gap.actual for gap in gaps)
    assert {gap.rule for gap in gaps} == {rules.WORKLOAD_CONCLUSIVE}


def test_a_workload_that_never_ran_proves_nothing(
    rehearsed: Callable[..., RehearsalAssessments], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "cutover_gates.probes.database.rehearsal.workload_client.WorkloadClient.run",
        lambda _client: None,
    )
    monkeypatch.setattr(
        "cutover_gates.probes.database.rehearsal.rehearsal_workload.ROUND_PATIENCE_SECONDS", 0.1
    )
    waits = rehearsed(V7__x="SELECT pg_sleep(0.2)").assess_waits()
    assert {gap.rule for gap in waits.not_proven} == {rules.WORKLOAD_CONCLUSIVE}
    assert waits.not_proven[0].actual.startswith("0 statements were done")
    assert waits.not_proven[-1].actual == "not tried again after the last script"


@pytest.mark.parametrize(
    ("who", "hole"),
    [
        ("workload", "a client of the workload"),
        ("watch", "the monitor of locks"),
    ],
)
def test_a_connection_lost_on_the_way_is_a_hole(
    rehearsed: Callable[..., RehearsalAssessments], who: str, hole: str
) -> None:
    kill = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cutover"
        f" {who}' AND datname = current_database()"
    )
    waits = rehearsed(V7__x=f"SELECT pg_sleep(0.2); {kill}; SELECT pg_sleep(0.2)").assess_waits()
    assert not waits.findings
    assert (rules.WORKLOAD_CONCLUSIVE, hole) in list_gaps(waits)


def test_a_wait_counts_from_when_the_statement_was_due(spare: CopyDatabase) -> None:
    """Each statement takes 0.1 s and one is due every 0.02 s, so the fifth is 0.4 s late."""
    stop = threading.Event()
    client = WorkloadClient(
        spare(BEFORE),
        deque([WorkloadStatement("slow", (b"SELECT pg_sleep(0.1)",))]),
        0.02,
        0.0,
        stop,
    )
    thread = threading.Thread(target=client.run)
    thread.start()
    while len(client.done) < 5:
        time.sleep(0.01)
    stop.set()
    thread.join()
    first, *_, fifth = [done.ended - done.due for done in client.done[:5]]
    assert fifth - first > 0.3


def test_a_statement_still_waiting_at_the_end_counts(
    rehearsed: Callable[..., RehearsalAssessments],
    spare: CopyDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A lock outlives the scripts: another session took it when they began."""
    monkeypatch.setattr(
        "cutover_gates.probes.database.rehearsal.rehearsal_workload.PATIENCE_SECONDS", 0.3
    )
    monkeypatch.setattr(
        "cutover_gates.probes.database.rehearsal.rehearsal_workload.ROUND_PATIENCE_SECONDS", 0.1
    )
    copy = spare(BEFORE)
    with psycopg.connect(copy) as other:
        monkeypatch.setattr(
            "cutover_gates.probes.database.rehearsal.rehearsal_run.LockMonitor.start_script",
            _locking(other),
        )
        waits = rehearsed(
            {"lock_seconds": 0.3}, copy=copy, V7__x="SELECT pg_sleep(0.2)"
        ).assess_waits()
    assert only(waits).rule == rules.SHORT_WAITS
    assert only(waits).actual.startswith("still waiting after ")


def _locking(other: psycopg.Connection) -> Callable[..., None]:
    started = LockMonitor.start_script

    def locked(watch: LockMonitor, script: str, pid: int) -> None:
        started(watch, script, pid)
        other.execute("LOCK TABLE visits")

    return locked


def test_nothing_pending_is_nothing_proven(spare: CopyDatabase, tmp_path: Path) -> None:
    with raises_gap(rules.SCRIPTS_PENDING):
        rehearse(make_database_context(spare(MIGRATED), tmp_path), spare(MIGRATED))


def test_a_copy_without_keys_or_rows_is_nothing_proven(spare: CopyDatabase, tmp_path: Path) -> None:
    context = make_database_context(spare(BEFORE), tmp_path, schemas=["public"])
    empty = spare(
        BEFORE,
        "TRUNCATE patients, visits, documents, facilities, staff, sessions, sign_in_failures,"
        " audit_entries CASCADE",
    )
    with raises_gap(rules.WORKLOAD_CONCLUSIVE):
        rehearse(context, empty)


Backed = Callable[..., RehearsalAssessments]


@pytest.fixture
def backed_up(server: postgres.Server, spare: CopyDatabase, tmp_path: Path) -> Backed:
    """Return a function that rehearses scripts on the backup of a target.

    Example: `backed_up(*statements, V7__x="…")`; the statements change the target before its
    backup.
    """

    def make(
        *statements: str, settings: dict[str, Any] | None = None, **scripts: str
    ) -> RehearsalAssessments:
        dsn = spare(BEFORE, *statements)
        archive = stages.back_up(server, str(conninfo_to_dict(dsn)["dbname"]))
        return RehearsalAssessments(
            make_database_context(
                dsn,
                tmp_path,
                locations=[write_scripts(tmp_path, **scripts)],
                backup={"path": str(archive)},
                rehearsal=PATIENT,
                **(settings or {}),
            )
        )

    return make


def test_one_rehearsal_serves_all_questions(
    backed_up: Backed, monkeypatch: pytest.MonkeyPatch
) -> None:
    rehearsals = list[str]()

    def counting(context: DatabaseContext, dsn: str) -> RehearsalResult:
        rehearsals.append(dsn)
        return rehearse(context, dsn)

    monkeypatch.setattr("cutover_gates.probes.database.rehearsal.assessments.rehearse", counting)
    rehearsal = backed_up(
        V7__x="CREATE TABLE t (id int); INSERT INTO t VALUES (1)",
        settings={"tables": {"t": {"rows": "new"}}},
    )
    assessments = [rehearsal.assess_run(), rehearsal.assess_waits(), rehearsal.assess_data()]
    assert len(rehearsals) == 1
    assert not [
        said
        for assessment in assessments
        for said in (*assessment.findings, *assessment.not_proven)
    ]
    assert all(assessment.checked for assessment in assessments)
    assert {"patients", "visits"} <= set(assessments[-1].checked)


def test_the_releases_own_scripts_leave_the_data_as_they_are_declared_to(
    server: postgres.Server, spare: CopyDatabase, tmp_path: Path
) -> None:
    dsn = spare(BEFORE)
    archive = stages.back_up(server, str(conninfo_to_dict(dsn)["dbname"]))
    whole = RehearsalAssessments(
        make_database_context(
            dsn, tmp_path, backup={"path": str(archive)}, tables=declared_migrations()["tables"]
        )
    ).assess_data()
    assert not whole.findings + whole.not_proven


def test_what_a_script_does_to_rows_without_saying_so_is_found(backed_up: Backed) -> None:
    lost = "DELETE FROM documents WHERE id = (SELECT min(id::text)::uuid FROM documents)"
    rehearsal = backed_up(V7__x=f"{lost}; UPDATE patients SET given_name = left(given_name, 3)")
    assert not rehearsal.assess_run().findings
    found = list_breaches(rehearsal.assess_data())
    assert (row_rules.ROW_COUNT, "documents") in found
    assert (row_rules.CONTENT, "patients") in found


def test_a_schema_that_was_changed_by_hand_comes_out_other_than_the_scripts_have_it(
    backed_up: Backed,
) -> None:
    findings = (
        backed_up("CREATE INDEX by_hand ON visits (reason)", V7__x="SELECT 1")
        .assess_data()
        .findings
    )
    assert any("by_hand" in str(finding) for finding in findings)


def test_without_a_backup_there_is_nothing_to_rehearse_on(
    spare: CopyDatabase, tmp_path: Path
) -> None:
    with raises_gap(backup_rules.BACKUP_EXISTS):
        RehearsalAssessments(make_database_context(spare(BEFORE), tmp_path)).assess_run()

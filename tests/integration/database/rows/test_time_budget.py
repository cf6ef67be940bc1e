"""Tables that were not read in time are not proven; an interrupt leaves nothing running."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from cutover_gates.config.table_changes import TableChange
from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.probes.database.gate_steps import Budget
from cutover_gates.probes.database.measurement.consistent_session import open_consistent_session
from cutover_gates.probes.database.measurement.table_accumulators import (
    ProgressSnapshot,
    format_progress,
)
from cutover_gates.probes.database.measurement.table_measurement import OUT_OF_TIME, measure_tables
from cutover_gates.probes.database.measurement.table_spec_factory import build_table_spec
from cutover_gates.probes.database.measurement.table_specs import TableSpec, read_tables
from cutover_gates.probes.database.rows import rules
from cutover_gates.probes.database.rows.assessments import RowAssessments
from reference import postgres
from tests.calibration import scale_seconds
from tests.findings import list_gaps
from tests.integration.database.conftest import BEFORE, CopyDatabase
from tests.integration.database.rows.conftest import StartCutover

SLOW = (
    (
        "CREATE FUNCTION slow(int) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM"
        " pg_sleep(0.02); RETURN $1; END $$"
    ),
    "CREATE TABLE t (id int PRIMARY KEY)",
    "INSERT INTO t SELECT generate_series(1, 1000)",
)
BECOMES = {"t": {"becomes": {"id": "slow(id)"}}}


def _specs(dsn: str, change: TableChange | None = None) -> list[TableSpec]:
    with open_consistent_session(dsn, time.time() + 30, ("public",)) as session:
        tables = read_tables(session.first, ("public",))[0].values()
        return [
            build_table_spec(
                session.first,
                table,
                change if change and table.name == "public.t" else TableChange(),
            )
            for table in tables
        ]


def test_what_does_not_fit_is_named_and_the_rest_is_there(spare: CopyDatabase) -> None:
    dsn = spare(BEFORE, *SLOW)
    began = time.monotonic()
    figures = measure_tables(
        dsn,
        _specs(dsn, TableChange(becomes={"id": "slow(id)"})),
        ends=time.time() + 2,
        schemas=("public",),
    )
    assert time.monotonic() - began < scale_seconds(10)
    assert figures.unproven == {"public.t": OUT_OF_TIME}
    assert figures.tables["public.t"].counted == 1000
    assert figures.tables["public.t"].sums is None
    assert figures.tables["public.visits"].sums is not None


def test_a_statement_that_takes_too_long_leaves_its_table_unproven(spare: CopyDatabase) -> None:
    dsn = spare(BEFORE, *SLOW)
    figures = measure_tables(
        dsn,
        _specs(dsn, TableChange(becomes={"id": "slow(id)"})),
        ends=time.time() + 30,
        schemas=("public",),
        statement_seconds=1,
    )
    assert figures.unproven == {"public.t": "canceling statement due to statement timeout"}


def test_no_time_left_is_not_proven(start_cutover: StartCutover) -> None:
    cutover_database = start_cutover()
    with pytest.raises(NotProven, match="budget_seconds"):
        RowAssessments(
            replace(cutover_database.context, budget=Budget(time.time() - 1))
        ).assess_counts()


def test_a_table_that_cannot_be_read_is_not_proven_and_not_passed(
    start_cutover: StartCutover,
) -> None:
    cutover_database = start_cutover()
    with psycopg.connect(cutover_database.dsn) as other:
        other.execute("LOCK TABLE visits IN ACCESS EXCLUSIVE MODE")
        rows = cutover_database.rows
        for found in (rows.assess_counts(), rows.assess_contents()):
            assert list_gaps(found) == [(rules.ROWS_READABLE, "visits")]
            assert f"session {other.info.backend_pid} of" in found.not_proven[0].actual
            assert (
                "holds a lock on public.visits, in a transaction of" in found.not_proven[0].actual
            )
            assert "visits" not in found.checked
            assert "patients" in found.checked


def test_rows_that_a_policy_hides_are_not_proven(
    start_cutover: StartCutover, server: postgres.Server
) -> None:
    cutover_database = start_cutover(
        "CREATE TABLE t (id int PRIMARY KEY)",
        "INSERT INTO t VALUES (1)",
        "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
    )
    reader = psycopg.conninfo.conninfo_to_dict(cutover_database.dsn)
    dsn = server.dsn(str(reader["dbname"]), postgres.READER)
    figures = measure_tables(
        dsn,
        [spec for spec in _specs(cutover_database.dsn) if spec.name == "public.t"],
        ends=time.time() + 30,
    )
    assert "row-level security" in figures.unproven["public.t"]


def test_all_connections_see_one_moment(spare: CopyDatabase) -> None:
    dsn = spare(BEFORE, "CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t VALUES (1)")
    with open_consistent_session(dsn, time.time() + 30) as session:
        with psycopg.connect(dsn, autocommit=True) as other:
            other.execute("INSERT INTO t VALUES (2)")
        for connection in (session.first, session.open_connection()):
            assert connection.execute("SELECT count(*) FROM t").fetchone() == (1,)
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                connection.execute("DELETE FROM t")


def test_an_interrupt_cancels_what_runs(spare: CopyDatabase) -> None:
    dsn = spare(BEFORE, *SLOW)
    specs = _specs(dsn, TableChange(becomes={"id": "slow(id)"}))

    def interrupted(seen: ProgressSnapshot) -> None:
        if seen.kind == "compared" and seen.seconds > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure_tables(dsn, specs, ends=time.time() + 60, schemas=("public",), watch=interrupted)
    with psycopg.connect(dsn, autocommit=True) as other:
        deadline = time.monotonic() + 5
        running = (
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'cutover' AND state ="
            " 'active' AND datname = current_database()"
        )
        while (other.execute(running).fetchone() or (0,))[0] and time.monotonic() < deadline:
            time.sleep(0.05)
        assert other.execute(running).fetchone() == (0,)
    assert not [thread for thread in threading.enumerate() if thread.name == "rows"]


def test_no_more_connections_are_used_than_declared(spare: CopyDatabase) -> None:
    dsn = spare(BEFORE)
    specs, most = _specs(dsn), 0
    with psycopg.connect(dsn, autocommit=True) as other:

        def watched(_seen: ProgressSnapshot) -> None:
            nonlocal most
            found = other.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'cutover' AND"
                " datname = current_database() AND backend_type = 'client backend'"
            ).fetchone()
            most = max(most, found[0] if found else 0)

        measure_tables(dsn, specs, ends=time.time() + 30, connections=2, watch=watched)
    assert 0 < most <= 2


def test_a_line_of_progress_has_tables_rows_rate_and_time_left() -> None:
    assert (
        format_progress(ProgressSnapshot("compared", 40, 12, 3_400_000, 0.25, 10))
        == "[#####...............] 12 of 40 tables compared, 3,400,000 rows, 340,000 rows/s, 0:30"
        " left"
    )


def test_a_line_is_said_on_the_way(
    start_cutover: StartCutover, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(
        "cutover_gates.probes.database.measurement.table_accumulators.UPDATE_SECONDS", 0.0
    )
    said: list[str] = []
    cutover_database = start_cutover()
    RowAssessments(
        replace(
            cutover_database.context, report_progress=said.append, cache_folder=tmp_path / "own"
        )
    ).assess_counts()
    assert any("tables counted" in one for one in said)

"""No false alarm: what happens to a whole database without harm to its data is GO."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.foreign_schema import clean_changes
from tests.foreign_schema.declarations import TABLES
from tests.foreign_schema.foreign_hospital import SCHEMAS, ForeignHospital
from tests.foreign_schema.foreign_server import ForeignServer, foreign_server

pytestmark = [pytest.mark.thorough, pytest.mark.timeout(600)]


def test_maintenance_is_no_finding(server: ForeignServer, tmp_path: Path) -> None:
    """VACUUM FULL, CLUSTER, REINDEX, rows written anew with equal values, comments."""
    hospital = server.hospital(tmp_path)
    with psycopg.connect(hospital.dsn(), autocommit=True) as connection:
        for statement in clean_changes.REWRITTEN:
            connection.execute(statement.encode())
    _go(hospital)


def test_a_dump_restored_into_a_fresh_database_is_no_finding(
    server: ForeignServer, tmp_path: Path
) -> None:
    hospital = server.hospital(tmp_path)
    before = hospital.backup.read_bytes()
    hospital.back_up()
    hospital.restore()
    hospital.backup.write_bytes(before)
    hospital.execute("ANALYZE")
    _go(hospital)


def test_what_stood_there_before_is_no_finding(tmp_path: Path) -> None:
    """300 tables, a foreign table on a dead server, and partitions that a job adds."""
    (tmp_path / "gate").mkdir()
    odd = {
        "script": clean_changes.MANY_TABLES,
        "by_hand": clean_changes.OF_A_JOB,
        "declared": {"schemas": [*SCHEMAS, "old"]},
    }
    with foreign_server(18, tmp_path / "server", **odd) as server:
        hospital = server.hospital(tmp_path / "gate")
        hospital.execute(clean_changes.NEXT_PARTITION)
        _go(hospital)


def test_people_at_work_are_no_finding(tmp_path: Path) -> None:
    """Rows come while the gate reads, in tables of which the settings say how they grow."""
    (tmp_path / "gate").mkdir()
    grown = {name: {**TABLES.get(name, {}), "grows_above": by} for name, by in _GROWS}
    odd = {"declared": {"tables": {**TABLES, **grown}}}
    with foreign_server(18, tmp_path / "server", **odd) as server:
        hospital = server.hospital(tmp_path / "gate")
        with _people_at_work(hospital):
            _go(hospital)


_GROWS = clean_changes.GROWS.items()


@contextmanager
def _people_at_work(hospital: ForeignHospital) -> Iterator[None]:
    """Write in a thread until the block ends, a few rows in each second."""
    over = threading.Event()
    worker = threading.Thread(target=_work, args=(hospital, over))
    worker.start()
    try:
        yield
    finally:
        over.set()
        worker.join()


def _work(hospital: ForeignHospital, over: threading.Event) -> None:
    with psycopg.connect(hospital.dsn(), autocommit=True) as connection:
        while not over.wait(0.2):
            with connection.transaction():
                for statement in clean_changes.WORK:
                    connection.execute(statement.encode())


def _go(hospital: ForeignHospital) -> None:
    verdict = hospital.run_gate("phase1", seconds=200)
    assert (verdict.word, verdict.status) == ("GO", 0), verdict.output

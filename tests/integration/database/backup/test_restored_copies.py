"""One restored copy serves all checks of a gate, and nothing else is ever taken for it."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.probes.database.backup import rules
from cutover_gates.probes.database.backup.copy_clones import open_clones_of_backup
from cutover_gates.probes.database.backup.restored_copies import open_restored_backup
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.util.lease import hold_lease
from tests.findings import raises_gap
from tests.integration.database.backup import dump_files
from tests.integration.database.contexts import ROOT
from tests.selection import further

COUNT = "SELECT count(*) FROM patients"
HERE = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}
ANOTHER_WORKER = """
import pickle, sys
from dataclasses import replace
from cutover_gates.probes.database.backup.restored_copies import open_restored_backup
context = pickle.load(sys.stdin.buffer)
with open_restored_backup(context) as copy:
    print(copy.dsn)
"""
A_GATE = """
import pickle, sys, time
from cutover_gates.probes.database.backup.restored_copies import open_restored_backup
from cutover_gates.util.lease import hold_lease
context = pickle.load(sys.stdin.buffer)
lease = hold_lease(context.lease)
with open_restored_backup(context) as copy:
    print(copy.dsn, flush=True)
time.sleep(120)
"""


def _count_restores(context: DatabaseContext) -> int:
    """Count the restores of all processes, which are steps of the gate."""
    spent = context.cache_folder / "time-spent.jsonl"
    lines = map(json.loads, spent.read_text(encoding="utf-8").splitlines())
    return sum(line["step"] == "restoring the backup" and line["begins"] for line in lines)


def _directory(dsn: str) -> Path:
    return Path(str(conninfo_to_dict(dsn)["host"])).parent


def _run(program: str, context: DatabaseContext) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env=HERE,
    )
    assert process.stdin is not None
    with process.stdin as pipe:
        pickle.dump(context.without_callbacks(), pipe)
    process.stdin = None  # it has its input
    return process


def _wait_until_gone(directory: Path) -> None:
    deadline = time.monotonic() + 20
    while directory.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not directory.exists()


def test_one_restore_serves_readers_writers_and_other_processes(
    gate: DatabaseContext, evidence: list[Assessment]
) -> None:
    others = [_run(ANOTHER_WORKER, gate) for _ in range(2)]
    with open_restored_backup(gate) as copy, psycopg.connect(copy.dsn) as connection:
        rows = connection.execute(COUNT).fetchone()
    with open_clones_of_backup(replace(gate, name_check=lambda: "two"), 2) as clones:
        assert len({clone.dsn for clone in clones} | {copy.dsn}) == 3
        with psycopg.connect(clones[0].dsn) as connection:
            connection.execute("DELETE FROM audit_entries; TRUNCATE documents")
        with psycopg.connect(clones[1].dsn) as connection:
            assert connection.execute(COUNT).fetchone() == rows
    for clone in clones:
        with pytest.raises(psycopg.OperationalError, match="does not exist"):
            psycopg.connect(clone.dsn)
    assert [other.communicate()[0].decode().strip() for other in others] == [copy.dsn] * 2
    assert _count_restores(gate) == 1
    assert len({use.figures["restored by"] for use in evidence}) == 1
    assert [use.figures["used by"] for use in evidence] == ["one", "two"]


def test_nothing_is_left_when_the_gate_ends_or_is_killed(gate: DatabaseContext) -> None:
    other = replace(gate, lease=gate.folder / "other" / "gate.lease")
    assert other.lease is not None
    other.lease.parent.mkdir()
    process = _run(A_GATE, other)
    assert process.stdout is not None
    dsn = process.stdout.readline().decode().strip()
    assert _directory(dsn).exists()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    _wait_until_gone(_directory(dsn))


def _write_anew(context: DatabaseContext) -> None:
    """Write other content into the file, and give it its old size and times."""
    path = context.folder / "a.dump"
    times = path.stat()
    dump_files.flip_bit(path, path.stat().st_size - 20)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def _add_a_newer_one(context: DatabaseContext) -> None:
    dsn = context.dsn.get_secret_value()
    dump_files.dump(dsn, context.folder / "a.newer", "--format=custom")


def _kill_its_keeper(context: DatabaseContext) -> None:
    assert context.lease is not None
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line, here = (folder / "cmdline").read_bytes(), (folder / "cwd").readlink()
        except OSError:
            continue
        if b"backup.copy_keeper" in line and here == Path.cwd() and _is_of(folder, context.lease):
            os.kill(int(folder.name), signal.SIGKILL)
            _wait_until_closed(folder / "fd")


def _wait_until_closed(descriptors: Path) -> None:
    """Wait until a killed process has given its locks back."""
    deadline = time.monotonic() + 20
    with suppress(OSError):
        while any(descriptors.iterdir()) and time.monotonic() < deadline:
            time.sleep(0.02)


def _is_of(process: Path, lease: Path) -> bool:
    opened = (link.readlink() for link in (process / "fd").iterdir())
    return lease.with_name("dependents.lock") in opened


@pytest.mark.parametrize(
    "change", [further(_write_anew), _add_a_newer_one, further(_kill_its_keeper)]
)
def test_a_stale_copy_is_never_taken(
    gate: DatabaseContext, change: Callable[[DatabaseContext], None]
) -> None:
    with open_restored_backup(gate) as copy:
        first = copy.dsn
    change(gate)
    try:
        with open_restored_backup(gate) as copy:
            assert copy.dsn != first
    except Exception:  # the other file may be damaged: what counts is that it was looked at
        assert change is _write_anew
    assert _count_restores(gate) == 2


def test_a_copy_that_failed_is_not_tried_again(gate: DatabaseContext) -> None:
    dump_files.truncate_file(gate.folder / "a.dump")
    for _attempt in range(2):
        with raises_gap(rules.RESTORES), open_restored_backup(gate):
            pytest.fail("half of it was used")
    assert gate.lease is not None
    starts = gate.lease.parent.glob("restored-copies/*.starts")
    assert [path.read_text() for path in starts] == ["1"]


@pytest.mark.thorough
def test_who_waits_for_a_share_gives_up_and_the_restore_goes_on(gate: DatabaseContext) -> None:
    with (
        raises_gap(rules.WITHIN_BUDGET) as late,
        open_restored_backup(gate, wait_share=1e-9),
    ):
        pytest.fail("it was restored at once")
    assert "its share" in late.value.gaps[0].actual
    assert "raise migrations.budget_seconds" in late.value.gaps[0].actual
    with open_restored_backup(gate):
        assert _count_restores(gate) == 1


@pytest.mark.thorough
def test_a_restore_under_way_ends_with_the_gate(gate: DatabaseContext) -> None:
    lease = hold_lease(gate.folder / "other" / "gate.lease")
    with (
        raises_gap(rules.WITHIN_BUDGET),
        open_restored_backup(replace(gate, lease=lease.path), wait_share=1e-9),
    ):
        pytest.fail("it was restored at once")
    assert lease.release(20)

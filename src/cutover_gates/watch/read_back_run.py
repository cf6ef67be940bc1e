"""Runs the reading of all acknowledged writes, and adds its answer to the record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cutover_gates.config.settings import Settings
from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.core.evidence.record import Recorder
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.core.findings import Finding
from cutover_gates.drivers import rules
from cutover_gates.drivers.session_reader import SessionReader, choose_reading_role
from cutover_gates.drivers.sessions import SessionPool
from cutover_gates.drivers.write_comparison import describe_counts
from cutover_gates.hospital.matchers.read_back import RecordSource
from cutover_gates.targets.driver_factory import load_unsupported_operations, open_driver
from cutover_gates.targets.running_target import RunningTarget
from cutover_gates.targets.stored_access import open_stored_records
from cutover_gates.util.text import first_error_line
from cutover_gates.watch.read_back import TITLE, ReadBackResult, WriteReader
from cutover_gates.watch.record_lines import READ_BACK
from cutover_gates.watch.record_reader import record_folder
from cutover_gates.watch.record_writer import RecordWriter, SteadyClock
from cutover_gates.watch.step_marks import READ_MARKS

READ_BACK_SECONDS = 600.0
"""Seconds for reading all writes again. What is not read by then is not proven."""


def run_read_back(
    settings: Settings,
    target: RunningTarget,
    redactor: Redactor,
    seconds: float = READ_BACK_SECONDS,
) -> ReadBackResult:
    """Read all writes of the target's record again, and add the answer to the record.

    Whatever breaks on the way is a gap. Raises `OSError` where the record cannot be written.
    """
    try:
        found = _read_all(settings, target, redactor, seconds)
    # A target that cannot be asked must not end the watcher, nor keep it from cleaning up.
    except Exception as error:
        gap = Finding(rules.WRITES_COMPARED, target.name, "", first_error_line(error))
        found = ReadBackResult(Assessment(TITLE, (), not_proven=(gap,)), 0.0, 0, 0)
    head: dict[str, Any] = {"target": target.name, "release": target.release}
    head |= {"tag": "", "intervals": {}}
    if not found.assessment.not_proven:
        head[READ_MARKS] = list(found.marks)
    writer = RecordWriter(record_folder(settings), head, SteadyClock())
    writer.write(READ_BACK, durable=True, **redactor.redact_value(found.to_plain()))
    writer.close()
    return found


def describe_read_back(found: ReadBackResult) -> str:
    """Return what became of the writes, in one line and a line for each finding."""
    answer = found.assessment
    counts = describe_counts({kind: answer.figures.get(kind, 0) for kind in rules.STORED_RULES})
    words = f"read back: {counts}; {len(answer.findings)} lost or changed"
    words += f", {len(answer.not_proven)} not read"
    if found.unknown:
        words += f", {found.unknown} creations without an answer ({found.unknown_found} are there)"
    return "\n".join([words, *map(str, answer.findings), *map(str, answer.not_proven)])


def ledger_folder(settings: Settings) -> Path:
    """Return the folder of the target's ledgers."""
    return settings.resolve_path(settings.reports).parent / "ledgers" / settings.target


def _read_all(
    settings: Settings, target: RunningTarget, redactor: Redactor, seconds: float
) -> ReadBackResult:
    driver = open_driver(settings, target, Recorder(redactor, cap=1), "")
    pool = SessionPool(driver, target.users, redactor=redactor)
    role = choose_reading_role(target.users)
    sources: list[RecordSource] = [SessionReader(driver, lambda: pool.session(role))]
    try:
        with open_stored_records(settings, target) as database:
            if database is not None:
                sources.insert(0, database)
            return WriteReader(
                record_folder(settings),
                ledger_folder(settings),
                driver,
                lambda: pool.session(role),
                sources,
                load_unsupported_operations(settings),
            ).read_back(seconds)
    finally:
        pool.close()

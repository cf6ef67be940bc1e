"""Makes a run: one `st run` in a process of its own, bounded in time and rate, that leaves no
process and no secret behind.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from cutover_gates.hospital import ProtocolViolation, Rejected
from cutover_gates.probes.api.fuzzing.fuzz_configuration import render_configuration
from cutover_gates.probes.api.fuzzing.fuzz_process_input import (
    CONFIG_FILE,
    DOCUMENT_FILE,
    REPORT_FILE,
    FuzzProcessConfig,
)
from cutover_gates.probes.api.fuzzing.model import FuzzPlan, FuzzResult
from cutover_gates.util.subprocesses import start_child, stop_child

STOP_SECONDS = 1.5
"""So long it is waited for after it was told to stop."""
GRACE_SECONDS = 20
"""So much longer it may take to come to an end and to write its report, once its time is over."""


def run_schemathesis(order: FuzzPlan) -> FuzzResult:
    """From the first request to the report.

    Whatever happens, no process of the run is left when this returns or raises.
    """
    started = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="cutover-contract-") as folder,
        tempfile.TemporaryFile() as complaints,
    ):
        _write_inputs(order, Path(folder))
        with (
            _start_process(Path(folder), complaints) as process,
            _interrupt_after(process, order.profile.stop_seconds),
        ):
            told, ended = _collect_notes(
                process, order, folder, started + order.profile.stop_seconds + GRACE_SECONDS
            )
        report = _read_report(Path(folder) / REPORT_FILE)
        if not report and not ended:
            complaints.seek(0)
            last = complaints.read().decode(errors="replace").strip().splitlines()[-2:]
            ended = f"schemathesis gave no report: {' | '.join(last) or 'it said nothing'}"
    notes = tuple(note for note in told if note["kind"] != "token")
    return FuzzResult(
        notes, report, round(time.monotonic() - started, 1), ended, len(told) - len(notes)
    )


def _write_inputs(order: FuzzPlan, folder: Path) -> None:
    document = order.document.add_examples(order.example_ids)
    (folder / DOCUMENT_FILE).write_text(json.dumps(document), encoding="utf-8")
    (folder / CONFIG_FILE).write_text(render_configuration(order.profile), encoding="utf-8")


@contextmanager
def _start_process(folder: Path, complaints: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """Its environment holds no secret of ours, and names no proxy and no file with passwords.

    In two seconds at most it is gone.
    """
    command = [sys.executable, "-m", "cutover_gates.probes.api.fuzzing.fuzz_process"]
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("CUTOVER_") and not name.lower().endswith("_proxy")
    }
    process = start_child(
        command,
        stderr=complaints,
        env={
            **environment,
            "NO_PROXY": "*",
            "NETRC": os.devnull,
            # Otherwise hypothesis leaves a folder where the gate was called.
            "HYPOTHESIS_STORAGE_DIRECTORY": str(folder / "hypothesis"),
        },
    )
    try:
        yield process
    finally:
        stop_child(process, STOP_SECONDS)


@contextmanager
def _interrupt_after(process: subprocess.Popen[bytes], seconds: float) -> Iterator[None]:
    """When its time is over it is told to end, and still writes its report."""
    timer = threading.Timer(seconds, process.send_signal, [signal.SIGINT])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _collect_notes(
    process: subprocess.Popen[bytes], order: FuzzPlan, folder: str, until: float
) -> tuple[list[dict[str, Any]], str]:
    """Answer what it asks, keep what it tells; why it had to be cut short, if it had."""
    protected = tuple(str(entry) for entry in order.document.operations if entry.protected)
    accounts = tuple(name.casefold() for name in order.accounts)
    brief = FuzzProcessConfig(
        folder, order.document.root, order.header, protected, accounts, order.profile.mode == "safe"
    )
    _send_line(process, brief.to_line())
    notes: list[dict[str, Any]] = []
    for line in _read_lines(process, until):
        note = json.loads(line)
        if note["kind"] == "ended":
            return notes, ""  # its report is written; whether it goes by itself does not matter
        notes.append(note)
        if note["kind"] == "token":
            _send_line(process, json.dumps(_answer_token_request(order)).encode() + b"\n")
        else:
            order.report_progress(_format_progress(notes))
    return (
        notes,
        (
            ""
            if process.poll() is not None
            else (
                f"the run did not end within {order.profile.stop_seconds + GRACE_SECONDS} s, and was"
                " stopped"
            )
        ),
    )


def _answer_token_request(order: FuzzPlan) -> dict[str, Any]:
    try:
        return {"token": order.token(), "seconds": order.token_seconds()}
    except (Rejected, ProtocolViolation) as error:
        return {"refused": str(error)}


def _send_line(process: subprocess.Popen[bytes], line: bytes) -> None:
    assert process.stdin is not None
    with suppress(BrokenPipeError):  # it ended: its complaint tells why
        process.stdin.write(line)
        process.stdin.flush()


def _read_lines(process: subprocess.Popen[bytes], until: float) -> Iterator[bytes]:
    """Its lines as they come, until it ends or `until` is over."""
    assert process.stdout is not None
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while (left := until - time.monotonic()) > 0 and selector.select(left):
            data = os.read(process.stdout.fileno(), 1 << 16)
            if not data:
                process.wait(STOP_SECONDS)
                return
            *lines, rest = (rest + data).split(b"\n")
            yield from lines


def _format_progress(notes: list[dict[str, Any]]) -> str:
    asked = [note for note in notes if note["kind"] == "asked"]
    failures = sum(note["kind"] == "failure" for note in notes)
    operations = len({note["operation"] for note in asked})
    return (
        f"contract: {sum(note['requests'] for note in asked)} requests to {operations} operations,"
        f" {failures} broke a promise"
    )


def _read_report(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}

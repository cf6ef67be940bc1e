"""The fuzzing run: one `st run` in a process of its own, bounded in time and rate.

It leaves no process and no secret behind.
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
from dataclasses import astuple
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
"""Seconds in which the process must be gone, once it is told to stop."""
GRACE_SECONDS = 20
"""Seconds beyond its time in which the run must come to its end, and write its report."""


def run_schemathesis(plan: FuzzPlan) -> FuzzResult:
    """Make a run, from the first request to the report.

    No process of the run is left when this returns or raises.
    """
    started = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="cutover-contract-") as folder,
        tempfile.TemporaryFile() as stderr,
    ):
        _write_inputs(plan, Path(folder))
        with (
            _start_process(Path(folder), stderr) as process,
            _interrupt_after(process, plan.profile.stop_seconds),
        ):
            notes, end_reason = _collect_notes(
                process, plan, folder, started + plan.profile.stop_seconds + GRACE_SECONDS
            )
        report = _read_report(Path(folder) / REPORT_FILE)
        if not report and not end_reason:
            stderr.seek(0)
            last = stderr.read().decode(errors="replace").strip().splitlines()[-2:]
            end_reason = f"schemathesis gave no report: {' | '.join(last) or 'no message'}"
    kept = tuple(note for note in notes if note["kind"] != "token")
    seconds = round(time.monotonic() - started, 1)
    return FuzzResult(kept, report, seconds, end_reason, len(notes) - len(kept))


def _write_inputs(plan: FuzzPlan, folder: Path) -> None:
    document = plan.document.add_examples(plan.example_ids)
    (folder / DOCUMENT_FILE).write_text(json.dumps(document), encoding="utf-8")
    (folder / CONFIG_FILE).write_text(render_configuration(plan.profile), encoding="utf-8")


@contextmanager
def _start_process(folder: Path, stderr: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """Start the process; at the end of the block it is gone within two seconds.

    Its environment holds no secret of ours, and names no proxy and no file with passwords.
    """
    command = [sys.executable, "-m", "cutover_gates.probes.api.fuzzing.fuzz_process"]
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("CUTOVER_") and not name.lower().endswith("_proxy")
    }
    process = start_child(
        command,
        stderr=stderr,
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
    """Interrupt the process when its time is over: it then still writes its report."""
    timer = threading.Timer(seconds, process.send_signal, [signal.SIGINT])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _collect_notes(
    process: subprocess.Popen[bytes], plan: FuzzPlan, folder: str, until: float
) -> tuple[list[dict[str, Any]], str]:
    """Return the notes of the process, and why it had to be cut short (empty where it had not).

    Requests for a token are answered.
    """
    protected = tuple(str(entry) for entry in plan.document.operations if entry.protected)
    accounts = tuple(name.casefold() for name in plan.accounts)
    config = FuzzProcessConfig(
        folder,
        plan.document.root,
        plan.header,
        protected,
        accounts,
        plan.profile.mode == "safe",
        tuple(map(astuple, plan.refusals)),
    )
    _send_line(process, config.to_line())
    notes: list[dict[str, Any]] = []
    for line in _read_lines(process, until):
        note = json.loads(line)
        if note["kind"] == "ended":  # the report is written
            return notes, ""
        notes.append(note)
        if note["kind"] == "token":
            _send_line(process, json.dumps(_answer_token_request(plan)).encode() + b"\n")
        else:
            plan.report_progress(_format_progress(notes))
    if process.poll() is not None:
        return notes, ""
    limit = plan.profile.stop_seconds + GRACE_SECONDS
    return notes, f"the run did not end within {limit} s, and was stopped"


def _answer_token_request(plan: FuzzPlan) -> dict[str, Any]:
    try:
        return {"token": plan.token(), "seconds": plan.token_seconds()}
    except (Rejected, ProtocolViolation) as error:
        return {"refused": str(error)}


def _send_line(process: subprocess.Popen[bytes], line: bytes) -> None:
    assert process.stdin is not None
    with suppress(BrokenPipeError):  # it ended; standard error says why
        process.stdin.write(line)
        process.stdin.flush()


def _read_lines(process: subprocess.Popen[bytes], until: float) -> Iterator[bytes]:
    """Yield the lines of the process as they come, until it ends or the moment `until`."""
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
    requests = sum(note["requests"] for note in asked)
    return f"contract: {requests} requests to {operations} operations, {failures} failed"


def _read_report(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}

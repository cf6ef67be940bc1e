"""What `pytest` does instead of running checks: `--sweep`, `--snapshot`, `--send-test-messages`.

None of them judges: together with a gate each is a wrong call. `mapping_check` and `mapping_sketch`
have the others, `--check-mapping` and `--sketch-mapping`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cutover_gates.config.base import SettingsError
from cutover_gates.core.findings import Finding, NotProven, describe_finding
from cutover_gates.plugin.cleanup import describe_sweep, sweep_dead_runs
from cutover_gates.plugin.fixtures.database import open_database_context
from cutover_gates.plugin.progress import ProgressPrinter, print_line
from cutover_gates.plugin.run import USER_ERRORS, PytestRun, make_run
from cutover_gates.plugin.target_start import start_target
from cutover_gates.probes.database.context import DatabaseUnreachable
from cutover_gates.probes.database.snapshot.capture import take_snapshot
from cutover_gates.probes.database.snapshot.model import Snapshot
from cutover_gates.probes.observability.channels import notification_channels
from cutover_gates.probes.observability.channels.sent_messages import (
    SentMessage,
    hash_code,
    make_code,
    write_sent_messages,
)
from cutover_gates.targets.embedded import TargetDidNotStart

NOTHING_DONE = (DatabaseUnreachable, NotProven, TargetDidNotStart)
"""Reasons for which an action could not be done: one line, exit status 1."""


def make_run_without_gate(config: pytest.Config, option: str) -> PytestRun:
    """Return the run of an action. Raises `pytest.UsageError` where a gate is asked for, too."""
    run = make_run(config)
    if run.gates:
        raise pytest.UsageError(
            f"{option} runs no gate: leave -m {' or '.join(run.gates)} out, or leave {option} out"
        )
    return run


@contextmanager
def usage_errors() -> Iterator[None]:
    """Turn mistakes of the user into `pytest.UsageError`."""
    try:
        yield
    except USER_ERRORS as mistake:
        raise pytest.UsageError(str(mistake)) from None


def run_sweep(config: pytest.Config) -> int:
    """Remove what killed runs left on the target (`--sweep`).

    Returns 0 when nothing is left on the target. Raises `pytest.UsageError`.
    """
    run = make_run_without_gate(config, "--sweep")
    with usage_errors():
        target = start_target(run)
        swept = sweep_dead_runs(run, next(target), seconds=float("inf"))
        next(target, None)
    for sentence in describe_sweep(swept) or [f"nothing was left behind on {run.settings.target}"]:
        print_line(sentence)
    is_left = any(result.how is None for result in swept)
    return int(pytest.ExitCode.TESTS_FAILED if is_left else pytest.ExitCode.OK)


def send_test_messages(config: pytest.Config) -> int:
    """Send one marked test message to each channel of the target (`--send-test-messages`).

    Returns 0 when every service took its message. That is no proof that it arrived: the item of the
    plan stays a sign-off, unless the settings say where arrivals are found. Raises
    `pytest.UsageError`.
    """
    run = make_run_without_gate(config, "--send-test-messages")
    try:
        with usage_errors():
            channels = _channel_addresses(run)
            codes = {name: make_code() for name in channels}
            findings = notification_channels.send_test_messages(channels, _test_message(run), codes)
            _record_messages(run, findings, codes)
    except NotProven as reason:
        print_line(f"no message was sent: {reason}")
        return int(pytest.ExitCode.TESTS_FAILED)
    for name, finding in findings.items():
        line = f"{name}: its service accepted the test message of run {run.tag}"
        if finding:
            line = f"{describe_finding(finding)}. {finding.rule.fix}"
        print_line(f"channel {run.redactor.redact_text(line)}")
    is_refused = any(findings.values())
    return int(pytest.ExitCode.TESTS_FAILED if is_refused else pytest.ExitCode.OK)


def _record_messages(
    run: PytestRun, findings: Mapping[str, Finding | None], codes: Mapping[str, str]
) -> None:
    """Write down what was sent, for the check that looks for it where it should arrive."""
    now, release = datetime.now(UTC), _declared_release(run)
    messages = {
        name: SentMessage(now, release, finding is None, hash_code(codes[name].encode()))
        for name, finding in findings.items()
    }
    write_sent_messages(run.sent_messages, messages)


def _declared_release(run: PytestRun) -> str:
    return run.settings.release or run.settings.chosen_target.release or ""


def _test_message(run: PytestRun) -> str:
    items = run.plan.with_role("test-messages")
    signed = " and ".join(item.id for item in items if item.proof == "sign-off")
    tell = f" say so to whoever signs {signed}" if signed else " say so to the release captain"
    return (
        f"Nobody need do anything. Run {run.tag} on {run.settings.target},"
        f" {datetime.now(UTC):%Y-%m-%d %H:%M} UTC: if you read this,{tell}."
    )


def _channel_addresses(run: PytestRun) -> Mapping[str, str]:
    """Return the address of each channel.

    Raises `SettingsError` where one is missing, or all are.
    """
    settings = run.settings
    addresses = notification_channels.read_channel_addresses(settings)
    for name, address in addresses.items():
        run.redactor.learn(f"address of channel {name}", address)
    if not addresses:
        raise SettingsError(
            f"target {settings.target!r} has no channels: give"
            f" [targets.{settings.target}.monitoring.channels.NAME]"
        )
    return addresses


def record_snapshot(config: pytest.Config) -> int:
    """Take a snapshot of the target's database, and print where it lies (`--snapshot`).

    Returns 0 when every table is in it. Raises `pytest.UsageError`.
    """
    run = make_run_without_gate(config, "--snapshot")
    run.snapshot_only = True
    try:
        with usage_errors():
            snapshot = _take_snapshot(run)
    except NOTHING_DONE as reason:
        print_line(f"no snapshot was taken: {reason}")
        return int(pytest.ExitCode.TESTS_FAILED)
    tables = snapshot.figures.tables
    rows = sum(table.counted or 0 for table in tables.values())
    print_line(
        f"snapshot of {run.settings.target}, taken {snapshot.taken_at_text}: {len(tables)} tables,"
        f" {rows:,} rows, in {snapshot.path}"
    )
    return int(pytest.ExitCode.OK)


def _take_snapshot(run: PytestRun) -> Snapshot:
    target = start_target(run)
    with tempfile.TemporaryDirectory() as folder:
        context = open_database_context(run, run.settings, next(target), lambda: Path(folder))
        snapshot = take_snapshot(replace(context, report_progress=ProgressPrinter(None)))
    next(target, None)
    return snapshot

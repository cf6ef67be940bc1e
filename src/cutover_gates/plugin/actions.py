"""`pytest --send-test-messages`: no checks and no verdict, only one marked test message to each
channel of the target.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cutover_gates.config.base import SettingsError
from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.plugin.fixtures.database import open_database_context
from cutover_gates.plugin.progress import ProgressPrinter, print_line
from cutover_gates.plugin.run import USER_ERRORS, make_run
from cutover_gates.plugin.target_start import start_target
from cutover_gates.probes.database.context import DatabaseUnreachable
from cutover_gates.targets.embedded import TargetDidNotStart


def send_test_messages(config: pytest.Config) -> int:
    """Send them, and say what came of each.

    Returns 0 when every service took its message. Raises `pytest.UsageError`.

    That a message was taken is no proof that somebody read it: the item `channels-tested` stays a
    sign-off.
    """
    from cutover_gates.probes.observability.notification_channels import send_test_messages

    run = make_run(config)
    if run.gates:
        raise pytest.UsageError(
            f"--send-test-messages runs no gate: leave -m {' or '.join(run.gates)} out, or leave"
            " --send-test-messages out"
        )
    settings = run.settings
    try:
        channels = {}
        for name, channel in settings.chosen_target.monitoring.channels.items():
            section = f"targets.{settings.target}.monitoring.channels.{name}"
            url = settings.read_secret(channel, "apprise_url", section)
            if not url:
                raise SettingsError(
                    f"[{section}] says nowhere to send: set apprise_url_file there, or "
                    f"CUTOVER_TARGETS__{settings.target.upper()}__MONITORING__CHANNELS__{name.upper()}__APPRISE_URL"
                )
            run.redactor.learn(f"address of channel {name}", url)
            channels[name] = url
        if not channels:
            raise SettingsError(
                f"target {settings.target!r} has no channels: give"
                f" [targets.{settings.target}.monitoring.channels.NAME]"
            )
        came = send_test_messages(
            channels,
            f"Nobody need do anything. Run {run.tag} on {settings.target},"
            f" {datetime.now(UTC):%Y-%m-%d %H:%M} UTC: if you read this, say so to whoever signs"
            " channels-tested.",
        )
    except USER_ERRORS as mistake:
        raise pytest.UsageError(str(mistake)) from None
    except NotProven as why:
        print_line(f"no message was sent: {why}")
        return int(pytest.ExitCode.TESTS_FAILED)
    for name, why_not in came.items():
        print_line(
            f"channel {name}:"
            f" {run.redactor.redact_text(why_not) or f'its service took the test message of run {run.tag}'}"
        )
    return int(pytest.ExitCode.TESTS_FAILED if any(came.values()) else pytest.ExitCode.OK)


def record_snapshot(config: pytest.Config) -> int:
    """Take it and say where it lies.

    Returns 0 when every table is in it. Raises `pytest.UsageError`.
    """
    from cutover_gates.probes.database.snapshot.capture import take_snapshot

    run = make_run(config)
    if run.gates:
        raise pytest.UsageError(
            f"--snapshot runs no gate: leave -m {' or '.join(run.gates)} out, or leave"
            " --snapshot out"
        )
    run.snapshot_only = True
    try:
        target = start_target(run)
        with tempfile.TemporaryDirectory() as folder:
            site = replace(
                open_database_context(run, run.settings, next(target), lambda: Path(folder)),
                report_progress=ProgressPrinter(None),
            )
            taken = take_snapshot(site)
        next(target, None)
    except USER_ERRORS as mistake:
        raise pytest.UsageError(str(mistake)) from None
    except (DatabaseUnreachable, NotProven, TargetDidNotStart) as why:
        print_line(f"no snapshot was taken: {why}")
        return int(pytest.ExitCode.TESTS_FAILED)
    rows = sum(table.counted or 0 for table in taken.figures.tables.values())
    print_line(
        f"snapshot of {run.settings.target}, taken {taken.taken_at_text}: {len(taken.figures.tables)}"
        f" tables, {rows:,} rows, in {taken.path}"
    )
    return 0

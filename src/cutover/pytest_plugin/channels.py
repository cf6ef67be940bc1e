"""`pytest --send-test-messages`: no checks and no verdict, only one marked test message to each
channel of the target.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cutover.evidence import NotProven
from cutover.pytest_plugin.outputs import say
from cutover.pytest_plugin.run import MISTAKES, make_run
from cutover.settings import SettingsError


def send_only(config: pytest.Config) -> int:
    """Send them, and say what came of each.

    Returns 0 when every service took its message. Raises `pytest.UsageError`.

    That a message was taken is no proof that somebody read it: the item `channels-tested` stays a
    sign-off.
    """
    from cutover.telemetry.signals.channels import send

    run = make_run(config)
    if run.gates:
        raise pytest.UsageError(
            f"--send-test-messages runs no gate: leave -m {' or '.join(run.gates)} out, or leave"
            " --send-test-messages out"
        )
    settings = run.settings
    try:
        channels = {}
        for name, channel in settings.chosen.monitoring.channels.items():
            section = f"targets.{settings.target}.monitoring.channels.{name}"
            url = settings.secret(channel, "apprise_url", section)
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
        came = send(
            channels,
            f"Nobody need do anything. Run {run.tag} on {settings.target},"
            f" {datetime.now(UTC):%Y-%m-%d %H:%M} UTC: if you read this, say so to whoever signs"
            " channels-tested.",
        )
    except MISTAKES as mistake:
        raise pytest.UsageError(str(mistake)) from None
    except NotProven as why:
        say(f"no message was sent: {why}")
        return int(pytest.ExitCode.TESTS_FAILED)
    for name, why_not in came.items():
        say(
            f"channel {name}:"
            f" {run.redactor.text(why_not) or f'its service took the test message of run {run.tag}'}"
        )
    return int(pytest.ExitCode.TESTS_FAILED if any(came.values()) else pytest.ExitCode.OK)

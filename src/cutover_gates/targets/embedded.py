"""The embedded hospital: `python -m reference` as a child process.

It needs neither Docker, nor root, nor a PostgreSQL of the system. It exits when its standard input
ends, so also when this process is killed.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from cutover_gates.config.settings import Settings
from cutover_gates.hospital import Credentials
from cutover_gates.targets.embedded_night import ROLLOUT_STAGE as ROLLOUT
from cutover_gates.targets.embedded_night import NightWatch, RolloutWatch
from cutover_gates.targets.running_target import RunningTarget, previous_release_of
from cutover_gates.targets.staffing import assign_accounts
from cutover_gates.util.subprocesses import kill_child, start_child, stop_child

START_SECONDS = 120.0  # a cold start seeds a database; a warm one takes a few seconds
STOP_SECONDS = 5.0


class TargetDidNotStart(RuntimeError):
    """The embedded hospital did not come up; the message holds the end of what it printed."""


@dataclass(frozen=True)
class EmbeddedTarget:
    """A running embedded hospital."""

    standing: RunningTarget
    process: subprocess.Popen[bytes]
    watch: RolloutWatch | None = None

    def stop(self) -> None:
        """Stop the process; kill it where that takes longer than `STOP_SECONDS`."""
        if self.watch is not None:
            self.watch.end_in_order()
        stop_child(self.process, STOP_SECONDS)


def start_embedded_target(
    settings: Settings,
    root: Path,
    stage: str = "after",
    *,
    backed_up: bool = False,
    surroundings: str | None = None,
    watch_folder: Path | None = None,
) -> EmbeddedTarget:
    """Start the hospital of `root/reference` and wait until it is ready.

    Raises `TargetDidNotStart`.

    `stage` is "before" (the cutover), "eve" (the hour before it), "after", or "restored" (from the
    backup, as after a rollback). "night": 1.9.0 serves, the watcher is started with its record in
    `watch_folder`, Phase 1 and the switch to 2.0.0 follow, and the watcher ends. "rollout": both
    releases are ready, and the watcher runs until `stop`. `backed_up`: it makes a backup first.
    `surroundings`: "front" also starts a second instance and a reverse proxy, "all" Prometheus and
    Alertmanager, too.
    `RunningTarget.environment` names their addresses, and under `absent` what is missing.
    """
    # Not a pipe: nobody reads while it runs, and a full one would stop it.
    # the process keeps it open
    complaints = tempfile.TemporaryFile()  # the process keeps it open  # noqa: SIM115
    command = [
        sys.executable,
        "-m",
        "reference",
        "--json",
        "--tied",
        "--stage",
        stage,
        *(["--backup"] if backed_up else []),
        *(["--surroundings", surroundings] if surroundings else []),
    ]
    process = start_child(command, cwd=root, env=_environment(root), stderr=complaints)
    started = _read_announcement(process, complaints)
    watched: dict[str, Any] = {}
    if (night := started.get("night")) and watch_folder is not None:
        release = settings.release or settings.chosen_target.release or ""
        watch = NightWatch(night, watch_folder, root, settings.chosen_target.watch, release)
        try:
            watch.begin()
            started = _read_announcement(process, complaints)
            watched["watch"] = watch.end()
        finally:
            watch.stop()
    rollout_watch = None
    if stage == ROLLOUT and watch_folder is not None:
        rollout_watch = RolloutWatch.start(started, watch_folder, root, settings)
        watched["watch"] = rollout_watch.describe()
    accounts = {
        name: Credentials(user["username"], user["password"])
        for name, user in started["users"].items()
    }
    users, staff = assign_accounts(settings, accounts)
    release = settings.release or settings.chosen_target.release or started["release"]
    standing = RunningTarget(
        settings.target,
        "embedded",
        started["url"],
        release,
        False,
        users,
        database=started["database"],
        scratch=settings.read_secret(
            settings.chosen_target.migrations.scratch,
            "dsn",
            f"targets.{settings.target}.migrations.scratch",
        ),
        expired_token=started["expired_token"],
        log=started["log"],
        backup=started["backup"],
        environment={**started["surroundings"], **watched},
        previous_release=previous_release_of(settings, release),
        staff=staff,
    )
    return EmbeddedTarget(standing, process, rollout_watch)


def _read_announcement(process: subprocess.Popen[bytes], complaints: IO[bytes]) -> dict[str, Any]:
    """Return the next line of the hospital. Raises `TargetDidNotStart` with what it complained."""
    line = _first_line(process)
    try:
        return dict(json.loads(line))
    except ValueError:  # no JSON, or not even text
        kill_child(process)
        complaints.seek(0)
        errors = complaints.read().decode(errors="replace").strip().splitlines()
        output = " | ".join(errors[-5:]) or f"it printed nothing in {START_SECONDS:.0f} s"
        raise TargetDidNotStart(f"the embedded hospital did not start: {output}") from None


def _environment(root: Path) -> dict[str, str]:
    paths = [str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def _first_line(process: subprocess.Popen[bytes]) -> bytes:
    """The first line of the process's output; what came so far when it ends or takes too long."""
    assert process.stdout is not None
    deadline, line = time.monotonic() + START_SECONDS, b""
    descriptor = process.stdout.fileno()
    while not line.endswith(b"\n") and (left := deadline - time.monotonic()) > 0:
        if select.select([descriptor], [], [], left)[0]:
            chunk = os.read(descriptor, 65536)
            if not chunk:
                break
            line += chunk
    return line

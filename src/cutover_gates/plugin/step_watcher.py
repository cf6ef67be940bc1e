"""Makes sure that a watcher runs while a step is live: the one that runs, else one of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cutover_gates.config.settings import Settings
from cutover_gates.util.concurrency import wait_for
from cutover_gates.util.subprocesses import bind_to_parent, kill_child, start_child
from cutover_gates.watch.record_writer import STATUS_FILE
from cutover_gates.watch.step_marks import is_watched

START_SECONDS = 60.0
END_SECONDS = 60.0
POLL_SECONDS = 0.2
OLD_SECONDS = 15.0
"""A status file is written every second: an older one is of a watcher that hangs or is gone."""
OUTPUT = "watcher.txt"


class NotWatched(Exception):
    """No watcher runs; the message is one sentence."""


@dataclass
class StepWatcher:
    """The watcher of a target's record `folder`. `process` is None where somebody else runs it."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def runs(self) -> bool:
        """Return whether it runs, and has written its status a moment ago."""
        return is_watched(self.folder) and self._age_of_status() < OLD_SECONDS

    def list_fired(self) -> list[str]:
        """Return the triggers that have fired, as the status file tells them."""
        return [str(one) for one in self._read_status().get("triggers", {}).get("fired", [])]

    def count_probes(self) -> int:
        """Return how many probes it has made so far."""
        paths = self._read_status().get("paths", {})
        return sum(sum(counts.values()) for counts in paths.values())

    def stop(self) -> None:
        """End the watcher in order where it is this run's own."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(END_SECONDS)
        kill_child(self.process)
        self.process = None

    def _read_status(self) -> dict[str, dict[str, dict[str, int]]]:
        try:
            found = json.loads((self.folder / STATUS_FILE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _age_of_status(self) -> float:
        try:
            return time.time() - (self.folder / STATUS_FILE).stat().st_mtime
        except OSError:
            return float("inf")


def ensure_watcher(settings: Settings, release: str, folder: Path, evidence: Path) -> StepWatcher:
    """Return the watcher of the folder; one is started where none runs. Raises `NotWatched`.

    What an own one prints stands in `evidence`.
    """
    watcher = StepWatcher(folder)
    if is_watched(folder):
        return watcher
    output = evidence / OUTPUT
    command = [sys.executable, "-m", "cutover_gates.cli.main", "watch"]
    command += ["--target", settings.target, "--release", release]
    command += ["--config", str(settings.file)] if settings.file.is_file() else []
    with output.open("ab") as file:
        # By SIGTERM: where this gate is killed, the watcher still removes what it has created.
        watcher.process = start_child(
            bind_to_parent(command, signal.SIGTERM),
            cwd=settings.resolve_path(Path()),
            stdout=file,
            stderr=file,
        )
    started = watcher.process
    wait_for(
        lambda: started.poll() is not None or (watcher.runs and watcher.count_probes() > 0),
        START_SECONDS,
        POLL_SECONDS,
    )
    if started.poll() is None and watcher.runs:
        return watcher
    watcher.stop()
    said = output.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-2:]
    raise NotWatched(
        "no watcher runs for this target, and none could be started:"
        f" {' | '.join(said) or 'it printed nothing'}"
    )

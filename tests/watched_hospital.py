"""A hospital of two instances behind a proxy, and real watchers of it as processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from cutover_gates.config.watch import Watch
from cutover_gates.watch.assessments import WatchAssessments
from cutover_gates.watch.record_reader import WatchRecord, read_record
from tests.calibration import scale_seconds
from tests.integration.reference.started_hospital import ROOT, launch, read_announcement

TARGET = "site"
RELEASE = "2.0.0"


@dataclass(frozen=True)
class WatchedHospital:
    """The announcement of a hospital behind a proxy, and a project in `folder` that watches it."""

    announced: dict[str, Any]
    folder: Path

    @property
    def record_folder(self) -> Path:
        """The folder of the record."""
        return self.folder / "reports/watch" / TARGET

    @property
    def balancer(self) -> dict[str, Any]:
        """The settings of the proxy."""
        return dict(self.announced["surroundings"]["infrastructure"]["balancer"])

    def process_of(self, name: str) -> int:
        """Return the id of a program around the hospital: `proxy` or `instance`."""
        marked = self.balancer["kill"][2].partition("cat ")[2].rstrip(")")
        return int(Path(marked).with_name(f"{name}.pid").read_text())

    def execute(self, statement: str, *values: object) -> None:
        """Change the database behind everybody's back."""
        with psycopg.connect(self.announced["owner_database"]) as connection:
            connection.execute(statement.encode(), values)

    def write_settings(self, watch: str = "", url: str = "") -> None:
        """Write the settings file, with further lines for the watcher; `url` is another way in."""
        way = url or self.balancer["url"]
        lines = [f'target = "{TARGET}"', f"[targets.{TARGET}]", f'url = "{way}"']
        lines += [f'release = "{RELEASE}"', 'limits = { release_header = "X-Release" }']
        lines += [f"[targets.{TARGET}.infrastructure.balancer]"]
        lines += [f'instance_header = "{self.balancer["instance_header"]}"']
        for role, user in self.announced["users"].items():
            (self.folder / f"{role}.pw").write_text(user["password"])
            lines += [f"[targets.{TARGET}.users.{role}]", f'username = "{user["username"]}"']
            lines += [f'password_file = "{role}.pw"']
        (self.folder / "cutover.toml").write_text("\n".join([*lines, watch]) + "\n")

    @contextmanager
    def watch(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        """Start a watcher, and wait until it probes. It is killed at the end where it still runs."""
        process = self.start("watch", *words)
        try:
            self.wait_for(lambda: self.probes_of(process.pid) > 0, process)
            yield process
        finally:
            process.kill()
            process.communicate()

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start the command `cutover-gates` in the project."""
        environment = {name: value for name, value in os.environ.items() if name[:8] != "CUTOVER_"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        environment["SSL_CERT_FILE"] = self.balancer["ca_file"]
        environment["PYTHONPATH"] = f"{ROOT / 'src'}{os.pathsep}{ROOT}"
        return subprocess.Popen(
            [sys.executable, "-m", "cutover_gates.cli.main", *words],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def read(self) -> WatchRecord:
        """Return the record as it stands now."""
        return read_record(self.record_folder)

    def probes_of(self, pid: int) -> int:
        """Return how many probes the process has written down."""
        paths = self.record_folder.glob(f"*-{pid}-*.jsonl")
        return sum(path.read_text().count('"do": "probe"') for path in paths)

    def wait_for(self, condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
        """Wait until something holds. Fails where the process ends before."""
        ends = time.monotonic() + scale_seconds(20)
        while not condition():
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < ends, "the watcher did not get so far"
            time.sleep(0.05)

    def ask(self, begins: float, ends: float, **settings: object) -> WatchAssessments:
        """Return the questions to the record of a window."""
        given = {
            "begins": datetime.fromtimestamp(begins, UTC),
            "ends": datetime.fromtimestamp(ends, UTC),
            "error_share": 0.01,
            **settings,
        }
        return WatchAssessments(self.record_folder, RELEASE, Watch.model_validate(given))


@contextmanager
def start_watched_hospital() -> Iterator[dict[str, Any]]:
    """Start a hospital with two instances and a proxy, and yield what it announces."""
    process = launch("--tied", "--surroundings", "front")
    yield read_announcement(process)
    process.communicate(timeout=scale_seconds(10))


def stop_for(pid: int, seconds: float) -> None:
    """Stop a process for so many seconds, as a machine does that is frozen."""
    os.kill(pid, signal.SIGSTOP)
    time.sleep(seconds)
    os.kill(pid, signal.SIGCONT)


def read_status(hospital: WatchedHospital) -> dict[str, Any]:
    """Return the status file."""
    return dict(json.loads((hospital.record_folder / "status.json").read_text()))

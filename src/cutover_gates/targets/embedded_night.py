"""The night of the embedded hospital: watched from before Phase 1 until after the switch.

The hospital serves its release before, and waits for the word to begin (reference/night.py). The
watcher is the command `cutover-gates watch`, a process of its own, as in any cutover.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from cutover_gates.config.previous import read_older_dialect
from cutover_gates.config.settings import Settings
from cutover_gates.config.watch import Watch
from cutover_gates.util.concurrency import wait_for
from cutover_gates.util.subprocesses import bind_to_parent, kill_child, start_child

ROLLOUT_STAGE, FURTHER = "rollout", {"extra_rate", "extra_probes"}
BASELINE_SECONDS = (15.0, 30.0, 60.0)
"""Seconds in which the release before is watched alone; the later ones where that was too few."""
BASELINE_PROBES = 200
"""Probes in that time without which no response time has a baseline: a busy machine starts late."""
STOP_SECONDS = 30.0
STAGE = "night"
SETTINGS = Path("reference/environment/night_watch.toml")
NAME = "night"
"""The name of the hospital in those settings."""
PROBES = 550
"""Probes before the cutover, and after it: together enough to show 0.1 % of failures."""
PROBE_SECONDS = 150.0
"""The longest wait for so many probes; on two cores they take half a minute."""
END_SECONDS = 60.0
POLL_SECONDS = 0.1


@dataclass
class NightWatch:
    """The watcher of one night. `announced` is the hospital's first line, `folder` the evidence."""

    announced: Mapping[str, Any]
    folder: Path
    root: Path
    table: Watch
    release: str
    settings_file: ClassVar[Path] = SETTINGS
    process: subprocess.Popen[bytes] = field(init=False)
    begins: float = field(init=False)
    ends: float = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "cutover_gates.cli.main", "watch"]
        command += ["--config", str(self.root / self.settings_file), "--release", self.release]
        # A watcher does not end with its standard input: a captain may close the terminal.
        command, env = bind_to_parent(command), self.make_environment()
        with (self.folder / "watcher.txt").open("wb") as output:
            self.process = start_child(
                command, cwd=self.folder, env=env, stdout=output, stderr=output
            )

    def begin(self) -> None:
        """Watch for a while, and give the word to begin with Phase 1."""
        self.wait_for_probes(1)
        self.begins = time.time()
        self.wait_for_probes(PROBES)
        Path(self.announced["begin"]).touch()

    def end(self) -> dict[str, str]:
        """Watch for a while, end the watcher, and return the settings of its record."""
        self.wait_for_probes(self.count_probes() + PROBES)
        self.ends = time.time()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.stop()
        moments = {"begins": self.begins, "ends": self.ends}
        window = {name: datetime.fromtimestamp(at, UTC).isoformat() for name, at in moments.items()}
        return {"folder": str(self.folder / NAME), **window}

    def stop(self) -> None:
        """Kill the watcher where it still runs."""
        if self.process.poll() is None:
            kill_child(self.process)

    def wait_for_probes(self, count: int) -> None:
        """Wait for so many probes. Of a watcher that ended or is too slow the check tells."""
        wait_for(
            lambda: self.count_probes() >= count or self.process.poll() is not None,
            PROBE_SECONDS,
            POLL_SECONDS,
        )

    def count_probes(self) -> int:
        """Return how many probes the watcher has made so far."""
        try:
            status = json.loads((self.folder / NAME / "status.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return 0
        return sum(sum(counts.values()) for counts in status["paths"].values())

    def make_environment(self) -> dict[str, str]:
        """Return the variables of the watcher: those of the user are for other targets."""
        start = f"CUTOVER_TARGETS__{NAME}__".upper()
        kept = {name: value for name, value in os.environ.items() if name[:8] != "CUTOVER_"}
        passwords = {
            f"{start}USERS__{name.upper()}__PASSWORD": password
            for name, password in self.announced["users"].items()
        }
        own = {"folder", "begins", "ends", "paths", "stream"}
        limits = self.table.model_dump(mode="json", exclude=own)
        watch = {f"{start}WATCH__{name.upper()}": str(value) for name, value in limits.items()}
        older = read_older_dialect(self.root).items()
        return {
            **kept,
            **passwords,
            **watch,
            **{f"{start}{name.upper()}": json.dumps(table, default=str) for name, table in older},
            f"{start}URL": self.announced["url"],
            f"{start}WATCH__FOLDER": str(self.folder),
            "CUTOVER_REPORTS": str(self.folder / "reports"),
            "SSL_CERT_FILE": self.announced["ca_file"],
        }


@dataclass
class RolloutWatch(NightWatch):
    """The watcher of a rollout. It runs until `end_in_order`; `further` are its extra probes."""

    triggers: Mapping[str, Any] | None = None
    seconds: float = BASELINE_SECONDS[0]
    previous_release: str = ""
    further: Mapping[str, Any] | None = None
    settings_file: ClassVar[Path] = Path("reference/environment/rollout_watch.toml")

    @classmethod
    def start(
        cls, started: Mapping[str, Any], folder: Path, root: Path, settings: Settings
    ) -> RolloutWatch:
        """Start the watcher, and wait until it has seen the release before for long enough."""
        balancer = started["surroundings"]["infrastructure"]["balancer"]
        announced = {
            "url": balancer["url"],
            "ca_file": balancer["ca_file"],
            "users": {name: user["password"] for name, user in started["users"].items()},
            "backends": balancer["backends"],
            "database": started["database"],
            "log": started["log"],
        }
        target = settings.chosen_target
        for seconds in BASELINE_SECONDS:
            watch = cls(
                announced,
                folder,
                root,
                target.watch,
                settings.release or target.release or started["release"],
                triggers=target.triggers.model_dump(mode="json"),
                seconds=seconds,
                previous_release=settings.previous_release or target.previous_release or "",
                further=target.rollout.proof.model_dump(mode="json", include=FURTHER),
            )
            if watch.has_baseline() or seconds == BASELINE_SECONDS[-1]:
                break
            # Another record: a watcher that goes on in an old one has a time that was not watched.
            watch.stop()
            shutil.rmtree(folder / NAME, ignore_errors=True)
        return watch

    def has_baseline(self) -> bool:
        """Wait until the rollout may begin, and return whether enough was seen before."""
        wait_for(
            lambda: time.time() >= self.begins or self.process.poll() is not None,
            self.seconds + 1,
            POLL_SECONDS,
        )
        return self.count_probes() >= BASELINE_PROBES

    def __post_init__(self) -> None:
        self.begins = time.time() + self.seconds
        super().__post_init__()

    def describe(self) -> dict[str, str]:
        """Return the settings of the record."""
        begins = datetime.fromtimestamp(self.begins, UTC).isoformat()
        return {"folder": str(self.folder / NAME), "begins": begins}

    def end_in_order(self) -> None:
        """End the watcher: it removes what it created; kill it where that takes too long."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_SECONDS)
        self.stop()

    def make_environment(self) -> dict[str, str]:
        """Return the variables of the watcher."""
        start = f"CUTOVER_TARGETS__{NAME}__".upper()
        begins = datetime.fromtimestamp(self.begins, UTC).isoformat()
        return {
            **super().make_environment(),
            f"{start}WATCH__BEGINS": begins,
            f"{start}TRIGGERS": json.dumps(self.triggers or {}),
            f"{start}DATABASE__DSN": self.announced["database"],
            f"{start}MONITORING__LOGS": json.dumps({"kind": "file", "path": self.announced["log"]}),
            f"{start}PREVIOUS_RELEASE": self.previous_release,
            f"{start}ROLLOUT__PROOF": json.dumps(self.further or {}),
            f"{start}INFRASTRUCTURE__BALANCER__BACKENDS": json.dumps(self.announced["backends"]),
        }

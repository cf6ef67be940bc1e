"""Faults of the way to the database, as the watcher's login and the log of the application see it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import psycopg
from psycopg.conninfo import make_conninfo

from cutover_gates.watch import rules
from tests.calibration import scale_seconds
from tests.faults.watch.fired_triggers import DATABASE
from tests.faults.watch.two_releases import TriggerFault
from tests.watched_hospital import RELEASE, TARGET, WatchedHospital

REFUSED = "FATAL: sorry, too many clients already"


class DatabaseTriggerFault(TriggerFault):
    item = "trigger-database"
    check = DATABASE
    breaks = (rules.NOT_FIRED,)
    baseline = 0.0
    lasts = 4.0
    paths = ""
    user: ClassVar[str] = ""

    def tables(self, hospital: WatchedHospital) -> str:
        dsn = hospital.announced["database"]
        dsn = make_conninfo(dsn, user=self.user) if self.user else dsn
        (hospital.folder / "dsn").write_text(dsn, encoding="utf-8")
        return f'[targets.{TARGET}.database]\ndsn_file = "dsn"\nconnect_seconds = 1'


class LoginFault(DatabaseTriggerFault):
    shows = "database/service/probes"


class ThePoolsOfBothReleasesTakeEveryConnection(LoginFault):
    """Old, new and the surge want one connection more than there are (hazard 40)."""

    def harm(self, hospital: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
        dsn = hospital.announced["database"]
        with ExitStack() as held:
            with suppress(psycopg.OperationalError):
                while True:
                    held.enter_context(psycopg.connect(dsn))
            time.sleep(scale_seconds(self.lasts))


class TheDatabaseStandsStill(LoginFault):
    """Its disk hangs: who is connected waits, and nobody else is let in."""

    lasts = 10.0

    def harm(self, hospital: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
        with psycopg.connect(hospital.announced["owner_database"]) as owner:
            found = owner.execute("SHOW data_directory").fetchone()
        assert found
        lines = (Path(found[0]) / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        os.kill(int(lines[0]), signal.SIGSTOP)
        try:
            time.sleep(scale_seconds(self.lasts))
        finally:
            os.kill(int(lines[0]), signal.SIGCONT)


class TheWatchersAccountIsNotLetIn(LoginFault):
    """Somebody forgot to create it: no order to roll back follows from that, and no proof."""

    outcome = "not proven"
    breaks = (rules.DECIDED,)
    shows = "database/service/probes/ is unknown"
    user = "nobody_made_it"

    def harm(self, hospital: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
        time.sleep(scale_seconds(self.lasts))


class LogFault(DatabaseTriggerFault):
    shows = "database/new/logs"

    def tables(self, hospital: WatchedHospital) -> str:
        (hospital.folder / "app.log").touch()
        logs = f'[targets.{TARGET}.monitoring.logs]\nkind = "file"\npath = "app.log"'
        further = 'further_paths = ["second.log"]'
        names = 'release = "release"\ninstance = "pod"'
        return f"{super().tables(hospital)}\n{logs}\n{further}\n{names}"

    def log(self, hospital: WatchedHospital, message: str, file: str = "app.log") -> None:
        """Write a line as the new release does."""
        line = {"time": datetime.now(UTC).isoformat(), "level": "error", "message": message}
        with (hospital.folder / file).open("a", encoding="utf-8") as log:
            log.write(f"{json.dumps({**line, 'release': RELEASE})}\n")

    def keep_logging(self, hospital: WatchedHospital, seconds: float) -> None:
        """Log what happens on a good day, for so long."""
        ends = time.monotonic() + scale_seconds(seconds)
        while time.monotonic() < ends:
            self.log(hospital, "request")
            time.sleep(0.1)


class TheNewReleaseLogsRefusedConnections(LogFault):
    """Its pool is empty, and the others of its pods answer yet: only its log tells."""

    def harm(self, hospital: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
        self.keep_logging(hospital, 1)
        for _ in range(3):
            self.log(hospital, REFUSED)
            self.keep_logging(hospital, 1)
        self.keep_logging(hospital, 1)


class TheLogIsRotatedInTheMiddleOfIt(LogFault):
    """Two failures stand in the file that was renamed, one in the new one: together three."""

    def harm(self, hospital: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
        self.keep_logging(hospital, 1)
        self.log(hospital, "SQLState: 08006")
        log = hospital.folder / "app.log"
        log.rename(hospital.folder / "app.log.1")
        self.log(hospital, REFUSED, "app.log.1")
        self.log(hospital, "(SQLSTATE 57P03)")
        self.keep_logging(hospital, 2)


class TheSecondInstanceHasALogOfItsOwn(LogFault):
    """The failures stand in the file that nobody looked at."""

    def harm(self, hospital: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
        self.keep_logging(hospital, 1)
        for _ in range(3):
            self.log(hospital, REFUSED, "second.log")
        self.keep_logging(hospital, 2)


class TheLogFallsSilent(LogFault):
    """Its collector died: that no failure stands in it proves nothing."""

    outcome = "not proven"
    breaks = (rules.DECIDED,)
    limits = "blind_seconds = 2"

    def harm(self, hospital: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
        self.keep_logging(hospital, 2)
        time.sleep(scale_seconds(6))

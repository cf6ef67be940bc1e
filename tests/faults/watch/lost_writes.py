"""Acknowledged writes of the cutover that are lost, changed, or were never read again."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import ClassVar

from cutover_gates.drivers import rules as write_rules
from cutover_gates.watch import rules
from tests.calibration import scale_seconds
from tests.faults.watch.watch_fault import NO_LOSS, WatchFault
from tests.watched_hospital import WatchedHospital


class _OfWrites(WatchFault):
    """The watcher is killed, so that it removes nothing; the writes are then read again."""

    item = "no-data-loss"
    check = NO_LOSS
    statement: ClassVar[str] = ""
    kind: ClassVar[str] = ""

    def harm(self, hospital: WatchedHospital, watcher: subprocess.Popen[str]) -> None:
        hospital.wait_for(lambda: bool(self._find_victim(hospital)), watcher)
        time.sleep(1)
        os.kill(watcher.pid, signal.SIGKILL)

    def after(self, hospital: WatchedHospital) -> None:
        hospital.execute(self.statement, self._find_victim(hospital))
        hospital.start("watch", "--read-back").communicate(timeout=scale_seconds(30))

    def _find_victim(self, hospital: WatchedHospital) -> str:
        """Return the last record of the kind that was made."""
        made = [line["id"] for line in hospital.read().journal if line["kind"] == self.kind]
        return made[-1] if made else ""


class AnAcknowledgedDocumentIsGone(_OfWrites):
    """The backup was restored over it, and the paper was shredded long ago."""

    breaks = (write_rules.DOCUMENT_STORED,)
    shows = "no record"
    kind = "document"
    statement = "DELETE FROM documents WHERE id = %s"
    settings = "paths.upload = 0.5"


class AnAcknowledgedChangeIsGone(_OfWrites):
    """The old address is back: the letter goes to somebody else."""

    breaks = (write_rules.PATIENT_STORED,)
    shows = "address"
    kind = "patient"
    statement = "UPDATE patients SET address = 'as it was' WHERE id = %s"


class NobodyReadTheWritesAgain(_OfWrites):
    """What was acknowledged may be there or not: nobody looked."""

    outcome = "not proven"
    breaks = (rules.WRITES_READ_BACK,)
    shows = "not read again"
    kind = "patient"

    def after(self, hospital: WatchedHospital) -> None:
        """Read nothing."""


class TheStepWasMarkedAndNobodyReadAfterIt(_OfWrites):
    """Half of the people work on the new release; whether it keeps what it takes was not looked at."""

    outcome = "not proven"
    breaks = (rules.READ_AFTER_EACH_STEP,)
    shows = "half"
    kind = "patient"

    def after(self, hospital: WatchedHospital) -> None:
        """Read everything again, and only then mark the end of the step."""
        for words in (("--read-back",), ("--mark", "half")):
            hospital.start("watch", *words).communicate(timeout=scale_seconds(30))

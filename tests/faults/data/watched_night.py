"""The record of a watcher that saw nothing wrong, for gates that judge the data after the cutover.

No watcher runs here: there is no application beside these databases. `tests/faults/watch` tries real
watchers.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, date, datetime
from pathlib import Path

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.hospital.values import PatientDraft, Sex
from cutover_gates.hospital.write_journal import SentWrite
from cutover_gates.watch.durable_journal import DurableJournal
from cutover_gates.watch.probe_results import PathProbe, ProbeOutcome
from cutover_gates.watch.record_lines import BEAT, PROBE, READ_BACK
from cutover_gates.watch.record_writer import RecordWriter, SteadyClock

INTERVAL, SECONDS = 0.5, 60
DRAFT = PatientDraft("w1-1", "Okafor", "Adaeze", date(1987, 3, 4), Sex.FEMALE, "+49", "1 Road")


class MinuteClock(SteadyClock):
    """A clock that the writer of a past minute sets."""

    now = 0.0

    def __call__(self) -> float:
        """Return the time that was set."""
        return self.now


def write_watched_minute(folder: Path, release: str) -> str:
    """Write the record of the minute before the last, and return `[targets.NAME.watch]` as JSON."""
    begins, clock = time.time() - 2 * SECONDS, MinuteClock()
    clock.now = begins - 1
    writer = RecordWriter(
        folder, {"release": release, "tag": "w", "intervals": {"read": INTERVAL}}, clock
    )
    for tick in range(int((SECONDS + 2) / INTERVAL)):
        clock.now = begins - 1 + tick * INTERVAL
        writer.write(BEAT)
        probe = PathProbe("read", clock.now, clock.now, 0.01, ProbeOutcome.OK, release=release)
        writer.write(PROBE, **probe.to_plain())
        if tick == SECONDS:
            DurableJournal(writer).add(
                "patient", "p", "p", SentWrite(DRAFT, clock.now, clock.now + 0.1)
            )
    answer = Assessment("", ()).to_plain()
    writer.write(READ_BACK, assessment=answer, until=clock.now, unknown=0, unknown_found=0)
    writer.close()
    window = {"begins": begins, "ends": begins + SECONDS}
    return json.dumps(
        {name: datetime.fromtimestamp(at, UTC).isoformat() for name, at in window.items()}
    )

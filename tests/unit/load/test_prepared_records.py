"""What a run leaves behind on a target is known: all that it may have made stands in the ledger,
and nothing is asked after its end.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest

from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.hospital import (
    Answer,
    Driver,
    Patient,
    PatientDraft,
    Reason,
    Rejected,
    Session,
    Sex,
    Unreachable,
)
from cutover_gates.probes.load.config_builder import close_unused_entries
from cutover_gates.probes.load.data_pool import DataPool, PoolExhausted
from cutover_gates.probes.load.hospital_proxies import LedgerReporting
from cutover_gates.probes.load.journey_run import JourneyAborted, JourneyRun
from cutover_gates.probes.load.journeys import KnownPatient
from cutover_gates.probes.load.load_results import LoadResults
from cutover_gates.probes.load.request_outcomes import RequestOutcome
from cutover_gates.probes.load.sample_log import BlockReader
from cutover_gates.probes.load.sample_writer import SampleWriter
from cutover_gates.probes.load.worker_config import PlannedRecords, WorkerConfig
from tests.integration.load.test_worker_processes import brief, known

assert brief  # a fixture
NOBODY = cast(Session, None)


class Desk:
    """A hospital that answers each registration in its own way."""

    def __init__(self, *ways: Callable[[PatientDraft], Patient]) -> None:
        self._ways = iter(ways)

    def register(self, _session: Session, draft: PatientDraft) -> Patient:
        return next(self._ways)(draft)


def registered(draft: PatientDraft) -> Patient:
    return Patient(draft.mrn, "Okafor", "Adaeze", date(1987, 3, 4), Sex.FEMALE, id="17")


def refused(_: PatientDraft) -> Patient:
    raise Rejected(Reason.INVALID, "no", Answer(422, {}, b""))


def silent(_: PatientDraft) -> Patient:
    raise Unreachable("no answer")


def test_what_was_sent_without_an_answer_is_looked_up(tmp_path: Path, brief: WorkerConfig) -> None:
    """It may be there.

    What was made is known by its id; what was refused, or never sent, is not there.
    """
    ledger = Ledger(tmp_path / "ledger.jsonl", "run", "target")
    drafts = [
        PatientDraft(f"new-{number}", "Okafor", "Adaeze", date(1987, 3, 4), Sex.FEMALE)
        for number in range(4)
    ]
    stock = PlannedRecords(
        list(
            zip(
                ledger.intend_many("patient", [(one.mrn, None, {}) for one in drafts]),
                drafts,
                strict=True,
            )
        )
    )
    supplies = DataPool(WorkerConfig(**{**vars(brief), "stock": stock}))
    out, book = bytearray(), LoadResults(ledger, Redactor())
    scribe = SampleWriter(("register",), 0, out.extend)
    desk = cast(
        Driver, LedgerReporting(cast(Driver, Desk(registered, refused, silent)), supplies, scribe)
    )
    for expected in (None, Rejected, Unreachable):
        if expected is None:
            desk.register(NOBODY, supplies.next_patient())
        else:
            with pytest.raises(expected):
                desk.register(NOBODY, supplies.next_patient())
    scribe.write_block(ended=True)
    book.add(*BlockReader().feed(bytes(out)))
    close_unused_entries(ledger, stock, book.requested_entries)
    assert sorted((left.key, left.id) for left in ledger.remaining_records()) == [
        ("new-0", "17"),
        ("new-2", None),
    ]


def test_supplies_end_and_say_so(brief: WorkerConfig) -> None:
    """Three visits for a patient, and no fourth; another's are not taken for it."""
    supplies = DataPool(brief)
    assert [supplies.next_visit_reason(2) for _ in range(3)] == ["visit 2", "visit 8", "visit 14"]
    with pytest.raises(PoolExhausted):
        supplies.next_visit_reason(2)
    assert supplies.next_visit_reason(3) == "visit 3"


def test_supplies_never_end_where_more_can_be_entered(brief: WorkerConfig) -> None:
    """By hand nobody knows for how long it goes on."""
    asked = list[str]()

    def more(kind: str) -> PlannedRecords:
        asked.append(kind)
        return PlannedRecords(visits=[(1000 + len(asked), f"further {len(asked)}", 2)])

    supplies = DataPool(brief, more)
    reasons = [supplies.next_visit_reason(2) for _ in range(5)]
    assert reasons == ["visit 2", "visit 8", "visit 14", "further 1", "further 2"]
    assert asked == ["visit", "visit"]
    assert supplies.entries["further 2"] == 1002


def test_nothing_is_asked_or_kept_after_the_end() -> None:
    """Who waits for his answer has waited so long; when it comes all the same he goes home."""
    kept = list[tuple[Any, ...]]()
    clock = iter(range(100))
    walk = JourneyRun(
        0.0,
        lambda: float(next(clock)),
        lambda _: None,
        lambda: 0.0,
        lambda *record: kept.append(record),
    )
    walk.perform("search", lambda: walk.abort())
    assert [(record[0], record[4]) for record in kept] == [("search", RequestOutcome.UNFINISHED)]
    walk.finish_request()
    with pytest.raises(JourneyAborted):
        walk.perform("patient", lambda: kept.append(("asked",)))
    assert len(kept) == 1


def test_a_known_patient_is_with_one_person_at_a_time(brief: WorkerConfig) -> None:
    """As long as there are enough of them."""
    assert [one.patient.id for one in map(known, range(2))] == ["0", "1"]
    supplies = DataPool(
        WorkerConfig(**{**vars(brief), "known": tuple[KnownPatient, ...](map(known, range(2)))})
    )
    with (
        supplies.borrow_patient() as first,
        supplies.borrow_patient() as second,
        supplies.borrow_patient() as third,
    ):
        assert {first, second} == {0, 1}
        assert third in (0, 1)
    with supplies.borrow_patient() as again:
        assert again in (0, 1)

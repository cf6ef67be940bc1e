"""What a run leaves behind on a target is known: all that it may have made stands in the ledger,
and nothing is asked after its end.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest

from cutover.evidence import Ledger, Redactor
from cutover.hospital import (
    Answer,
    Hospital,
    Patient,
    PatientDraft,
    Reason,
    Refused,
    Session,
    Sex,
    Unreachable,
)
from cutover.load.book import Book
from cutover.load.brief import Brief, Stock
from cutover.load.briefing import settle
from cutover.load.journey import Known
from cutover.load.log import BlockReader
from cutover.load.samples import Ending
from cutover.load.scribe import Scribe
from cutover.load.supplies import Entered, SoldOut, Supplies
from cutover.load.walk import JourneyEnds, Walk
from tests.unit.load.test_processes import brief, known

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
    raise Refused(Reason.INVALID, "no", Answer(422, {}, b""))


def silent(_: PatientDraft) -> Patient:
    raise Unreachable("no answer")


def test_what_was_sent_without_an_answer_is_looked_up(tmp_path: Path, brief: Brief) -> None:
    """It may be there.

    What was made is known by its id; what was refused, or never sent, is not there.
    """
    ledger = Ledger(tmp_path / "ledger.jsonl", "run", "target")
    drafts = [
        PatientDraft(f"new-{number}", "Okafor", "Adaeze", date(1987, 3, 4), Sex.FEMALE)
        for number in range(4)
    ]
    stock = Stock(
        list(
            zip(
                ledger.intend_many("patient", [(one.mrn, None, {}) for one in drafts]),
                drafts,
                strict=True,
            )
        )
    )
    supplies = Supplies(Brief(**{**vars(brief), "stock": stock}))
    out, book = bytearray(), Book(ledger, Redactor())
    scribe = Scribe(("register",), 0, out.extend)
    desk = cast(
        Hospital, Entered(cast(Hospital, Desk(registered, refused, silent)), supplies, scribe)
    )
    for expected in (None, Refused, Unreachable):
        if expected is None:
            desk.register(NOBODY, supplies.newcomer())
        else:
            with pytest.raises(expected):
                desk.register(NOBODY, supplies.newcomer())
    scribe.write(ended=True)
    book.take(*BlockReader().feed(bytes(out)))
    settle(ledger, stock, book.asked)
    assert sorted((left.key, left.id) for left in ledger.left()) == [
        ("new-0", "17"),
        ("new-2", None),
    ]


def test_supplies_end_and_say_so(brief: Brief) -> None:
    """Three visits for a patient, and no fourth; another's are not taken for it."""
    supplies = Supplies(brief)
    assert [supplies.reason(2) for _ in range(3)] == ["visit 2", "visit 8", "visit 14"]
    with pytest.raises(SoldOut):
        supplies.reason(2)
    assert supplies.reason(3) == "visit 3"


def test_supplies_never_end_where_more_can_be_entered(brief: Brief) -> None:
    """By hand nobody knows for how long it goes on."""
    asked = list[str]()

    def more(kind: str) -> Stock:
        asked.append(kind)
        return Stock(visits=[(1000 + len(asked), f"further {len(asked)}", 2)])

    supplies = Supplies(brief, more)
    reasons = [supplies.reason(2) for _ in range(5)]
    assert reasons == ["visit 2", "visit 8", "visit 14", "further 1", "further 2"]
    assert asked == ["visit", "visit"]
    assert supplies.entries["further 2"] == 1002


def test_nothing_is_asked_or_kept_after_the_end() -> None:
    """Who waits for his answer has waited so long; when it comes all the same he goes home."""
    kept = list[tuple[Any, ...]]()
    clock = iter(range(100))
    walk = Walk(
        0.0,
        lambda: float(next(clock)),
        lambda _: None,
        lambda: 0.0,
        lambda *record: kept.append(record),
    )
    walk.do("search", lambda: walk.cut())
    assert [(record[0], record[4]) for record in kept] == [("search", Ending.CUT)]
    walk.settle()
    with pytest.raises(JourneyEnds):
        walk.do("patient", lambda: kept.append(("asked",)))
    assert len(kept) == 1


def test_a_known_patient_is_with_one_person_at_a_time(brief: Brief) -> None:
    """As long as there are enough of them."""
    assert [one.patient.id for one in map(known, range(2))] == ["0", "1"]
    supplies = Supplies(Brief(**{**vars(brief), "known": tuple[Known, ...](map(known, range(2)))}))
    with supplies.somebody() as first, supplies.somebody() as second, supplies.somebody() as third:
        assert {first, second} == {0, 1}
        assert third in (0, 1)
    with supplies.somebody() as again:
        assert again in (0, 1)

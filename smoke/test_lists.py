"""Lists and searches show each entry once, page by page, and show a write at once.

A target whose lists show a write later declares within how many seconds (immediate-lists).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from itertools import chain

import pytest

from cutover_gates.hospital import (
    Document,
    Driver,
    FrontDesk,
    Patient,
    PatientQuery,
    Records,
    Rejected,
    Session,
    Visit,
    VisitStatus,
    Ward,
)
from cutover_gates.hospital.matchers import (
    ListDelay,
    TargetCapabilities,
    act_concurrently,
    assert_equal,
)
from cutover_gates.hospital.synthetic import FileFactory, PatientFactory

ENTRIES = (4, 5)
"""Entries of a list: the last page of two is full, or has one entry. Each is a list of its own, as
a target that declares it (immediate-lists) may answer the same question from a cache."""
PAIR = 2
SEARCHED = "ids found by record number, family name and given name"


# ── page by page ──


@pytest.mark.parametrize("entries", ENTRIES)
@pytest.mark.plan("visit-creation")
def test_visits_are_listed_once_on_pages_of_two(
    ward: Ward, clinician: Session, small_pages: Driver, registered: Patient, entries: int
) -> None:
    """Every visit of a patient is listed once on pages of two, with its state.

    None is lost or doubled where one page ends and the next begins, also where the last page is
    full. The list says how many there are, where it says a number.
    """
    visits = [ward.discharge(ward.admit(ward.open(registered))) for _ in range(entries - 1)]
    visits.append(ward.open(registered))
    assert_listed(visits, small_pages.visits_of(clinician, registered.id))
    assert_listed(visits, ward.visits_of(registered))


@pytest.mark.parametrize("entries", ENTRIES)
@pytest.mark.plan("document-upload")
def test_documents_are_listed_once_on_pages_of_two(
    records: Records,
    clinician: Session,
    small_pages: Driver,
    registered: Patient,
    files: FileFactory,
    entries: int,
) -> None:
    """Every document of a patient is listed once on pages of two, with its name and type.

    None is lost or doubled where one page ends and the next begins, also where the last page is
    full.
    """
    filed = [records.file(registered, files.of_type("text/plain")) for _ in range(entries - 1)]
    filed.append(records.file(registered, files.of_type("image/png")))
    assert_listed(filed, small_pages.documents_of(clinician, registered.id))
    assert_listed(filed, records.list_documents(registered))


@pytest.mark.parametrize("entries", ENTRIES)
@pytest.mark.plan("patient-creation")
@pytest.mark.parametrize("key", ["family_name", "given_name"])
def test_patients_of_one_name_are_found_once_on_pages_of_two(
    front_desk: FrontDesk,
    registrar: Session,
    small_pages: Driver,
    people: PatientFactory,
    key: str,
    entries: int,
) -> None:
    """Every patient of one name is found once on pages of two.

    None is lost or doubled where one page ends and the next begins, also where the last page is
    full.
    """
    name = getattr(people.draft(), key)
    named = [front_desk.register(replace(people.draft(), **{key: name})) for _ in range(entries)]
    assert_listed(named, small_pages.search(registrar, PatientQuery(name=name)))
    assert_listed(named, front_desk.find(name=name))


@pytest.mark.plan("patient-creation")
def test_one_record_number_is_found_once_on_pages_of_two(
    registrar: Session, small_pages: Driver, registered: Patient, neighbour: Patient
) -> None:
    """A search by record number finds its patient once on pages of two, and nobody else."""
    for patient in (registered, neighbour):
        assert_listed([patient], small_pages.search(registrar, PatientQuery(mrn=patient.mrn)))


@pytest.mark.plan("patient-creation")
def test_patients_of_one_name_and_birth_date_are_found_once_on_pages_of_two(
    front_desk: FrontDesk,
    registrar: Session,
    small_pages: Driver,
    people: PatientFactory,
    capabilities: TargetCapabilities,
) -> None:
    """A search by name and birth date finds every such patient once on pages of two.

    Patients of the same name and another birth date are not among them, and do not count.
    """
    name = people.draft().family_name

    def register_born(day: date) -> list[Patient]:
        draft = replace(people.draft(), family_name=name, birth_date=day)
        return [front_desk.register(replace(draft, mrn=people.mrn())) for _ in range(PAIR + 1)]

    by_day = {day: register_born(day) for day in (date(1987, 3, 4), date(1991, 7, 15))}
    searches = {
        day: partial(small_pages.search, registrar, PatientQuery(name=name, birth_date=day))
        for day in by_day
    }
    assert_listed(
        chain.from_iterable(by_day.values()),
        small_pages.search(registrar, PatientQuery(name=name)),
    )
    found = [ids(answer) for answer in map(listed_or_none, searches.values())]
    right = [ids(born) for born in by_day.values()]
    capabilities.allow_lack("search-by-birth-date", is_lacking=found != right)
    for day, born in by_day.items():
        assert_listed(born, searches[day]())


# ── before and after a write ──


@pytest.mark.plan("patient-creation")
def test_a_search_finds_who_was_registered_since_it_was_made_before(
    front_desk: FrontDesk, people: PatientFactory, list_delay: ListDelay
) -> None:
    """A search that found nobody finds a patient who was registered since.

    A desk that searches, registers and searches again would register a second time.
    """
    draft = people.draft()

    def find() -> tuple[list[str], ...]:
        by_names = [
            ids(front_desk.find(name=name)) for name in (draft.family_name, draft.given_name)
        ]
        return ids(front_desk.find(mrn=draft.mrn)), *by_names

    assert_equal(([], [], []), find(), f"before the registration, {SEARCHED}")
    patient = front_desk.register(draft)
    list_delay.assert_becomes(([patient.id],) * 3, find, f"after the registration, {SEARCHED}")


@pytest.mark.plan("patient-creation")
def test_a_search_follows_a_correction_since_it_was_made_before(
    front_desk: FrontDesk, people: PatientFactory, list_delay: ListDelay
) -> None:
    """A search that found a patient does not find them under a name that was corrected since.

    The search by the new name, which found nobody before, finds them.
    """
    patient = front_desk.register(people.draft())
    old, new = patient.family_name, people.draft().family_name
    assert_equal([patient.id], ids(front_desk.find(name=old)), "ids found by the old name")
    assert not front_desk.find(name=new)
    front_desk.update(replace(front_desk.patient(patient.id), family_name=new))
    list_delay.assert_becomes(
        ([patient.id], []),
        lambda: (ids(front_desk.find(name=new)), ids(front_desk.find(name=old))),
        "ids found by the new name, and by the old one",
    )


@pytest.mark.plan("visit-creation")
def test_a_list_of_visits_shows_what_was_opened_since_it_was_read(
    ward: Ward, registered: Patient, list_delay: ListDelay
) -> None:
    """A list of visits that was empty shows a visit that was opened since."""
    assert not ward.visits_of(registered)
    visit = ward.open(registered)
    list_delay.assert_becomes(
        {visit.id: VisitStatus.OPEN}, lambda: states(ward, registered), "visits"
    )


@pytest.mark.plan("visit-creation")
@pytest.mark.parametrize("status", [VisitStatus.ADMITTED, VisitStatus.DISCHARGED])
def test_a_list_of_visits_follows_a_move_since_it_was_read(
    ward: Ward, registered: Patient, list_delay: ListDelay, status: VisitStatus
) -> None:
    """A list of visits that was read before a move shows the visit in its new state."""
    visit = ward.open(registered)
    if status is VisitStatus.DISCHARGED:
        ward.admit(visit)
    assert_equal([visit.id], ids(ward.visits_of(registered)), "ids of the listed visits")
    move = ward.discharge if status is VisitStatus.DISCHARGED else ward.admit
    move(visit)
    list_delay.assert_becomes({visit.id: status}, lambda: states(ward, registered), "visits")


@pytest.mark.plan("document-upload")
def test_a_list_of_documents_shows_what_was_filed_since_it_was_read(
    records: Records, registered: Patient, files: FileFactory, list_delay: ListDelay
) -> None:
    """A list of documents that was read before shows the documents that were filed since."""
    assert not records.list_documents(registered)
    filed = [records.file(registered, files.of_type("text/plain")).id for _ in range(PAIR)]
    list_delay.assert_becomes(
        sorted(filed),
        lambda: ids(records.list_documents(registered)),
        "ids of the listed documents",
    )


@pytest.mark.plan("document-upload")
def test_a_list_of_documents_follows_a_removal_since_it_was_read(
    hospital: Driver,
    administrator: Session,
    records: Records,
    registered: Patient,
    files: FileFactory,
    list_delay: ListDelay,
) -> None:
    """A list of documents that was read before does not show a document that was removed since.

    A target that marks records instead of deleting them may show it.
    """
    kept, removed = (records.file(registered, files.of_type("text/plain")) for _ in range(PAIR))
    both = sorted([kept.id, removed.id])
    assert_equal(both, ids(records.list_documents(registered)), "ids before the removal")
    how = hospital.retire(administrator, "document", removed.id, registered.id)
    if how == "deleted":
        list_delay.assert_becomes(
            [kept.id], lambda: ids(records.list_documents(registered)), "ids after the removal"
        )


def states(ward: Ward, patient: Patient) -> Mapping[str, VisitStatus]:
    """Return the state of each listed visit of a patient."""
    return {visit.id: visit.status for visit in ward.visits_of(patient)}


def listed_or_none(search: Callable[[], Sequence[Patient]]) -> Sequence[Patient]:
    """Return the patients of a search, and nobody where it is refused."""
    (answer,) = act_concurrently(search)
    return () if isinstance(answer, Rejected) else answer


def ids(listed: Iterable[Patient | Visit | Document]) -> list[str]:
    """Return the sorted ids of a list's entries."""
    return sorted(entry.id for entry in listed)


def assert_listed(
    expected: Iterable[Patient | Visit | Document], listed: Iterable[Patient | Visit | Document]
) -> None:
    """Assert that a list has each of the expected entries once, with the same values."""
    expected, listed = list(expected), list(listed)
    wanted, found = Counter(ids(expected)), Counter(ids(listed))
    lost, surplus = sorted(wanted - found), sorted(found - wanted)
    subject = f"ids that are lost, and ids that are doubled or do not belong, of {len(expected)}"
    assert_equal(([], []), (lost, surplus), subject)
    shown = {entry.id: describe(entry) for entry in listed}
    assert_equal({entry.id: describe(entry) for entry in expected}, shown, "listed entries")


def describe(entry: Patient | Visit | Document) -> tuple[str, ...]:
    """Return what a list must show of an entry."""
    if isinstance(entry, Patient):
        return entry.mrn, entry.family_name, entry.given_name
    if isinstance(entry, Visit):
        return (entry.status.value,)
    return entry.file_name, entry.media_type

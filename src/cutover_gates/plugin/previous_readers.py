"""People who work with the release before while the scripts run under it.

Its connections keep plans of their statements (a driver prepares one after some uses). PostgreSQL
refuses such a plan where the type of its result has changed since.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cutover_gates.drivers.sessions import SessionPool
from cutover_gates.hospital import (
    Driver,
    MappingError,
    Patient,
    PatientQuery,
    ProtocolViolation,
    Rejected,
    Role,
    Unsupported,
    Visit,
)
from cutover_gates.hospital.synthetic import PatientFactory

ROUNDS = 15
"""Uses of each statement before and after the scripts: more than a driver waits for (5), on each
connection that a pool without load opens.
"""
REQUEST_ERRORS = (Rejected, ProtocolViolation, MappingError, OSError)


@dataclass(frozen=True)
class PreviousReaders:
    """A patient of their own, with a visit, whom they read over and over."""

    driver: Driver
    pool: SessionPool
    patient: Patient
    visit: Visit

    def read(self) -> Iterator[tuple[str, str]]:
        """Yield what fails, by what is done, each once."""
        failed: dict[str, str] = {}
        for _round in range(ROUNDS):
            for name, act in self._acts().items():
                if name not in failed and (problem := _find_problem(act)):
                    failed[name] = problem
        yield from failed.items()

    def _acts(self) -> dict[str, Callable[[], object]]:
        driver, patient, visit = self.driver, self.patient, self.visit
        query = PatientQuery(mrn=patient.mrn)
        registrar, clinician = map(self.pool.session, (Role.REGISTRAR, Role.CLINICIAN))
        return {
            "reading a patient": lambda: driver.patient(registrar, patient.id),
            "a search": lambda: list(driver.search(registrar, query)),
            "reading a visit": lambda: driver.visit(clinician, patient.id, visit.id),
            "listing visits": lambda: list(driver.visits_of(clinician, patient.id)),
            "listing documents": lambda: list(driver.documents_of(clinician, patient.id)),
        }


def prepare_readers(driver: Driver, pool: SessionPool, tag: str) -> PreviousReaders:
    """Register the patient and open the visit. Raises one of `REQUEST_ERRORS`."""
    patient = driver.register(pool.session(Role.REGISTRAR), PatientFactory(tag).draft())
    visit = driver.open_visit(pool.session(Role.CLINICIAN), patient.id, "observation")
    return PreviousReaders(driver, pool, patient, visit)


def _find_problem(act: Callable[[], object]) -> str:
    try:
        act()
    except Unsupported:
        return ""
    except REQUEST_ERRORS as error:
        return str(error).splitlines()[0]
    return ""

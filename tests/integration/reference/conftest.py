"""One started hospital for the whole folder, and its staff, signed in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reference import announcement, cutover, postgres, template
from tests.integration.reference.started_hospital import (
    Hospital,
    Json,
    Staff,
    launch,
    patient_data,
    read_announcement,
)


@pytest.fixture(scope="session")
def hospital() -> Iterator[Hospital]:
    """Start one hospital for the folder."""
    process = launch("--tied")
    announced = read_announcement(process)
    names = ("url", "database", "owner_database", "users", "expired_token")
    yield Hospital(**{name: announced[name] for name in names}, log=Path(announced["log"]))
    process.communicate(timeout=5)


@pytest.fixture(scope="module")
def staff(hospital: Hospital) -> Iterator[Staff]:
    """Return `staff("registrar")`: a client of a member of staff who is signed in.

    A token lives for 15 minutes, and all tests together take longer.
    """
    clients = {
        name: hospital.client(hospital.sign_in(name)["access_token"]) for name in hospital.users
    }
    yield clients.__getitem__
    for client in clients.values():
        client.close()


@pytest.fixture
def patient(staff: Staff) -> Json:
    """Register a patient in the north."""
    answer = staff("registrar").post("/patients", json=patient_data())
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.Server]:
    """Start a PostgreSQL with the release before."""
    with postgres.run_cluster(template.ensure_cluster()) as running:
        yield running


@pytest.fixture(scope="session")
def migrated(server: postgres.Server) -> str:
    """Return the name of a database that went through the cutover.

    Copy it; tests connect to it only to read.
    """
    server.copy(template.DATABASE, "migrated")
    cutover.perform(server, "migrated", announcement.accounts())
    return "migrated"

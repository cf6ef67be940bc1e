"""The records of the watcher's own that its probes read and change."""

from __future__ import annotations

import queue
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

from cutover_gates.config.settings import Settings
from cutover_gates.hospital import (
    Document,
    Driver,
    Patient,
    Role,
    Session,
    Unsupported,
    Upload,
)
from cutover_gates.hospital.synthetic import FileFactory, PatientFactory
from cutover_gates.watch.release_crossings import Registrations

SMALL_BYTES = 2048


@dataclass(frozen=True)
class OwnDocument:
    """A filed document, and the sum of the bytes that were sent."""

    document: Document
    sha256: str


@dataclass
class OwnRecords:
    """What the probes work on. `writable` are patients that one probe at a time changes."""

    people: PatientFactory
    files: FileFactory
    media_type: str
    read: Patient
    registrations: Registrations = field(default_factory=Registrations)
    writable: queue.SimpleQueue[Patient] = field(default_factory=queue.SimpleQueue)
    small: OwnDocument | None = None
    large: OwnDocument | None = None

    def new_upload(self, size: int = SMALL_BYTES) -> Upload:
        """Return a new file of the watcher's type."""
        return self.files.of_type(self.media_type, size)


def create_own_records(
    settings: Settings,
    driver: Driver,
    sessions: Callable[[Role], Session],
    tag: str,
    writable: int,
) -> OwnRecords:
    """Create the records. `writable` is how many patients are changed at the same time.

    A target that takes no documents gets none. Raises as the driver does.
    """
    limits = settings.chosen_target.limits
    people, files = PatientFactory(tag), FileFactory(tag, limits.document_types)
    registrar = sessions(Role.REGISTRAR)
    records = OwnRecords(
        people, files, limits.document_types[0], driver.register(registrar, people.draft())
    )
    for _ in range(writable):
        records.writable.put(driver.register(registrar, people.draft()))
    try:
        clinician = sessions(Role.CLINICIAN)
        records.small = _file(driver, clinician, records, SMALL_BYTES)
        records.large = _file(driver, clinician, records, limits.document_bytes)
    except Unsupported:
        pass  # declared: the paths of documents are not applicable
    return records


def _file(driver: Driver, clinician: Session, records: OwnRecords, size: int) -> OwnDocument:
    upload = records.new_upload(size)
    document = driver.upload(clinician, records.read.id, upload)
    return OwnDocument(document, sha256(upload.content).hexdigest())

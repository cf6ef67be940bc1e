"""The language that checks speak: patients, visits, documents, sessions, and the protocol that a
driver fulfils.

Nothing here knows a URL, a status code of a particular target, or a payload. A driver
(`cutover.drivers`) translates.
"""

from cutover.hospital.actors import Door, FrontDesk, Records, Ward
from cutover.hospital.answers import (
    Answer,
    MappingError,
    Misbehaved,
    NotOffered,
    Refused,
    Unreachable,
)
from cutover.hospital.protocol import Hospital
from cutover.hospital.values import (
    Credentials,
    Document,
    Health,
    Move,
    Operation,
    Patient,
    PatientDraft,
    PatientQuery,
    Reason,
    Role,
    Session,
    Sex,
    Status,
    Upload,
    Visit,
)

__all__ = [
    "Answer",
    "Credentials",
    "Document",
    "Door",
    "FrontDesk",
    "Health",
    "Hospital",
    "MappingError",
    "Misbehaved",
    "Move",
    "NotOffered",
    "Operation",
    "Patient",
    "PatientDraft",
    "PatientQuery",
    "Reason",
    "Records",
    "Refused",
    "Role",
    "Session",
    "Sex",
    "Status",
    "Unreachable",
    "Upload",
    "Visit",
    "Ward",
]

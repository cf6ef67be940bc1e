"""The synthetic records: staff, 10,000 patients, 30,000 visits, 5,000 documents, two facilities.

`records(connection)` inserts them into the schema of the release *before* (migrations 1 to 6). They
are always the same, from one fixed seed, and look as that release wrote them: letters for sex,
empty phones, visits without a reason, file names with paths. Migrations 7 to 10 then have something
to transform. `staff(connection, accounts)` adds the people who sign in, with passwords from the
caller.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any, LiteralString
from uuid import UUID

import psycopg

from reference.auth import passwords

PATIENTS, VISITS, DOCUMENTS, SESSIONS, AUDIT_ENTRIES = 10_000, 30_000, 5_000, 200, 2_000
FACILITIES = ("north", "south")
LOCKED = "!"  # A password hash that no password matches: the synthetic staff cannot sign in.
_SEED = 20_251_101
_TODAY = datetime(2025, 11, 1, 8, 0, tzinfo=UTC)

_FAMILY_NAMES = (
    *(
        "Smith",
        "García",
        "Nguyễn",
        "O’Brien",
        "Müller-Lüdenscheidt",
        "Þórsdóttir",
        "Łukaszewicz",
        "Šimůnek",
        "Dvořáková",
        "İnönü",
    ),
    *(
        "Straße",
        "Ødegård",
        "D'Angelo",
        "van der Berg",
        "Ivanova",
        "Петренко",
        "Щербакова",
        "Παπαδόπουλος",
        "Σίσυφος",
        "Հակոբյան",
    ),
    *(
        "ბერიძე",
        "כהן",
        "الحسيني",
        "رضایی",
        "शर्मा",
        "চৌধুরী",
        "சுப்பிரமணியம்",
        "ศรีสุวรรณ",
        "欧阳",
        "髙橋",
        "𠮷田",
        "김",
        "Ngũgĩ",
        "Kealoha",
    ),
)
_GIVEN_NAMES = (
    *(
        "Ann",
        "José",
        "Zoë",
        "Siân",
        "Björk",
        "Mary Jane",
        "Jean-Luc",
        "Ayşe",
        "Ciarán",
        "Renée",
        "Ольга",
        "Дмитро",
        "Ελένη",
        "Անի",
    ),
    *(
        "ნინო",
        "שרה",
        "فاطمة",
        "آرش",
        "लक्ष्मी",
        "মীনা",
        "கமலா",
        "สมชาย",
        "小明",
        "さくら",
        "지우",
        "Wanjirũ",
        "Kawika",
        "",
    ),
)
_REASONS = (
    "Chest pain",
    "Fièvre",
    "Brüche nach Sturz",
    "Контрольный осмотр",
    "定期検診",
    "Follow-up",
    "  ",
    None,
)
_STREETS = ("Main Street", "Rue de l’Église", "Große Straße", "улица Мира", "中山路")
_FOLDERS = ("", "", "scans/", "C:\\scans\\", "../outbox/", "/home/ward/")

Row = Sequence[Any]


@dataclass(frozen=True)
class Account:
    """A member of staff who may sign in.

    `role` is registrar, clinician, auditor or administrator.
    """

    username: str
    password: str
    role: str
    facility: str


def staff(
    connection: psycopg.Connection, accounts: Iterable[Account], hashing: passwords.Hashing
) -> None:
    """Insert the accounts, with hashed passwords."""
    for account in accounts:
        connection.execute(
            "INSERT INTO staff (username, password_hash, role, facility) VALUES (%s, %s, %s, %s)",
            [
                account.username,
                passwords.hash_of(account.password, hashing),
                account.role,
                account.facility,
            ],
        )


def records(connection: psycopg.Connection) -> None:
    """Insert all synthetic records into empty tables of the release before (about two seconds)."""
    chance = random.Random(_SEED)
    people = {
        facility: [f"{facility}-ward-{number:02}" for number in range(1, 11)]
        for facility in FACILITIES
    }
    patients = list(_patients(chance))
    facility_of = {patient[0]: patient[1] for patient in patients}
    _copy(
        connection,
        "COPY staff (username, password_hash, role, facility, created_at) FROM STDIN",
        _past_staff(people),
    )
    _copy(
        connection,
        "COPY patients (id, facility, mrn, family_name, given_name, birth_date, sex, phone,"
        " address, version, created_at, updated_at) FROM STDIN",
        patients,
    )
    _copy(
        connection,
        "COPY visits (id, patient_id, state, reason, opened_at, admitted_at, discharged_at) FROM"
        " STDIN",
        _visits(chance, patients),
    )
    _copy(
        connection,
        "COPY documents (id, patient_id, file_name, media_type, content, uploaded_by, uploaded_at)"
        " FROM STDIN",
        _documents(chance, facility_of, people),
    )
    _copy(
        connection,
        "COPY sessions (id, username, refresh_token_hash, created_at, expires_at, ended_at) FROM"
        " STDIN",
        _sessions(chance, people),
    )
    _copy(
        connection,
        "COPY audit_entries (at, username, action, patient_id, allowed) FROM STDIN",
        _audit_entries(chance, facility_of, people),
    )


def _copy(connection: psycopg.Connection, statement: LiteralString, rows: Iterable[Row]) -> None:
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _past_staff(people: Mapping[str, Sequence[str]]) -> Iterator[Row]:
    for facility, usernames in people.items():
        for username in usernames:
            yield username, LOCKED, "clinician", facility, _TODAY - timedelta(days=3000)


def _patients(chance: random.Random) -> Iterator[Row]:
    for number in range(1, PATIENTS + 1):
        facility = FACILITIES[number % 2]
        created = _moment(chance, _TODAY - timedelta(days=2500), 2000)
        yield (
            _uuid(chance),
            facility,
            f"{facility[0].upper()}-{number:06}",
            chance.choice(_FAMILY_NAMES),
            chance.choice(_GIVEN_NAMES),
            date(1925, 1, 1) + timedelta(days=chance.randrange(33_000)),
            chance.choice("FFFFMMMMOU"),
            chance.choice(("", None, f"+00 555 {number:06}")),
            chance.choice((None, f"{chance.randrange(1, 200)} {chance.choice(_STREETS)}")),
            chance.randrange(1, 5),
            created,
            _moment(chance, created, 400),
        )


def _visits(chance: random.Random, patients: Sequence[Row]) -> Iterator[Row]:
    for _ in range(VISITS):
        patient = chance.choice(patients)
        opened = _moment(chance, patient[10], 450)
        state = chance.choice((0, 1, 2, 2, 2, 2, 3))
        # One in five was discharged without ever having been admitted, which the release before
        # allowed.
        admitted = (
            opened + timedelta(hours=1)
            if state == 1 or (state == 2 and chance.random() < 0.8)
            else None
        )
        discharged = opened + timedelta(days=chance.randrange(1, 20)) if state == 2 else None
        yield (
            _uuid(chance),
            patient[0],
            state,
            chance.choice(_REASONS),
            opened,
            admitted,
            discharged,
        )


def _documents(
    chance: random.Random, facility_of: Mapping[UUID, str], people: Mapping[str, Sequence[str]]
) -> Iterator[Row]:
    patients = list(facility_of)
    for number in range(1, DOCUMENTS + 1):
        patient = chance.choice(patients)
        media_type, ending, content = chance.choice((_note, _picture, _letter))(number)
        name = f"{chance.choice(_FOLDERS)}Befund {number:05}.{ending}"
        uploaded_by = chance.choice(people[facility_of[patient]])
        yield (
            _uuid(chance),
            patient,
            name,
            media_type,
            content,
            uploaded_by,
            _moment(chance, _TODAY - timedelta(days=450), 450),
        )


def _note(number: int) -> tuple[str, str, bytes]:
    return (
        "text/plain",
        "txt",
        f"Nota clínica № {number}\nОсмотр без особенностей. 経過良好。\n".encode()
        * (1 + number % 5),
    )


def _picture(number: int) -> tuple[str, str, bytes]:
    """Return content that begins as a PNG does; nothing reads the rest."""
    return (
        "image/png",
        "png",
        b"\x89PNG\r\n\x1a\n" + sha256(str(number).encode()).digest() * (1 + number % 7),
    )


def _letter(number: int) -> tuple[str, str, bytes]:
    return (
        "application/pdf",
        "pdf",
        b"%%PDF-1.4\n%% letter %d\n1 0 obj<</Type/Catalog>>endobj\n%%%%EOF\n" % number,
    )


def _sessions(chance: random.Random, people: Mapping[str, Sequence[str]]) -> Iterator[Row]:
    """Yield past sessions, all of them ended."""
    everyone = [username for usernames in people.values() for username in usernames]
    for _ in range(SESSIONS):
        created = _moment(chance, _TODAY - timedelta(days=30), 29)
        expires = created + timedelta(hours=8)
        yield (
            _uuid(chance),
            chance.choice(everyone),
            chance.randbytes(32),
            created,
            expires,
            chance.choice((None, expires)),
        )


def _audit_entries(
    chance: random.Random, facility_of: Mapping[UUID, str], people: Mapping[str, Sequence[str]]
) -> Iterator[Row]:
    patients = list(facility_of)
    for _ in range(AUDIT_ENTRIES):
        patient = chance.choice(patients)
        username = chance.choice(people[facility_of[patient]])
        action = chance.choice(("patient.read", "visit.list", "document.read"))
        yield (
            _moment(chance, _TODAY - timedelta(days=400), 399),
            username,
            action,
            patient,
            chance.random() < 0.97,
        )


def _uuid(chance: random.Random) -> UUID:
    return UUID(int=chance.getrandbits(128), version=4)


def _moment(chance: random.Random, earliest: datetime, days: int) -> datetime:
    return earliest + timedelta(seconds=chance.randrange(days * 86_400))

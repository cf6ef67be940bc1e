"""The names that APIs give to our fields, the nearest first.

A guess is only a beginning: the mapping check tries each of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from cutover_gates.drivers.mapping_sketch.schema_shapes import SchemaField

LEAST_ENDING = 5
"""Characters of a name that is also recognized at the end of a longer one."""

PATIENT: Mapping[str, Sequence[str]] = {
    "id": ("id", "external_id", "patient_id", "person_id", "uuid", "guid", "no", "_id"),
    "mrn": (
        "mrn",
        "medical_record_number",
        "record_number",
        "record_no",
        "patient_number",
        "hospital_number",
        "chart_number",
        "case_number",
        "patient_identifier",
        "identifier",
        "card_number",
        "card",
        "number",
    ),
    "family_name": ("family_name", "last_name", "surname", "family"),
    "given_name": ("given_name", "first_name", "forename", "given"),
    "full_name": ("full_name", "patient_name", "display_name", "name"),
    "birth_date": ("birth_date", "date_of_birth", "dob", "born", "birthday", "born_on"),
    "birth_year": ("year_of_birth", "birth_year", "born_in"),
    "sex": ("sex", "gender", "administrative_gender", "administrative_sex"),
    "phone": ("phone", "phone_number", "telephone", "mobile", "mobile_number", "tel", "call"),
    "address": ("address", "full_address", "home_address", "lives_at", "street"),
    "version": ("version", "revision", "etag", "row_version", "lock_version"),
}
VISIT: Mapping[str, Sequence[str]] = {
    "id": (
        "id",
        "external_id",
        "visit_id",
        "encounter_id",
        "stay_id",
        "admission_id",
        "appointment_id",
        "uuid",
        "guid",
        "no",
        "_id",
    ),
    "patient_id": ("patient_id", "patient", "person_id", "person", "subject", "of"),
    "status": ("status", "state", "stage", "visit_status", "encounter_status"),
    "reason": (
        "reason",
        "why",
        "reason_for_visit",
        "chief_complaint",
        "complaint",
        "purpose",
        "description",
    ),
}
DOCUMENT: Mapping[str, Sequence[str]] = {
    "id": (
        "id",
        "external_id",
        "document_id",
        "file_id",
        "attachment_id",
        "uuid",
        "guid",
        "no",
        "_id",
    ),
    "patient_id": ("patient_id", "patient", "person_id", "person", "associating_id", "subject"),
    "file_name": ("file_name", "original_name", "name", "title", "called"),
    "media_type": ("media_type", "mime_type", "content_type", "file_type", "type", "kind"),
    "size": ("size", "file_size", "bytes", "length", "content_length"),
    "sha256": ("sha256", "digest", "checksum", "hash"),
}
SESSION: Mapping[str, Sequence[str]] = {
    "access": ("access_token", "access", "token", "jwt", "id_token", "key", "session_token"),
    "refresh": ("refresh_token", "refresh", "again"),
    "lifetime": ("expires_in", "lifetime", "expires_seconds", "lives"),
}
KINDS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "patient": PATIENT,
    "visit": VISIT,
    "document": DOCUMENT,
    "session": SESSION,
}
USERNAME = ("username", "user_name", "user", "login", "email", "account", "name")
PASSWORD = ("password", "passwd", "pass", "pwd", "secret", "passphrase", "pin")
MARKER = ("tag", "tags", "note", "notes", "comment", "comments", "remarks", "remark")
ADDRESS_TO_PUT = ("upload_url", "signed_url", "put_url", "put_to", "put_here", "write_url")
ADDRESS_TO_GET = ("download_url", "read_signed_url", "read_url", "get_here", "file_url", "url")
BYTES = ("file", "content", "data", "bytes", "attachment", "upload", "document")
RELEASE = ("release", "version", "build", "edition", "app_version", "build_version", "tag")
QUERY: Mapping[str, Sequence[str]] = {
    "mrn": PATIENT["mrn"],
    "name": ("name", "q", "query", "search", "search_text", "term", "family_name", "last_name"),
    "birth_date": PATIENT["birth_date"],
}

STATUS_WORDS: Mapping[str, Sequence[str]] = {
    "open": ("open", "planned", "expected", "scheduled", "registered", "arrived", "pending", "new"),
    "admitted": ("admitted", "in_progress", "active", "in_bed", "here", "inpatient", "ongoing"),
    "discharged": ("discharged", "completed", "finished", "left", "gone_home", "closed", "done"),
    "cancelled": ("cancelled", "canceled", "void", "voided", "called_off", "entered_in_error"),
}
MOVE_WORDS: Mapping[str, Sequence[str]] = {
    "admit": ("admit", "arrive", "start", "check_in", "begin", *STATUS_WORDS["admitted"]),
    "discharge": ("discharge", "leave", "finish", "complete", *STATUS_WORDS["discharged"]),
    "cancel": ("cancel", "call_off", *STATUS_WORDS["cancelled"]),
}
SEX_WORDS: Mapping[str, Sequence[str]] = {
    "female": ("female", "f", "w", "woman"),
    "male": ("male", "m", "man"),
    "other": ("other", "o", "x", "non_binary", "nonbinary", "transgender", "diverse", "d"),
    "unknown": ("unknown", "u", "?", "undisclosed", "not_known", "n"),
}


def normalize(name: object) -> str:
    """Return a name without its signs: `familyName`, `family-name` and `FAMILY_NAME` are one."""
    text = str(name)
    return re.sub(r"[^a-z0-9]", "", text.lower()) or text


def find_name(names: Iterable[str], wanted: Sequence[str]) -> str | None:
    """Return the one of `names` that is meant by the first of `wanted` that fits."""
    known = {normalize(name): name for name in reversed(list(names))}
    for word in map(normalize, wanted):
        if word in known:
            return known[word]
    for word in map(normalize, wanted):
        for own, name in known.items():
            if len(word) >= LEAST_ENDING and own.endswith(word):
                return name
    return None


def find_field(fields: Sequence[SchemaField], wanted: Sequence[str]) -> SchemaField | None:
    """Return the field that is meant: one further out where several have the name."""
    depth = max((len(one.path) for one in fields), default=0)
    for level in range(1, depth + 1):
        here = [one for one in fields if len(one.path) == level and not one.is_list]
        name = find_name([one.name for one in here], wanted)
        if name is not None:
            return next(one for one in here if one.name == name)
    return None


def match_words(
    values: Iterable[object], words: Mapping[str, Sequence[str]]
) -> dict[str, list[object]]:
    """Return the target's words for each of ours, in the order of the document."""
    matched: dict[str, list[object]] = {}
    for value in values:
        for own, known in words.items():
            if normalize(value) in map(normalize, known):
                matched.setdefault(own, []).append(value)
                break
    return matched

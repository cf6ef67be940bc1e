"""The rules of functions that a target may be declared not to keep.

A check tries each of them all the same (`hospital.matchers.capability_checks`), so that a rule that
is kept after all is told. `proven` is what no declaration takes away.
"""

from __future__ import annotations

from cutover_gates.config.capability import Capability

BROWSER_HEADERS = (
    "x-content-type-options",
    "content-security-policy",
    "referrer-policy",
    "x-frame-options",
)
"""The headers of `security-headers`. A test holds them equal to those that the checks look for."""

FUNCTIONAL_CAPABILITIES = (
    Capability(
        "unique-record-numbers",
        "giving a record number to one patient only",
        "both patients are stored as they were sent, and neither changes the other",
    ),
    Capability(
        "whole-record-numbers",
        "finding nobody by a part of a record number",
        "the whole number finds its patient",
    ),
    Capability(
        "corrected-record-numbers",
        "refusing a correction to the record number of another patient",
        "the other patient stays as it was, and is found by its number",
    ),
    Capability(
        "versions",
        "refusing a correction of an outdated version",
        "each acknowledged correction is stored whole and can be read until the next one",
    ),
    Capability(
        "idempotency-keys",
        "registering once what is sent twice with one key",
        "the repetition is refused where record numbers are unique",
    ),
    Capability(
        "search-by-birth-date",
        "finding a patient by name and birth date",
        "patients are found by record number and by name",
    ),
    Capability(
        "size-limit",
        "refusing a document that is larger than the limit",
        "the larger document comes back byte for byte",
        (int,),
        meaning="bytes, instead of `limits.document_bytes`",
    ),
    Capability(
        "document-bytes",
        "refusing a document without a byte",
        "the empty document comes back without one",
    ),
    Capability(
        "file-types",
        "refusing a document for its type",
        "what is taken comes back byte for byte, as the type that was sent",
        (tuple,),
        meaning="media types, instead of `limits.document_types`",
    ),
    Capability(
        "file-names",
        "keeping the name of a file, without its path",
        "type and bytes come back, whatever the name is",
    ),
    Capability(
        "plausible-birth-dates",
        "refusing a birth date in the future or in the year one",
        "the patient is stored as sent, or not at all",
    ),
    Capability(
        "required-names",
        "refusing a patient without a family name",
        "the patient is stored as sent, or not at all",
    ),
    Capability(
        "name-length",
        "refusing a name that is longer than the usual 200 characters",
        "the longer name is stored whole",
        (int,),
        meaning="characters of the longest name that is stored whole",
    ),
    Capability(
        "visit-references",
        "refusing a visit of a patient who does not exist",
        "the visit is in no other patient's list",
    ),
    Capability(
        "document-references",
        "refusing a document of a patient who does not exist",
        "the document is in no other patient's record",
    ),
    Capability(
        "admission-before-discharge",
        "refusing to discharge who was not admitted",
        "the visit is then discharged, wherever it is read",
    ),
    Capability(
        "single-admission",
        "refusing to admit who is admitted",
        "the visit stays admitted",
    ),
    Capability(
        "single-discharge",
        "refusing to discharge who is discharged",
        "the visit stays discharged",
    ),
    Capability(
        "visits-below-a-patient",
        "refusing a visit under another patient's id",
        "the visit is shown as its own patient's",
    ),
    Capability(
        "documents-below-a-patient",
        "refusing a document under another patient's id",
        "the document is shown as its own patient's",
    ),
    Capability(
        "sign-in-throttling",
        "slowing down who guesses a password",
        "guessing at one name holds up nobody else",
    ),
    Capability(
        "refresh-rotation",
        "refusing a refresh token that was used",
        "sign-out ends the refresh token",
    ),
    Capability(
        "security-headers",
        "the headers by which browsers protect patients",
        "no answer about a patient may be stored, and none shows a version",
        (tuple,),
        BROWSER_HEADERS,
        "the headers that it does send",
    ),
    Capability(
        "refusal-to-strangers",
        "refusing a list or a search to who may not see it, and telling a role that it may not",
        "the list is empty; a single record is refused or not found",
    ),
)

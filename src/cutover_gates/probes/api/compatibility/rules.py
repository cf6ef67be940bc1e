"""Rules for the compatibility of two documents (COMPAT)."""

from __future__ import annotations

from cutover_gates.core.findings import Rule

_CLIENTS_BREAK = "A client that was built for the release before stops working."
_KEEP_OR_ADAPT = "Undo the change, or adapt every client before the cutover."

OPERATION_KEPT = Rule(
    "COMPAT-001",
    "Every operation of the release before exists",
    _CLIENTS_BREAK,
    "Bring the operation back, or adapt every client before the cutover.",
)
CREDENTIALS_KEPT = Rule(
    "COMPAT-002",
    "The authentication of the release before is still accepted",
    _CLIENTS_BREAK,
    _KEEP_OR_ADAPT,
)
PARAMETER_KEPT = Rule(
    "COMPAT-003", "Every parameter is still accepted", _CLIENTS_BREAK, _KEEP_OR_ADAPT
)
NOTHING_NEWLY_REQUIRED = Rule(
    "COMPAT-004",
    "Nothing becomes required in a request",
    "A client that does not send it is rejected.",
    "Make it optional, or adapt every client before the cutover.",
)
SERIALIZATION_KEPT = Rule(
    "COMPAT-005", "Parameters are serialized as before", _CLIENTS_BREAK, _KEEP_OR_ADAPT
)
BODY_KEPT = Rule("COMPAT-006", "Request bodies are still accepted", _CLIENTS_BREAK, _KEEP_OR_ADAPT)
MEDIA_TYPE_KEPT = Rule(
    "COMPAT-007", "Every media type is still accepted and sent", _CLIENTS_BREAK, _KEEP_OR_ADAPT
)
STATUS_KEPT = Rule(
    "COMPAT-008",
    "Every status of success is still documented",
    "A client that waits for the status takes the new one for a failure.",
    _KEEP_OR_ADAPT,
)
HEADER_KEPT = Rule(
    "COMPAT-009", "Every header of an answer is still sent", _CLIENTS_BREAK, _KEEP_OR_ADAPT
)
TYPE_KEPT = Rule(
    "COMPAT-010", "Values have the types of the release before", _CLIENTS_BREAK, _KEEP_OR_ADAPT
)
VALUES_KEPT = Rule(
    "COMPAT-011",
    "Listed values are still accepted, and no others are sent",
    _CLIENTS_BREAK,
    _KEEP_OR_ADAPT,
)
BOUNDS_KEPT = Rule(
    "COMPAT-012",
    "Limits, formats and patterns are not narrower for requests, nor wider for answers",
    _CLIENTS_BREAK,
    _KEEP_OR_ADAPT,
)
DEFAULT_KEPT = Rule(
    "COMPAT-013",
    "Defaults are those of the release before",
    "A client that leaves the value out gets something else.",
    _KEEP_OR_ADAPT,
)
FIELD_KEPT = Rule("COMPAT-014", "Every known field exists", _CLIENTS_BREAK, _KEEP_OR_ADAPT)
FIELD_ALWAYS_SENT = Rule(
    "COMPAT-015",
    "Fields and headers that were always sent are always sent",
    "A client that relies on the field fails where it is missing.",
    _KEEP_OR_ADAPT,
)
OTHER_FIELDS_ACCEPTED = Rule(
    "COMPAT-016",
    "Fields beyond the named ones are still accepted",
    "A client that sends one is rejected.",
    _KEEP_OR_ADAPT,
)
COMPARABLE = Rule(
    "COMPAT-017",
    "Every schema can be compared",
    "A change whose effect on clients cannot be computed may break them.",
    "Compare the two schemas by hand, and record the document again where all is well.",
)
PREVIOUS_DOCUMENT = Rule(
    "COMPAT-018",
    "The document of the release before is recorded",
    "Without it nobody knows what the clients of the release before rely on.",
    "While that release runs, save its document (curl -o openapi-before.json URL), and name the"
    " file as contract.previous_document.",
)
ADDITION = Rule(
    "COMPAT-019",
    "Additions break no client",
    "Additions are only listed in the evidence.",
    "Nothing has to be done.",
)

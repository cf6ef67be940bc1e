"""Rules for fuzzing (FUZZ): one for each check of schemathesis, and those of the run itself."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from cutover_gates.core.findings import Rule

NO_ANSWER_CHECK = "answers"
"""The name of our own check for what schemathesis calls a network error."""
BOUNDS_CHECK = "bounds"
"""The name of our own check for an answer that exceeds a bound."""
_SEE_LOG = "Send the request again, and read the target's log for the cause."
_ADAPT = "Correct the target or its document."

NO_SERVER_ERROR = Rule(
    "FUZZ-001",
    "No request makes the server fail (no 5xx that the document does not name)",
    "A request that makes the server fail shows a defect that any client can trigger.",
    _SEE_LOG,
)
AUTHENTICATION_ENFORCED = Rule(
    "FUZZ-002",
    "An operation that asks for authentication does not answer without it",
    "Anybody on the network can use the operation.",
    "Require authentication for the operation.",
    waivable=False,
)
OBJECTS_PROTECTED = Rule(
    "FUZZ-003",
    "Nobody reads what belongs to another",
    "A person can read data that is not theirs.",
    "Check in the operation to whom the record belongs.",
    waivable=False,
)
ANSWERED = Rule(
    "FUZZ-004",
    "Every request is answered in time",
    "A request without an answer blocks the person who waits for it.",
    _SEE_LOG,
)
ANSWERED_IN_TIME = Rule(
    "FUZZ-005",
    "Every answer comes in time",
    "A slow answer blocks the person who waits for it.",
    "Find what slows the operation. The limit is limits.request_seconds.",
)
DELETED_GONE = Rule(
    "FUZZ-006",
    "What was deleted is gone",
    "Data that somebody deleted is still shown.",
    _SEE_LOG,
)
CREATED_EXISTS = Rule(
    "FUZZ-007",
    "What was acknowledged as created exists",
    "A record that was acknowledged and does not exist is lost.",
    _SEE_LOG,
    waivable=False,
)
STATUS_DOCUMENTED = Rule(
    "FUZZ-008",
    "Every answer has a status that the document names",
    "A client does not expect a status that is not documented.",
    _ADAPT,
)
CONTENT_TYPE_DOCUMENTED = Rule(
    "FUZZ-009",
    "Every answer has a media type that the document names",
    "A client cannot read a media type that is not documented.",
    _ADAPT,
)
BODY_VALID = Rule(
    "FUZZ-010",
    "Every answer's body is valid by its schema",
    "A client that is generated from the document cannot read the answer.",
    _ADAPT,
)
HEADERS_VALID = Rule(
    "FUZZ-011",
    "Every answer has the headers that the document promises",
    "A client that relies on the header fails.",
    _ADAPT,
)
HEADER_REQUIRED = Rule(
    "FUZZ-012",
    "A request without a required header is refused",
    "A header that is not checked may be missing where it matters.",
    _ADAPT,
)
INVALID_REFUSED = Rule(
    "FUZZ-013",
    "What the document forbids is refused",
    "Invalid data gets into the records.",
    _ADAPT,
)
VALID_ACCEPTED = Rule(
    "FUZZ-014",
    "What the document allows is not refused as invalid",
    "Valid data cannot be entered.",
    _ADAPT,
)
METHOD_REFUSED = Rule(
    "FUZZ-015",
    "A method that the document does not name is refused with 405",
    "A method that nobody documented may change data.",
    _ADAPT,
)
ALLOW_HEADER_EXACT = Rule(
    "FUZZ-016",
    "The header Allow names exactly the documented methods (RFC 9110, 10.2.1)",
    "A client that reads the header uses a method that does not exist.",
    _ADAPT,
)
OTHER_CHECK = Rule(
    "FUZZ-017",
    "The API keeps what its document promises",
    "A client that relies on the document fails.",
    _ADAPT,
)
ACCEPTANCE_VALID = Rule(
    "FUZZ-018",
    "No acceptance of a finding has expired",
    "A finding that was accepted for a time is open again.",
    "Fix the cause, or renew the acceptance in known_failures/TARGET.toml.",
)
ACCEPTANCE_NEEDED = Rule(
    "FUZZ-019",
    "Every accepted finding still occurs",
    "An acceptance of nothing would hide the next finding of its kind.",
    "Remove the acceptance from known_failures/TARGET.toml.",
)
RUN_COMPLETE = Rule(
    "FUZZ-020",
    "The run tests everything that it is meant to",
    "What was not tested is not known.",
    "Remove the cause that is named; raise contract.seconds (deep: contract.deep_seconds) where"
    " time ran out.",
)
OPERATION_TESTED = Rule(
    "FUZZ-021",
    "Every operation is tested to the end",
    "What was not tested is not known.",
    "Read the reason; correct the document where requests cannot be generated from it.",
)
ACCOUNT_ADMITTED = Rule(
    "FUZZ-022",
    "The account of the run may use every protected operation",
    "An operation that refuses the account was not tested behind its authentication.",
    "Give the account access, or choose another one as contract.account.",
)
OPERATIONS_ANSWER = Rule(
    "FUZZ-023",
    "The operations answer",
    "A target that answers nothing was not tested.",
    "Check that the target is reachable, and that its document has operations.",
)
RUN_POSSIBLE = Rule(
    "FUZZ-024",
    "The API can be tested",
    "Without a document and an account the API cannot be tested.",
    "Provide what is missing: the document, or the account under users in the target's settings.",
)

ANSWER_BOUNDED = Rule(
    "FUZZ-025",
    "Every answer can be read within bounds of size, depth and time",
    "An answer that grows, nests or lasts without an end exhausts the client that reads it.",
    _SEE_LOG,
)

CHECK_RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "not_a_server_error": NO_SERVER_ERROR,
        "ignored_auth": AUTHENTICATION_ENFORCED,
        "object_level_authorization": OBJECTS_PROTECTED,
        NO_ANSWER_CHECK: ANSWERED,
        BOUNDS_CHECK: ANSWER_BOUNDED,
        "max_response_time": ANSWERED_IN_TIME,
        "use_after_free": DELETED_GONE,
        "ensure_resource_availability": CREATED_EXISTS,
        "status_code_conformance": STATUS_DOCUMENTED,
        "content_type_conformance": CONTENT_TYPE_DOCUMENTED,
        "response_schema_conformance": BODY_VALID,
        "response_headers_conformance": HEADERS_VALID,
        "missing_required_header": HEADER_REQUIRED,
        "negative_data_rejection": INVALID_REFUSED,
        "positive_data_acceptance": VALID_ACCEPTED,
        "unsupported_method": METHOD_REFUSED,
        "allow_header_conformance": ALLOW_HEADER_EXACT,
    }
)
"""The rule of each check of schemathesis, the gravest first."""

"""Rules for access (ACCESS)."""

from __future__ import annotations

from cutover_gates.core.findings import Rule

TOKEN_REQUIRED = Rule(
    "ACCESS-001",
    "Every protected operation refuses a request without a token",
    "Anybody on the network can read or change patients' data.",
    "Require authentication for the operation.",
    waivable=False,
)
EXPIRED_TOKEN_REFUSED = Rule(
    "ACCESS-002",
    "Every protected operation refuses an expired token",
    "A token that leaked once works for ever.",
    "Check the expiry of tokens for the operation.",
    waivable=False,
)
PUBLIC_WORKS = Rule(
    "ACCESS-003",
    "A public operation answers without a server error",
    "A server error shows a defect that anybody can trigger.",
    "Read the target's log for the error.",
)
PUBLIC_LISTED = Rule(
    "ACCESS-004",
    "Only operations in the row `anybody` of the role table are public",
    "An operation that lost its authentication looks as if it never had one.",
    "Require authentication for the operation, or add it to `anybody` in contract.roles.",
    waivable=False,
)
ROLE_REFUSED = Rule(
    "ACCESS-005",
    "Each role is refused what the role table does not allow",
    "Staff can read or change what is not their work.",
    "Check the role in the operation, or add the operation to the role in roles or contract.roles.",
    waivable=False,
)
ROLE_ALLOWED = Rule(
    "ACCESS-006",
    "Each role may do what the role table allows",
    "Staff cannot do their work.",
    "Allow the role in the operation, or remove it from the role in roles or contract.roles.",
)
OTHER_FACILITY_HIDDEN = Rule(
    "ACCESS-007",
    "No operation shows a patient of another facility",
    "Staff of another facility can read or change the patient's data.",
    "Check the facility of the patient in the operation.",
    waivable=False,
)
OTHER_PATIENT_HIDDEN = Rule(
    "ACCESS-008",
    "No operation shows a record below a patient to whom it does not belong",
    "A record that is shown below the wrong patient is taken for theirs.",
    "Check in the operation that the record belongs to the patient in the path.",
    waivable=False,
)
REQUEST_ANSWERED = Rule(
    "ACCESS-009",
    "Every request is answered",
    "A request without an answer is work that somebody cannot do.",
    "Read the target's log for the request.",
)
ROLE_TABLE_COMPLETE = Rule(
    "ACCESS-010",
    "The role table says for every role and operation who may do what",
    "What the table does not say cannot be checked.",
    'Complete roles or contract.roles, such as: auditor = ["GET /api/v1/audit"].',
)
ROLE_TABLE_CURRENT = Rule(
    "ACCESS-011",
    "The role table and contract.untried name only operations of the document",
    "A row for an operation that does not exist hides a mistake in another row.",
    "Remove the entry, or write it as the document does.",
)
ALLOWED_TRIED = Rule(
    "ACCESS-012",
    "Every role tries what it may do",
    "What is not tried may be shut for those who need it.",
    "Give the reason why it need not be tried in contract.untried.",
)
SESSION_AVAILABLE = Rule(
    "ACCESS-013",
    "There is an account of every role",
    "Without an account nobody knows what the role may do.",
    "Give the account under users in the target's settings.",
)
REFUSALS_TESTED = Rule(
    "ACCESS-014",
    "Something is requested that must be refused",
    "A target on which nothing is refused proves nothing about access.",
    "Give the target's document operations that need authentication.",
)

"""The causes of a failed step, and the advice for each: the one place with these sentences."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from cutover_gates.hospital import Reason


class Cause(StrEnum):
    """The cause of a failed step of the mapping check."""

    # The connection.
    TLS_EXPECTED = "tls-expected"
    PLAIN_HTTP_EXPECTED = "plain-http-expected"
    UNTRUSTED_CERTIFICATE = "untrusted-certificate"
    UNKNOWN_HOST = "unknown-host"
    NOTHING_LISTENS = "nothing-listens"
    NO_HTTP = "no-http"
    NO_ANSWER_IN_TIME = "no-answer-in-time"
    UNREACHABLE = "unreachable"
    # The mapping itself.
    INVALID_MAPPING = "invalid-mapping"
    WRONG_PATH = "wrong-path"
    ENDLESS_LIST = "endless-list"
    # A rejection that nobody provoked.
    SIGN_IN_REJECTED = "sign-in-rejected"
    TOKEN_REJECTED = "token-rejected"
    MISSING_RIGHT = "missing-right"
    NOTHING_FOUND = "nothing-found"
    NOT_UNIQUE = "not-unique"
    INVALID_REQUEST = "invalid-request"
    STALE_VERSION = "stale-version"
    ILLEGAL_MOVE = "illegal-move"
    TOO_LARGE = "too-large"
    WRONG_MEDIA_TYPE = "wrong-media-type"
    TOO_MANY_SIGN_INS = "too-many-sign-ins"
    REJECTION_IN_SUCCESS = "rejection-in-success"
    # A rejection that did not come.
    NOTHING_SENT = "nothing-sent"
    OTHER_REJECTION = "other-rejection"
    UNKNOWN_REJECTION = "unknown-rejection"
    ACCEPTED = "accepted"
    # An answer with something else in it.
    UNKNOWN_WORD = "unknown-word"
    WRONG_METHOD = "wrong-method"
    PAGE_FOR_PEOPLE = "page-for-people"
    WRONG_ANSWER = "wrong-answer"
    UNHEALTHY = "unhealthy"
    WRONG_RELEASE = "wrong-release"
    NO_OPERATIONS = "no-operations"
    LOST_OPERATION = "lost-operation"
    CHANGED_PATIENT = "changed-patient"
    CHANGED_VISIT = "changed-visit"
    CHANGED_DOCUMENT = "changed-document"
    CHANGED_SIZE = "changed-size"
    CHANGED_CONTENT = "changed-content"
    WRONG_STATE = "wrong-state"
    WRONG_ID = "wrong-id"
    MISSING_ENTRY = "missing-entry"
    IGNORED_FILTER = "ignored-filter"
    PAGES_DO_NOT_TURN = "pages-do-not-turn"
    CUT_UPLOAD_LISTED = "cut-upload-listed"
    # An own driver.
    DRIVER_ERROR = "driver-error"


BY_REASON: Mapping[Reason, Cause] = {
    Reason.UNAUTHENTICATED: Cause.TOKEN_REJECTED,
    Reason.FORBIDDEN: Cause.MISSING_RIGHT,
    Reason.NOT_FOUND: Cause.NOTHING_FOUND,
    Reason.DUPLICATE: Cause.NOT_UNIQUE,
    Reason.INVALID: Cause.INVALID_REQUEST,
    Reason.STALE: Cause.STALE_VERSION,
    Reason.ILLEGAL_TRANSITION: Cause.ILLEGAL_MOVE,
    Reason.TOO_LARGE: Cause.TOO_LARGE,
    Reason.UNSUPPORTED_TYPE: Cause.WRONG_MEDIA_TYPE,
    Reason.THROTTLED: Cause.TOO_MANY_SIGN_INS,
}
"""The cause of a rejection that nobody provoked, by its reason."""

ADVICE: Mapping[Cause, str] = {
    Cause.TLS_EXPECTED: "Write https:// instead of http://.",
    Cause.PLAIN_HTTP_EXPECTED: "Write http:// instead of https://.",
    Cause.UNTRUSTED_CERTIFICATE: (
        "The certificate is not trusted. Write the host name that it contains, or trust its"
        " authority (SSL_CERT_FILE)."
    ),
    Cause.UNKNOWN_HOST: "The host name is not known. Correct it.",
    Cause.NOTHING_LISTENS: "Nothing listens there. Correct host and port, or start the target.",
    Cause.NO_HTTP: (
        "The port does not speak plain HTTP. Write https:// where it speaks TLS, or correct the"
        " port."
    ),
    Cause.NO_ANSWER_IN_TIME: "Correct host and port, or raise limits.request_seconds.",
    Cause.UNREACHABLE: "Correct host and port, or start the target.",
    Cause.INVALID_MAPPING: "",
    Cause.WRONG_PATH: "",
    Cause.ENDLESS_LIST: (
        "The target ignores a filter, or its pages do not turn. Correct the names of the"
        " parameters."
    ),
    Cause.SIGN_IN_REJECTED: (
        "Correct the username or password of this account, or what operations.sign_in sends."
    ),
    Cause.TOKEN_REJECTED: (
        "The target does not accept how the token is shown. Correct this line, token.header or"
        " answers.session.access."
    ),
    Cause.MISSING_RIGHT: (
        "The account lacks the right. Give it the role of a {role}, or name another account."
    ),
    Cause.NOTHING_FOUND: (
        "Correct the path, or the id in it: answers.patient.id, answers.visit.id,"
        " answers.document.id."
    ),
    Cause.NOT_UNIQUE: (
        "Each request must send new values where the target wants unique ones: {{ draft.mrn }}, {{"
        " unique() }}."
    ),
    Cause.INVALID_REQUEST: "Correct what is sent: the names, forms and words of its fields.",
    Cause.STALE_VERSION: (
        "Send the version that was read (answers.patient.version), where and as the target wants"
        ' it: headers = { If-Match = "{{ patient.version }}" }.'
    ),
    Cause.ILLEGAL_MOVE: "Correct the path or the word of this move (words.move).",
    Cause.TOO_LARGE: "Correct limits.document_bytes or what is sent.",
    Cause.WRONG_MEDIA_TYPE: (
        "Correct the media type that is sent: Content-Type in headers, or the file's in multipart."
        " If the target does not take this type, remove it from limits.document_types."
    ),
    Cause.TOO_MANY_SIGN_INS: "Write how often the target accepts a sign-in.",
    Cause.REJECTION_IN_SUCCESS: "Change the rule so that it matches only rejections.",
    Cause.NOTHING_SENT: "The driver must send a request.",
    Cause.OTHER_REJECTION: (
        'Write what distinguishes the two: {reason} = {{ status = [{status}], where = "…" }}.'
    ),
    Cause.UNKNOWN_REJECTION: "Write {reason} = {{ status = [{status}] }}.",
    Cause.ACCEPTED: (
        'If this answer is a rejection, describe how to recognize it: {reason} = {{ where = "…" }}.'
        " If it is not, the target accepts what it should reject, and the gate will report that."
    ),
    Cause.UNKNOWN_WORD: "Write it beside our word with the same meaning.",
    Cause.WRONG_METHOD: "Correct the method, or the path.",
    Cause.PAGE_FOR_PEOPLE: (
        "A page for people came instead of data. Correct this path, base_path, or the target's url."
        " A sign-in page means that the target does not accept how the token is shown."
    ),
    Cause.WRONG_ANSWER: "Correct this line, or what is sent.",
    Cause.UNHEALTHY: (
        "Write the condition that holds in the answer below, unless the target is really unhealthy."
    ),
    Cause.WRONG_RELEASE: (
        "Name the release that is deployed (release, --release or CUTOVER_RELEASE), or correct"
        " operations.release.answer.release."
    ),
    Cause.NO_OPERATIONS: "Request another document.",
    Cause.LOST_OPERATION: (
        "The release before listed it, or the mapping requests it. Where it was removed on"
        " purpose, remove this line."
    ),
    Cause.CHANGED_PATIENT: (
        "Correct this line or operations.{operation}. If the target stores the value in another"
        " form on purpose, write how in becomes.{field}."
    ),
    Cause.CHANGED_VISIT: "Correct this line or operations.open_visit.",
    Cause.CHANGED_DOCUMENT: "Correct this line or operations.upload.",
    Cause.CHANGED_SIZE: "Correct this line, or what is sent.",
    Cause.CHANGED_CONTENT: (
        'Correct the path to the bytes. Where they stand inside JSON, write base64 = "where".'
    ),
    Cause.WRONG_STATE: "Correct this line, or the target's words for ours in words.status.",
    Cause.WRONG_ID: (
        "Write where this id stands. Where the answer does not repeat it, a template gives it."
    ),
    Cause.MISSING_ENTRY: (
        "Correct the request: the name of the filter, or a filter without which a new entry is not"
        " listed."
    ),
    Cause.IGNORED_FILTER: (
        "The target ignores this filter. Correct its name. If it has none, declare that under"
        " capabilities."
    ),
    Cause.PAGES_DO_NOT_TURN: (
        "Correct where a request names the page ({{ page.… }}), and where the answer names the next"
        " one."
    ),
    Cause.CUT_UPLOAD_LISTED: (
        "Write the filter that leaves out what has no bytes yet. If there is none, the target keeps"
        " what was cut, and the gate will report that."
    ),
    Cause.DRIVER_ERROR: (
        "A driver reports failures by Rejected, ProtocolViolation, Unsupported or MappingError."
    ),
}
"""What to do about each cause. `{role}`, `{reason}`, … are filled in by `advise`."""

_FORMATTED = frozenset(
    {
        Cause.MISSING_RIGHT,
        Cause.OTHER_REJECTION,
        Cause.UNKNOWN_REJECTION,
        Cause.ACCEPTED,
        Cause.CHANGED_PATIENT,
    }
)
"""Causes whose advice has fields; in all others braces are templates of the mapping."""


def advise(cause: Cause, **values: object) -> str:
    """Return the advice for a cause."""
    advice = ADVICE[cause]
    return advice.format(**values) if cause in _FORMATTED else advice

"""Checks of an answer as it came: its status, media type, headers, and leaks of the server.

Each `find_…` returns findings of the running check, with the subject that the caller names.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase
from typing import Any

from cutover_gates.core.findings import THIS_CHECK, Finding
from cutover_gates.core.value_text import format_value
from cutover_gates.hospital.answers import Answer
from cutover_gates.hospital.values import Operation, Reason

UNAUTHENTICATED_STATUSES = frozenset({401, 403})
"""Statuses that mean "not without a token", where the mapping gives no reason (`Answer.reason`)."""

INTERNALS: Mapping[str, re.Pattern[str]] = {
    "a stack trace": re.compile(
        r"Traceback \(most recent call last\)|^\s*File \".+\", line \d+|^\s+at"
        r" [\w.$<>]+\(.*\)|\.(?:py|java|js|rb|go|php|cs):\d+|goroutine \d+ \[",
        re.MULTILINE,
    ),
    "a path on the server": re.compile(
        r"(?:^|[\s\"'(=])(?:/(?:usr|home|root|var|opt|srv|app|tmp|etc|workspace)/[\w.-]+|[A-Z]:\\\w)|site-packages|dist-packages|node_modules"
    ),
    "a database's words": re.compile(
        r"(?i:psycopg|sqlalchemy|asyncpg|hibernate|duplicate key value|violates [\w-]+ constraint)"
        r"|SQLSTATE|ORA-\d{5}|\bSELECT\b.+\bFROM\b|\bINSERT INTO\b|\bUPDATE\b.+\bSET\b",
    ),
    "an exception's name": re.compile(r"\b\w+(?:Error|Exception)\b\s*[:(]|NullPointerException"),
    "a connection string": re.compile(
        r"\b(?:postgres(?:ql)?|mysql|redis|amqp|mongodb)(?:\+\w+)?://"
    ),
}
"""Patterns of what an answer must not show of the server, by the name of each."""

SECURITY_HEADERS: Mapping[str, re.Pattern[str]] = {
    "x-content-type-options": re.compile(r"nosniff", re.IGNORECASE),
    "content-security-policy": re.compile(r"\bdefault-src\b|\bframe-ancestors\b"),
    "referrer-policy": re.compile(r"no-referrer|same-origin|strict-origin"),
    "x-frame-options": re.compile(r"DENY|SAMEORIGIN", re.IGNORECASE),
}
"""The security headers that every answer carries, and the pattern of a good value."""

NO_STORE = re.compile(r"no-store")
VERSION_DIGITS = re.compile(r"\d")
SHOWN_CHARACTERS = 200
"""Characters of a leaked text that are shown."""


def find_auth_problem(subject: str, answer: Answer) -> Finding | None:
    """Return a finding where an answer to a caller without a valid token is not a refusal of it."""
    if answer.status in UNAUTHENTICATED_STATUSES or answer.reason is Reason.UNAUTHENTICATED:
        return None
    allowed = " or ".join(str(status) for status in sorted(UNAUTHENTICATED_STATUSES))
    return Finding(THIS_CHECK, subject, f"HTTP {allowed}", f"HTTP {answer.status}")


def find_document_mismatch(operation: Operation, answer: Answer) -> Finding | None:
    """Return a finding where the target's own document does not describe an answer."""
    if answer.status not in operation.statuses:
        documented = ", ".join(str(status) for status in sorted(operation.statuses))
        return Finding(THIS_CHECK, str(operation), f"HTTP {documented}", f"HTTP {answer.status}")
    if answer.content and answer.json_problem:
        # A client that is built by the document can read nothing of it.
        found = answer.quote(answer.json_problem)
        return Finding(THIS_CHECK, f"{operation} (HTTP {answer.status})", "readable JSON", found)
    media_types = operation.media_types.get(answer.status, frozenset())
    if answer.content and not _is_documented(answer.media_type, media_types):
        expected = ", ".join(sorted(media_types)) or "no content"
        actual = answer.media_type or "no media type"
        return Finding(THIS_CHECK, f"{operation} (HTTP {answer.status})", expected, actual)
    return None


def _is_documented(media_type: str, documented: Collection[str]) -> bool:
    """Return whether a document names a media type, itself or by a range such as `image/*`."""
    return any(fnmatchcase(media_type, named) for named in documented)


def find_failure(subject: str, answer: Answer) -> Finding | None:
    """Return a finding where the server failed inside: its status is 500 or above."""
    if answer.status < 500:
        return None
    return Finding(THIS_CHECK, subject, "a refusal", f"HTTP {answer.status}")


def find_refusal(subject: str, answer: Answer) -> Finding | None:
    """Return a finding where an answer that must be a success is not."""
    if answer.status < 300:
        return None
    return Finding(THIS_CHECK, subject, "success", f"HTTP {answer.status}")


def find_leaked_internals(subject: str, answer: Answer) -> Finding | None:
    """Return a finding where an answer shows internals of the server, with the text that does.

    On production the text is left out: a statement of SQL may name a patient.
    """
    for kind, pattern in INTERNALS.items():
        if match := pattern.search(answer.text):
            leaked = match.group().strip()[:SHOWN_CHARACTERS]
            actual = f"HTTP {answer.status} with {kind}: {answer.quote(leaked)}"
            return Finding(THIS_CHECK, subject, "no internals of the server", actual)
    return None


def find_missing_security_headers(
    subject: str,
    answer: Answer,
    *,
    personal: bool,
    headers: Collection[str] = SECURITY_HEADERS.keys(),
    not_judged: Collection[str] = (),
) -> list[Finding]:
    """Return a finding for each missing security header, and for each version that is shown.

    `personal`: the answer may be about a patient, so that no proxy or browser may store it.
    `headers` are those of `SECURITY_HEADERS` that the target sends. `not_judged` are those that
    the settings say are not judged.
    """
    sent = {name.lower(): value for name, value in answer.headers.items()}
    wanted = {name: SECURITY_HEADERS[name] for name in headers}
    if personal:
        wanted["cache-control"] = NO_STORE
    wanted = {name: pattern for name, pattern in wanted.items() if name not in not_judged}
    findings = [
        _header_finding(subject, name, f"/{pattern.pattern}/", sent.get(name))
        for name, pattern in wanted.items()
        if not pattern.search(sent.get(name, ""))
    ]
    findings += [
        _header_finding(subject, name, "no version number", sent[name])
        for name in ("server", "x-powered-by")
        if name not in not_judged and VERSION_DIGITS.search(sent.get(name, ""))
    ]
    return findings


def _header_finding(subject: str, name: str, expected: str, value: str | None) -> Finding:
    actual = "no such header" if value is None else repr(value[:SHOWN_CHARACTERS])
    return Finding(THIS_CHECK, f"{subject}: {name}".removeprefix(": "), expected, actual)


def find_distinguishing_fields(
    one: Answer, other: Answer, *, volatile: frozenset[str] = frozenset()
) -> list[Finding]:
    """Return a finding for each field by which a stranger can tell two refusals apart.

    `volatile` names the fields that differ between any two answers (`find_changed_fields`).
    """
    pairs: dict[str, tuple[object, object]] = {
        "status": (one.status, other.status),
        "media type": (one.media_type, other.media_type),
    }
    kept = frozenset(pairs)
    left, right = _comparable_fields(one), _comparable_fields(other)
    for name in sorted(find_changed_fields(one, other) - volatile):
        pairs[name] = (left.get(name), right.get(name))
    return [
        _compare_field(name, (one, first), (other, second), shown=name in kept)
        for name, (first, second) in pairs.items()
        if first != second
    ]


def _compare_field(
    name: str, one: tuple[Answer, object], other: tuple[Answer, object], *, shown: bool
) -> Finding:
    """Return the finding; `shown`: the values are no text of the target and stay as they are."""
    actual, expected = (
        format_value(value) if shown else answer.quote(value) for answer, value in (one, other)
    )
    return Finding(THIS_CHECK, name, f"equal to {expected}", actual)


def find_changed_fields(one: Answer, other: Answer) -> frozenset[str]:
    """Return the fields that differ between two answers to one request (a request id, a time)."""
    left, right = _comparable_fields(one), _comparable_fields(other)
    return frozenset(name for name in {*left, *right} if left.get(name) != right.get(name))


def _comparable_fields(answer: Answer) -> Mapping[str, Any]:
    """Return the body, field by field where it has fields, and the names of the headers."""
    body = answer.json if isinstance(answer.json, Mapping) else {"body": answer.text}
    return {
        **{f"body.{name}": value for name, value in body.items()},
        "headers": sorted(name.lower() for name in answer.headers),
    }

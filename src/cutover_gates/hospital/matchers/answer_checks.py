"""What may be seen in an answer as it came: statuses, types, headers, and words that should have
stayed inside.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cutover_gates.hospital import Answer, Operation, Reason

UNAUTHENTICATED_STATUSES = frozenset({401, 403})
"""How a target says "not without a token", where its mapping has no word of its own for it
(`Answer.reason`).
"""

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
"""What tells a stranger how a server is made."""

SECURITY_HEADERS: Mapping[str, re.Pattern[str]] = {
    "x-content-type-options": re.compile(r"nosniff", re.IGNORECASE),
    "content-security-policy": re.compile(r"\bdefault-src\b|\bframe-ancestors\b"),
    "referrer-policy": re.compile(r"no-referrer|same-origin|strict-origin"),
    "x-frame-options": re.compile(r"DENY|SAMEORIGIN", re.IGNORECASE),
}
"""The security headers that every answer carries, and what each must say."""

NO_STORE = re.compile(r"no-store")
VERSION_DIGITS = re.compile(r"\d")
SHOWN_CHARACTERS = 200


def find_auth_problem(answer: Answer) -> str | None:
    """What is wrong with the answer to someone without a valid token; None where nothing is."""
    if answer.status in UNAUTHENTICATED_STATUSES or answer.reason is Reason.UNAUTHENTICATED:
        return None
    allowed = " or ".join(str(status) for status in sorted(UNAUTHENTICATED_STATUSES))
    return f"expected {allowed}, came {answer.status}"


def find_document_mismatch(operation: Operation, answer: Answer) -> str | None:
    """What of an answer the target's own document does not say; None where all of it does."""
    if answer.status not in operation.statuses:
        documented = ", ".join(str(status) for status in sorted(operation.statuses))
        return f"came {answer.status}, documented are {documented}"
    kinds = operation.media_types.get(answer.status, frozenset())
    if answer.content and answer.media_type not in kinds:
        return (
            f"came {answer.status} as {answer.media_type or 'no type'}, documented is"
            f" {', '.join(sorted(kinds)) or 'no content'}"
        )
    return None


def find_leaked_internals(answer: Answer) -> str | None:
    """What of the server's inside an answer tells, with the words that tell it; None where it tells
    nothing.
    """
    for what, pattern in INTERNALS.items():
        if found := pattern.search(answer.text):
            return (
                f"HTTP {answer.status} tells {what}: {found.group().strip()[:SHOWN_CHARACTERS]!r}"
            )
    return None


def find_missing_security_headers(answer: Answer, *, personal: bool) -> list[str]:
    """The security headers that an answer lacks.

    `personal`: it may be about a patient, so that nobody on the way may keep it.
    """
    headers = {name.lower(): value for name, value in answer.headers.items()}
    wanted = {**SECURITY_HEADERS, **({"cache-control": NO_STORE} if personal else {})}
    lacking = [
        name for name, pattern in wanted.items() if not pattern.search(headers.get(name, ""))
    ]
    telling = [
        name for name in ("server", "x-powered-by") if VERSION_DIGITS.search(headers.get(name, ""))
    ]
    return [
        *(
            f"{name} is {headers.get(name)!r}, expected /{wanted[name].pattern}/"
            for name in lacking
        ),
        *(f"{name} tells a version: {headers[name]!r}" for name in telling),
    ]


def find_distinguishing_fields(
    one: Answer, other: Answer, *, volatile: frozenset[str] = frozenset()
) -> list[str]:
    """By what a stranger could tell two refusals apart.

    `volatile`: what differs between any two answers, as `find_changed_fields` finds it.
    """
    wrong = [] if one.status == other.status else [f"status: {one.status} and {other.status}"]
    if one.media_type != other.media_type:
        wrong.append(f"type: {one.media_type} and {other.media_type}")
    left, right = _facts(one), _facts(other)
    for name in sorted(find_changed_fields(one, other) - volatile):
        wrong.append(
            f"{name}: {left.get(name)!r:.{SHOWN_CHARACTERS}} and"
            f" {right.get(name)!r:.{SHOWN_CHARACTERS}}"
        )
    return wrong


def find_changed_fields(one: Answer, other: Answer) -> frozenset[str]:
    """The fields that differ between two answers to one and the same request: a request's id, a
    time.
    """
    left, right = _facts(one), _facts(other)
    return frozenset(name for name in {*left, *right} if left.get(name) != right.get(name))


def _facts(answer: Answer) -> Mapping[str, Any]:
    """The body, field by field where it has fields, and the names of the headers."""
    body = answer.json if isinstance(answer.json, Mapping) else {"body": answer.text}
    return {
        **{f"body.{name}": value for name, value in body.items()},
        "headers": sorted(name.lower() for name in answer.headers),
    }

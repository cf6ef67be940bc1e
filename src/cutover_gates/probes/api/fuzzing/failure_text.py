"""What is kept of a failure: what makes two of them one, and a message without the answer."""

from __future__ import annotations

import json

from schemathesis.core.failures import Failure
from schemathesis.openapi.checks import JsonSchemaError

SAFE_FAILURES = frozenset(
    {
        "AcceptedNegativeData",
        "AllowHeaderMismatch",
        "EnsureResourceAvailability",
        "IgnoredAuth",
        "MissingContentType",
        "MissingHeaderNotRejected",
        "MissingHeaders",
        "RejectedPositiveData",
        "ResponseTimeExceeded",
        "UndefinedContentType",
        "UndefinedStatusCode",
        "UnsupportedMethodResponse",
        "UseAfterFree",
    }
)
"""The failures whose message is about the request and the document only; others may quote the
answer.
"""


def failure_shape(failure: Failure) -> str:
    """Return what makes two failures one.

    For a body that breaks its schema it is the place and the keyword, else schemathesis' title.
    """
    if not isinstance(failure, JsonSchemaError):
        return failure.title
    keyword = failure.schema_path[-1] if failure.schema_path else "its schema"
    return f"{format_path(failure.instance_path)} breaks {keyword}"


def format_path(path: list[str | int]) -> str:
    """Return a place in a body, such as `$.items[*].mrn`."""
    return "$" + "".join("[*]" if isinstance(part, int) else f".{part}" for part in path)


def failure_message(failure: Failure) -> str:
    """Return the message of a failure; empty where it holds content of the answer."""
    if isinstance(failure, JsonSchemaError):
        keyword = str(failure.schema_path[-1]) if failure.schema_path else ""
        wanted = json.dumps(failure.schema.get(keyword))[:200]
        return (
            f"{format_path(failure.instance_path)} is not as its schema says: {keyword} = {wanted}"
            if keyword in failure.schema
            else ""
        )
    return failure.message if type(failure).__name__ in SAFE_FAILURES else ""

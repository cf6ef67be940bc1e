"""Types of text that the API accepts; they validate the input and describe it in the document.

`Annotated[str, line(1, 200)]` is any Unicode text of 1 to 200 characters without control
characters. It is stored exactly as it was sent.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import BeforeValidator, StringConstraints, WithJsonSchema

_NO_CONTROLS = r"^[^\u0000-\u001f\u007f-\u009f]*$"
_NOT_BLANK = (
    r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$"
)
_EARLIEST_BIRTH = date(1880, 1, 1)
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

MRN = Annotated[str, StringConstraints(min_length=1, max_length=32, pattern=r"^[A-Za-z0-9-]+$")]


def line(shortest: int, longest: int) -> StringConstraints:
    """Return the constraint for a text of this length without control characters."""
    return StringConstraints(min_length=shortest, max_length=longest, pattern=_NO_CONTROLS)


def name(longest: int) -> StringConstraints:
    """Return the constraint for a text that is not blank."""
    return StringConstraints(min_length=1, max_length=longest, pattern=_NOT_BLANK)


def _iso_date(value: object) -> object:
    """Accept YYYY-MM-DD only: by default pydantic also accepts numbers and timestamps."""
    if isinstance(value, date) or (isinstance(value, str) and _ISO_DATE.fullmatch(value)):
        return value
    raise ValueError("must be a date like 1971-12-31")


def _born(value: object) -> object:
    value = _iso_date(value)
    born = value if isinstance(value, date) else date.fromisoformat(str(value))
    if not _EARLIEST_BIRTH <= born <= datetime.now(UTC).date():
        raise ValueError(f"must not be before {_EARLIEST_BIRTH} and not in the future")
    return born


ISODate = Annotated[
    date, BeforeValidator(_iso_date), WithJsonSchema({"type": "string", "format": "date"})
]
BirthDate = Annotated[
    date,
    BeforeValidator(_born),
    WithJsonSchema(
        {
            "type": "string",
            "format": "date",
            "description": "Not before 1880-01-01 and not in the future.",
            "examples": ["1971-12-31"],
        }
    ),
]

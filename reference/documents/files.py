"""Rules for a document's media type, size, stored name, and download header."""

from __future__ import annotations

import re
import unicodedata
from typing import BinaryIO
from urllib.parse import quote

from reference.problems import Problem, invalid
from reference.settings import UPLOAD_LIMIT

MEDIA_TYPES = ("application/pdf", "image/png", "image/jpeg", "text/plain")
_LONGEST_NAME = 255
_NAMELESS = "unnamed"


def media_type(content_type: str | None) -> str:
    """Return the type without its parameters: `text/plain; charset=utf-8` is text/plain.

    Raises `unsupported-type` if it is not accepted.
    """
    plain = (content_type or "").partition(";")[0].strip().lower()
    if plain not in MEDIA_TYPES:
        raise Problem("unsupported-type", f"Taken are: {', '.join(MEDIA_TYPES)}.")
    return plain


def content(file: BinaryIO) -> bytes:
    """Return all bytes of the file: at least one, at most `UPLOAD_LIMIT`."""
    data = file.read(UPLOAD_LIMIT + 1)
    if len(data) > UPLOAD_LIMIT:
        raise Problem("too-large", f"A document has at most {UPLOAD_LIMIT} bytes.")
    if not data:
        raise invalid("file", "must not be empty")
    return data


def safe_name(sent: str | None) -> str:
    """Return the last part of the sent name, without control characters.

    `../../etc/passwd` is stored as "passwd".
    """
    last = re.split(r"[/\\]", sent or "")[-1]
    printable = "".join(
        character for character in last if unicodedata.category(character) != "Cc"
    ).strip()
    return printable[:_LONGEST_NAME] if printable.strip(".") else _NAMELESS


def disposition(file_name: str) -> str:
    """Return a Content-Disposition (RFC 6266) that saves the file under its name.

    The first form is for clients that only know ASCII.
    """
    ascii_name = re.sub(r'[^ -~]|["\\%]', "_", file_name)
    return f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(file_name, safe='')}"

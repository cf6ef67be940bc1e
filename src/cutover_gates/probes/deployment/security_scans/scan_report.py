"""One report of a scanner, whatever its format, and the parts that all formats share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

CRITICAL_SCORE = 9.0
"""The lowest CVSS score that is critical (CVSS 3 and 4)."""
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
TEXT_LIMIT = 80
"""Characters of a text of a report that are shown."""


class InvalidReport(ValueError):
    """The document is no report of its format: what was expected, and found."""

    def __init__(self, expected: str, actual: str) -> None:
        super().__init__(f"expected {expected}, found {actual}")
        self.expected, self.actual = expected, actual


class Severity(StrEnum):
    """As far as it decides: only a critical vulnerability is a finding."""

    CRITICAL = "critical"
    UNKNOWN = "unknown"
    LOWER = "lower"


@dataclass(frozen=True)
class Vulnerability:
    """One vulnerability in a package. `suppressed` is why the scanner hides it; empty: it is shown.

    `aliases` are its other ids, such as the CVE of a GHSA.
    """

    id: str
    package: str
    severity: Severity
    version: str = ""
    suppressed: str = ""
    aliases: tuple[str, ...] = ()

    def __str__(self) -> str:
        place = f"{self.package} {self.version}".strip()
        return f"{self.id} in {place}" if place else self.id


@dataclass(frozen=True)
class ScanReport:
    """What one run of a scanner says.

    `digests` are those of the image as the report names them. `not_image` is what was scanned
    instead, where that was no image. `made` is when it was scanned, `list_made` when the list of
    vulnerabilities was made; None: not known. `doubts` are reasons why it may be incomplete.
    """

    name: str
    tool: str
    digests: frozenset[str]
    made: datetime | None
    vulnerabilities: Sequence[Vulnerability]
    doubts: tuple[str, ...] = ()
    not_image: str = ""
    list_made: datetime | None = None


def find_digests(values: Iterable[object]) -> frozenset[str]:
    """Return the digests of images in texts such as `hospital/backend@sha256:…`."""
    return frozenset(digest for value in values for digest in _DIGEST.findall(str(value or "")))


def parse_time(value: object) -> datetime | None:
    """Return a moment with its zone; None for anything else.

    Go writes nanoseconds, of which Python reads microseconds.
    """
    text = re.sub(r"(\.\d{6})\d+", r"\1", str(value))
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo and at.year > 1 else None


def classify(word: object, scores: Iterable[object] = ()) -> Severity:
    """Return the severity of a scanner's word, or of CVSS scores where the word says nothing."""
    known = str(word or "").casefold()
    if known == "critical":
        return Severity.CRITICAL
    if known not in ("", "unknown", "none"):
        return Severity.LOWER
    numbers = [number for number in map(_parse_score, scores) if number is not None]
    if not numbers:
        return Severity.UNKNOWN
    return Severity.CRITICAL if max(numbers) >= CRITICAL_SCORE else Severity.LOWER


def _parse_score(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    # Written so that NaN is none, too; a score of 0 says that nobody gave one.
    return number if 0 < number <= 10 else None


def require_table(value: object, place: str) -> Mapping[str, Any]:
    """Return a table of the report. Raises `InvalidReport`."""
    if not isinstance(value, Mapping):
        raise InvalidReport(f"a table at {place}", type(value).__name__)
    return value


def list_tables(value: object, place: str) -> list[Mapping[str, Any]]:
    """Return a list of tables; an empty one where there is none. Raises `InvalidReport`."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidReport(f"a list at {place}", type(value).__name__)
    return [require_table(each, place) for each in value]


def cut(value: object) -> str:
    """Return a text of a report as it may be shown."""
    return " ".join(str(value or "").split())[:TEXT_LIMIT]

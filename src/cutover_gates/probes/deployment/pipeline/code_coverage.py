"""The share of the code that the tests covered: the pipeline's figure or a Cobertura report."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from cutover_gates.util.bounded_markup import declares_entities

SIZE_LIMIT = 256 * 1024 * 1024
"""Bytes of a report."""
ROUNDING_TOLERANCE = 0.1
"""Points by which two figures of one coverage may differ: each tool rounds in its own way."""


class InvalidCoverage(ValueError):
    """A coverage that cannot be used, or that contradicts itself: what was expected, and found."""

    def __init__(self, subject: str, expected: str, actual: str) -> None:
        super().__init__(f"{subject}: expected {expected}, found {actual}")
        self.subject, self.expected, self.actual = subject, expected, actual


@dataclass(frozen=True)
class CodeCoverage:
    """`percent` of `lines` (None where only the percentage is known) in the file `source`.

    `sha256` is that of the report, where the figure comes from one.
    """

    percent: float
    lines: int | None
    source: str
    sha256: str | None = None


def parse_coverage(fields: Mapping[str, Any], name: str) -> CodeCoverage | None:
    """Return the pipeline's own figure (`coverage` in its file); None where it has none.

    Raises `InvalidCoverage`.
    """
    percent, lines = fields.get("percent"), fields.get("lines_valid")
    if lines is not None:
        return _compute_coverage(int(fields["lines_covered"]), int(lines), percent, name)
    return None if percent is None else CodeCoverage(float(percent), None, name)


def read_coverage_report(path: Path) -> CodeCoverage:
    """Return the figure of a report.

    The pipeline is trusted with its own file. The standard library's parser resolves no external
    entity, and libexpat bounds the others.

    Raises:
        OSError: the file cannot be read.
        InvalidCoverage: it is not such a report.
    """
    # Before it is read: the parser holds the document in memory.
    size = path.stat().st_size
    if size > SIZE_LIMIT:
        raise InvalidCoverage(path.name, f"at most {SIZE_LIMIT} bytes", f"{size} bytes")
    content = path.read_bytes()
    covered, lines, rate = _read_attributes(content, path.name)
    try:
        counts, percent = (int(covered), int(lines)), float(rate) * 100
    except ValueError:
        figures = ", ".join((covered, lines, rate))
        raise InvalidCoverage(path.name, "figures", figures) from None
    coverage = _compute_coverage(*counts, percent, path.name)
    digest = hashlib.sha256(content).hexdigest()
    return CodeCoverage(coverage.percent, coverage.lines, coverage.source, digest)


def _read_attributes(content: bytes, name: str) -> tuple[str, str, str]:
    wanted = "a Cobertura report with lines-covered, lines-valid and line-rate"
    if declares_entities(content):
        raise InvalidCoverage(name, wanted, "a document that declares entities, and is not read")
    try:
        attributes = ElementTree.fromstring(content).attrib
        return attributes["lines-covered"], attributes["lines-valid"], attributes["line-rate"]
    except (ElementTree.ParseError, KeyError, UnicodeError):
        raise InvalidCoverage(name, wanted, "another document") from None


def _compute_coverage(covered: int, lines: int, percent: float | None, name: str) -> CodeCoverage:
    """Return the counted share, which the reported percentage must agree with."""
    # A report about no lines has the rate 1.
    if lines <= 0:
        raise InvalidCoverage(name, "1 line or more", f"{lines} lines")
    if not 0 <= covered <= lines:
        raise InvalidCoverage(name, f"0 to {lines} covered lines", f"{covered} covered lines")
    counted = 100 * covered / lines
    # Written so that a NaN is refused too: it compares as false.
    if percent is not None and not abs(counted - percent) <= ROUNDING_TOLERANCE:
        raise InvalidCoverage(
            name, f"{counted:.2f} % ({covered} of {lines} lines)", f"{percent:.2f} %"
        )
    return CodeCoverage(counted, lines, name)

"""How much of the code the tests covered, from the pipeline's own figure or from a report in
Cobertura's format.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

SIZE_LIMIT = 256 * 1024 * 1024
"""Bytes of a report."""
ROUNDING_TOLERANCE = 0.1
"""Points by which two figures of one coverage may differ: each tool rounds in its own way."""


class InvalidCoverage(ValueError):
    """What is there tells no coverage, or contradicts itself. A sentence without its full stop."""


@dataclass(frozen=True)
class CodeCoverage:
    """`percent` of `lines`; None where only the percentage is told.

    `sha256`: of the report, where it comes from one.
    """

    percent: float
    lines: int | None
    source: str
    sha256: str | None = None


def parse_coverage(by: Mapping[str, Any], name: str) -> CodeCoverage | None:
    """The pipeline's own figure (`coverage` of its file); None where it has none.

    Raises `InvalidCoverage`.
    """
    percent, lines = by.get("percent"), by.get("lines_valid")
    if lines is None:
        return None if percent is None else CodeCoverage(float(percent), None, name)
    return _compute_coverage(int(by["lines_covered"]), int(lines), percent, name)


def read_coverage_report(path: Path) -> CodeCoverage:
    """A report's. Raises `OSError`, and `InvalidCoverage` for what is no such report.

    The pipeline is trusted with its own file, and the parser of the standard library resolves no
    external entity; libexpat bounds the others.
    """
    if path.stat().st_size > SIZE_LIMIT:
        raise InvalidCoverage(f"{path.name} has more than {SIZE_LIMIT} bytes")
    content = path.read_bytes()
    try:
        root = ElementTree.fromstring(content)
        covered, lines, rate = (
            root.attrib[key] for key in ("lines-covered", "lines-valid", "line-rate")
        )
        found = _compute_coverage(int(covered), int(lines), float(rate) * 100, path.name)
    except (ElementTree.ParseError, KeyError, UnicodeError):
        raise InvalidCoverage(
            f"{path.name} is no report in Cobertura's format: it needs lines-covered, lines-valid"
            " and line-rate"
        ) from None
    except InvalidCoverage:
        raise
    except ValueError:
        raise InvalidCoverage(f"{path.name} tells figures that are none") from None
    return CodeCoverage(
        found.percent, found.lines, found.source, hashlib.sha256(content).hexdigest()
    )


def _compute_coverage(covered: int, lines: int, percent: float | None, name: str) -> CodeCoverage:
    """What is counted goes over what is told, and must agree with it."""
    if lines <= 0:
        raise InvalidCoverage(f"{name} tells of {lines} lines: coverage of nothing")
    if not 0 <= covered <= lines:
        raise InvalidCoverage(f"{name} tells of {covered} covered lines of {lines}")
    counted = 100 * covered / lines
    if percent is not None and not abs(counted - percent) <= ROUNDING_TOLERANCE:
        raise InvalidCoverage(
            f"{name} tells {percent:.2f} %, and {covered} of its {lines} lines are {counted:.2f} %"
        )
    return CodeCoverage(counted, lines, name)

"""The error lines of a period, from stores that can search and from those that must be read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cutover_gates.config.logs_and_dashboards import LogSettings
from cutover_gates.probes.observability.logs.http_log_stores import (
    ElasticsearchLogStore,
    LokiLogStore,
)
from cutover_gates.probes.observability.logs.log_stores import LogStore
from cutover_gates.probes.observability.logs.model import LogLine, parse_timestamp

_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_VARYING = re.compile(
    r"[0-9a-f]{8}-[0-9a-f-]{27}|0x[0-9a-f]+|\b[0-9a-f]*\d[0-9a-f]*\b|\d+", re.IGNORECASE
)
_RAISED = re.compile(r"\b[A-Z]\w*(?:Error|Exception)\b")
LONGEST = 300
"""Characters of a message that tell errors apart."""


class ErrorSource(Protocol):
    """What gives the lines of a period. Both raise `SourceUnavailable` and `NotProven`."""

    def read_errors(self, begin: float, end: float) -> Sequence[LogLine]:
        """Return at least all lines of the period (seconds since 1970) with an error level."""

    def read_sample(self, begin: float, end: float) -> Sequence[LogLine]:
        """Return some lines of the period; none only where there is none."""


@dataclass
class WholeLog:
    """A store that is read as a whole, once, from `first` on."""

    store: LogStore
    settings: LogSettings
    first: float
    _lines: list[tuple[float, LogLine]] | None = field(default=None, init=False)

    def read_errors(self, begin: float, end: float) -> Sequence[LogLine]:
        """Return all lines of the period."""
        return [line for at, line in self._read() if begin <= at < end]

    def read_sample(self, begin: float, end: float) -> Sequence[LogLine]:
        """Return all lines of the period."""
        return self.read_errors(begin, end)

    def _read(self) -> list[tuple[float, LogLine]]:
        if self._lines is None:
            self._lines = []
            for line in self.store.read_since(self.first):
                at = parse_timestamp(line.get_field(self.settings.time))
                if at is not None:
                    self._lines.append((at, line))
                elif self._lines:
                    # A line of a traceback belongs to the one before it, and names the exception.
                    began, whole = self._lines.pop()
                    joined = LogLine(whole, f"{whole.text}\n{line.text}")
                    self._lines.append((began, joined))
        return self._lines


def open_error_source(store: LogStore, settings: LogSettings, first: float) -> ErrorSource:
    """Return what searches the store, or reads it from `first` on where it cannot be searched."""
    if isinstance(store, LokiLogStore | ElasticsearchLogStore):
        return store
    return WholeLog(store, settings, first)


def describe_error(line: LogLine, fields: Sequence[str], sqlstate: str) -> str:
    """Return what makes two lines the same error: what happened, without numbers and quoted words.

    The names of exceptions count, too: many programs log all of them with one message. The text is
    never shown: it may hold what a person typed.
    """
    values = [str(line.get_field(name)) for name in fields if line.get_field(name) is not None]
    text = " | ".join(values) or line.text
    same = _VARYING.sub("#", _QUOTED.sub("'…'", text))[:LONGEST]
    raised = " ".join(sorted(set(_RAISED.findall(line.text))))
    return " ".join(f"{same} {raised} {line.get_field(sqlstate) or ''}".split())

"""Lines of a log, and the requests that the run makes so that there are lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from cutover_gates.config.logs_and_dashboards import LogSettings
from cutover_gates.core.bounded_json import parse_json

TIME_UNITS = (1, 1e3, 1e6, 1e9)
"""Units of a time in a second: seconds, milli-, micro-, nanoseconds."""
MOST_SECONDS = 1e11
"""A larger number is a time in a smaller unit: as seconds it would be in the year 5138."""


@dataclass(frozen=True)
class TrafficRecord:
    """Requests that were made between two moments (seconds since 1970, on our clock).

    `ids` are those that the answers carried. `sent` is how many were made. `private` are values in
    them that no line may hold, by a name that may be shown.
    """

    began: float
    ended: float
    ids: tuple[str, ...]
    sent: int
    private: Mapping[str, str] = field(default_factory=dict, repr=False)


class TrafficSource(Protocol):
    """A client that makes requests to the target for the check."""

    def probe_request(self) -> TrafficRecord:
        """Make one request.

        Where nobody can sign in, such as before a cutover, it is one without a valid session.
        """

    def search(self, times: int) -> TrafficRecord:
        """Search `times` times for a patient who does not exist."""

    def sign_in(self) -> TrafficRecord:
        """Sign in with a password, use the token, and sign out."""

    def register_canary_patient(self) -> TrafficRecord:
        """Register a synthetic patient with unmistakable names, and search for them by name."""


class LogLine(dict[str, Any]):
    """The fields of one line. `text` is all of it, as it stands in the store."""

    def __init__(self, fields: Mapping[str, Any], text: str) -> None:
        super().__init__(fields)
        self.text = text

    def get_field(self, name: str) -> Any:
        """Return a field by its name or its path (`kubernetes.pod`); None where there is none."""
        # A name with a dot may be one field: collectors flatten tables.
        if name in self:
            return self[name]
        value: Any = self
        for part in name.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        return value


def parse_line(
    text: str, settings: LogSettings, labels: Mapping[str, Any] | None = None
) -> LogLine:
    """Return the fields of a line in JSON, or of one that matches `pattern`.

    `labels` are fields that the store adds; the line's own fields have precedence.
    """
    fields = _parse_json(text)
    if fields is None:
        match = re.search(settings.pattern, text) if settings.pattern else None
        fields = {"message": text, **(_map_groups(match, settings) if match else {})}
    # The line itself knows its level and time better than the collector.
    return LogLine({**(labels or {}), **fields}, text)


def _parse_json(text: str) -> dict[str, Any] | None:
    if not text.lstrip().startswith("{"):
        return None
    try:
        fields = parse_json(text, unique_names=False)
    except ValueError:
        return None
    return fields if isinstance(fields, dict) else None


def _map_groups(match: re.Match[str], settings: LogSettings) -> dict[str, str]:
    """Return the groups under the names that the settings give to their fields."""
    names = {"time": settings.time, "level": settings.level, "request_id": settings.request_id}
    return {
        names.get(group, group): value
        for group, value in match.groupdict().items()
        if value is not None
    }


def parse_timestamp(value: Any) -> float | None:
    """Return seconds since 1970; None where the value is not a time.

    A text is ISO 8601 (without a zone: UTC). A number is in seconds, milli-, micro- or nanoseconds.
    """
    # Loki and Docker write numbers as text.
    if isinstance(value, str) and re.fullmatch(r"\d+(\.\d+)?", value):
        value = float(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = (float(value) / unit for unit in TIME_UNITS)
        return next((each for each in seconds if each < MOST_SECONDS), None)
    try:
        at = datetime.fromisoformat(str(value).strip())
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def select_since(lines: Iterable[LogLine], at: float, settings: LogSettings) -> Sequence[LogLine]:
    """Return the lines from `at` on.

    A line without a time, such as a line of a traceback, belongs to the one before it.
    """
    selected, current = [], None
    for line in lines:
        own = parse_timestamp(line.get_field(settings.time))
        current = own if own is not None else current
        if current is None or current >= at:
            selected.append(line)
    return selected

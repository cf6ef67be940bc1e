"""What the run does at the target so that there is something to be seen in its signals."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from cutover_gates.config.logs_and_dashboards import LogSettings


@dataclass(frozen=True)
class TrafficRecord:
    """Requests that were made between two moments (seconds since 1970, on our clock).

    `ids` are those that the answers carried; `sent`: how many were made; `private` what was said in
    them that no line may hold, by its name.
    """

    began: float
    ended: float
    ids: tuple[str, ...]
    sent: int
    private: Mapping[str, str] = field(default_factory=dict, repr=False)


class TrafficSource(Protocol):
    """Whoever acts at the target."""

    def probe_request(self) -> TrafficRecord:
        """Make one request, as whoever may; as a stranger where nobody can sign in, such as before
        a cutover.
        """

    def search(self, times: int) -> TrafficRecord:
        """Search for a patient that nobody has."""

    def sign_in(self) -> TrafficRecord:
        """Sign in with a password, use the token, and sign out."""

    def register_canary_patient(self) -> TrafficRecord:
        """Register a synthetic patient whose names cannot be mistaken, and look for him by name."""


class LogLine(dict[str, Any]):
    """The fields of one line. `text` is all of it, as it stands in the store."""

    def __init__(self, fields: Mapping[str, Any], text: str) -> None:
        super().__init__(fields)
        self.text = text

    def get_field(self, name: str) -> Any:
        """A field by its name, or by the way to it (`kubernetes.pod`); None where there is none."""
        if name in self:
            return self[name]
        found: Any = self
        for part in name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        return found


def parse_line(
    text: str, settings: LogSettings, beside: Mapping[str, Any] | None = None
) -> LogLine:
    """A line in JSON, or as `pattern` has it.

    `beside`: what the store itself says of it; the line's own words go over that.
    """
    fields: Any = None
    if text.lstrip().startswith("{"):
        try:
            fields = json.loads(text)
        except ValueError:
            fields = None
    if not isinstance(fields, dict):
        found = re.search(settings.pattern, text) if settings.pattern else None
        fields = {"message": text, **_map_groups(found, settings)} if found else {"message": text}
    return LogLine({**(beside or {}), **fields}, text)


def _map_groups(found: re.Match[str], settings: LogSettings) -> dict[str, str]:
    """The groups under the names that the settings give to their fields."""
    names = {"time": settings.time, "level": settings.level, "request_id": settings.request_id}
    return {
        names.get(group, group): value
        for group, value in found.groupdict().items()
        if value is not None
    }


def parse_timestamp(value: Any) -> float | None:
    """Seconds since 1970, from ISO 8601 (without a zone: UTC) or a number of seconds, milli-,
    micro- or nanoseconds; None where it is none.
    """
    if isinstance(value, str) and re.fullmatch(r"\d+(\.\d+)?", value):
        value = float(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        for unit in (1, 1e3, 1e6, 1e9):
            if value / unit < 1e11:
                return float(value) / unit
        return None
    try:
        at = datetime.fromisoformat(str(value).strip())
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def select_since(lines: Iterable[LogLine], at: float, settings: LogSettings) -> Sequence[LogLine]:
    """Those from `at` on. A line without a time (a trace, say) belongs to the one before it."""
    found, current = [], None
    for line in lines:
        own = parse_timestamp(line.get_field(settings.time))
        current = own if own is not None else current
        if current is None or current >= at:
            found.append(line)
    return found

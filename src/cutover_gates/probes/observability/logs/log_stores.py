"""Logs on this machine and in the pods of a cluster; what every log store offers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from cutover_gates.config.logs_and_dashboards import LogSettings
from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.core.findings import gap_error
from cutover_gates.probes.observability.logs import rules
from cutover_gates.probes.observability.logs.model import (
    LogLine,
    parse_line,
    parse_timestamp,
    select_since,
)
from cutover_gates.util.http import ERROR_TEXT_LIMIT, SourceUnavailable
from cutover_gates.util.http_services import SERVICE_TIMEOUT_SECONDS
from cutover_gates.util.subprocesses import ChildTimeout, run_child

TAIL = 1024 * 1024
"""Bytes of a file that are read first, from its end."""
LARGEST = 64 * 1024 * 1024
"""Bytes of a file that are read at most: more cannot be searched in the time of a check."""
SEARCH_WINDOW_SECONDS = 600.0
"""Seconds up to now in which a text is searched for."""
MAX_PODS = 50
"""Pods whose logs `kubectl` reads at the same time; its own limit of 5 is too low for a service."""


class LogStore(Protocol):
    """A place where lines are kept. Both methods raise `SourceUnavailable`."""

    def find(self, marker: str) -> Sequence[LogLine]:
        """Return the lines of the last minutes that hold a text."""

    def read_since(self, at: float) -> Sequence[LogLine]:
        """Return all lines from a moment on (seconds since 1970).

        Raises `NotProven` where they are too many to be read.
        """


class FileLogStore:
    """A log in a file on this machine. A line counts once its end is written."""

    def __init__(self, path: Path, settings: LogSettings) -> None:
        self._path, self._settings = path, settings

    def find(self, marker: str) -> Sequence[LogLine]:
        """Return the lines at the end of the file that hold a text."""
        # A quarter: the line is new, and this is repeated until it comes.
        texts, _ = self._read_tail(LARGEST // 4)
        return [parse_line(text, self._settings) for text in texts if marker in text]

    def read_since(self, at: float) -> Sequence[LogLine]:
        """Return all lines from a moment on."""
        size = TAIL
        # From the end, in growing steps: the beginning of a large file is rarely needed.
        while True:
            texts, is_complete = self._read_tail(size)
            lines = [parse_line(text, self._settings) for text in texts]
            times = (parse_timestamp(line.get_field(self._settings.time)) for line in lines)
            first = next((each for each in times if each is not None), None)
            if is_complete or (first is not None and first < at):
                return select_since(lines, at, self._settings)
            if size >= LARGEST:
                raise too_many_lines(str(self._path), at)
            # Four times: a few steps reach the limit.
            size *= 4

    def _read_tail(self, size: int) -> tuple[list[str], bool]:
        """Return the last lines, and whether they are all lines of the file."""
        try:
            with self._path.open("rb") as file:
                length = file.seek(0, 2)
                file.seek(max(0, length - size))
                data = file.read(size)
        except OSError as error:
            reason = f"cannot be read: {error.strerror}"
            raise SourceUnavailable(reason, str(self._path)) from None
        is_complete = length <= size
        lines = data.decode("utf-8", "replace").split("\n")
        # The first line may be cut, and the last one is not finished.
        return lines[0 if is_complete else 1 : -1], is_complete


class KubectlLogStore:
    """`kubectl logs` of the pods that a selector finds. The logs of deleted pods are gone."""

    def __init__(self, settings: LogSettings) -> None:
        self._settings = settings

    def find(self, marker: str) -> Sequence[LogLine]:
        """Return the lines of the last minutes that hold a text."""
        texts = self._read_logs(time.time() - SEARCH_WINDOW_SECONDS)
        return [parse_line(text, self._settings) for text in texts if marker in text]

    def read_since(self, at: float) -> Sequence[LogLine]:
        """Return all lines from a moment on."""
        lines = (parse_line(text, self._settings) for text in self._read_logs(at))
        return select_since(lines, at, self._settings)

    def _read_logs(self, at: float) -> list[str]:
        command, seconds = self._make_command(at), 2 * SERVICE_TIMEOUT_SECONDS
        source = " ".join(command)
        try:
            child = run_child(command, seconds)
        except FileNotFoundError:
            # A setting may be wrong, or the machine: both are named.
            reason = 'is not on the PATH, and logs.kind is "kubectl"'
            raise SourceUnavailable(reason, "kubectl") from None
        except ChildTimeout:
            reason = f"gave no complete answer within {seconds:g} s"
            raise SourceUnavailable(reason, source) from None
        if child.status:
            text = child.complaint[:ERROR_TEXT_LIMIT]
            raise SourceUnavailable(f"ended with {child.status}: {text}", source)
        return [text for text in child.output.split("\n") if text]

    def _make_command(self, at: float) -> list[str]:
        settings = self._settings
        context = ["--context", settings.context] if settings.context else []
        return [
            "kubectl",
            *context,
            "--namespace",
            settings.namespace,
            f"--request-timeout={SERVICE_TIMEOUT_SECONDS:g}s",
            "logs",
            "--selector",
            str(settings.selector),
            "--all-containers",
            "--tail=-1",
            f"--max-log-requests={MAX_PODS}",
            f"--since-time={format_milliseconds(at)}",
        ]


def format_milliseconds(at: float) -> str:
    """Return a moment (seconds since 1970) as ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def too_many_lines(source: str, at: float) -> NotProven:
    """Return the error to raise where a store holds more lines than can be read."""
    reason = f"more lines since {format_milliseconds(at)} than a check can read"
    return gap_error(rules.WINDOW_READABLE, source, reason)

"""Where logs are kept: a file, Loki, Elasticsearch or OpenSearch, the pods of a cluster."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from cutover_gates.config.logs_and_dashboards import LogSettings
from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.probes.observability.logs.model import (
    LogLine,
    parse_line,
    parse_timestamp,
    select_since,
)
from cutover_gates.util.http import ERROR_TEXT_LIMIT, SourceUnavailable
from cutover_gates.util.http_services import SERVICE_TIMEOUT_SECONDS, JsonService
from cutover_gates.util.subprocesses import ChildTimeout, run_child

TAIL = 1024 * 1024
"""Bytes of a file that are read first, from its end."""
LARGEST = 64 * 1024 * 1024
"""Bytes that are read at most. What is more cannot be looked through in the time of a check."""
PAGE = 1000
MOST = 50_000
"""Lines that are read at most."""
SEARCH_WINDOW_SECONDS = 600.0
"""Seconds within which a store is searched for a mark."""


class LogStore(Protocol):
    """Both raise `TelemetrySilent` where the store does not answer."""

    def find(self, marker: str) -> Sequence[LogLine]:
        """The lines of the last minutes that hold a text."""

    def read_since(self, at: float) -> Sequence[LogLine]:
        """All lines from a moment on (seconds since 1970), every one.

        Raises `NotProven` where they are too many to be read.
        """


class FileLogStore:
    """A log on this machine. A line counts once its end is written."""

    def __init__(self, path: Path, settings: LogSettings) -> None:
        self._path, self._settings = path, settings

    def find(self, marker: str) -> Sequence[LogLine]:
        lines = self._read_tail(LARGEST // 4)[0]
        return [parse_line(line, self._settings) for line in lines if marker in line]

    def read_since(self, at: float) -> Sequence[LogLine]:
        size = TAIL
        while True:
            texts, whole = self._read_tail(size)
            lines = [parse_line(text, self._settings) for text in texts]
            first = next(
                (
                    found
                    for line in lines
                    if (found := parse_timestamp(line.get_field(self._settings.time))) is not None
                ),
                None,
            )
            if whole or (first is not None and first < at):
                return select_since(lines, at, self._settings)
            if size >= LARGEST:
                raise _too_many_lines(at)
            size *= 4

    def _read_tail(self, size: int) -> tuple[list[str], bool]:
        """The last lines, and whether they are all."""
        try:
            with self._path.open("rb") as file:
                length = file.seek(0, 2)
                file.seek(max(0, length - size))
                data = file.read(size)
        except OSError as error:
            raise SourceUnavailable(
                f"the log {self._path} cannot be read: {error.strerror}"
            ) from None
        whole = length <= size
        lines = data.decode("utf-8", "replace").split("\n")
        return lines[0 if whole else 1 : -1], whole


class LokiLogStore:
    """Loki's HTTP API, `/loki/api/v1/query_range`."""

    def __init__(self, service: JsonService, settings: LogSettings) -> None:
        self._service, self._settings = service, settings

    def find(self, marker: str) -> Sequence[LogLine]:
        quoted = json.dumps(marker)
        return [
            line
            for _, line in self._fetch_page(
                f"{self._settings.selector} |= {quoted}",
                round((time.time() - SEARCH_WINDOW_SECONDS) * 1e9),
            )
        ]

    def read_since(self, at: float) -> Sequence[LogLine]:
        start, found, seen = round(at * 1e9), list[LogLine](), set[tuple[int, str]]()
        while True:  # a page begins where the one before ended: several lines may have that moment
            page = self._fetch_page(str(self._settings.selector), start)
            new = [(stamp, line) for stamp, line in page if (stamp, line.text) not in seen]
            found += [line for _, line in new]
            seen = {(stamp, line.text) for stamp, line in page}
            if len(page) < PAGE:
                return found
            if len(found) > MOST or not new:
                raise _too_many_lines(at)
            start = page[-1][0]

    def _fetch_page(self, query: str, start: int) -> list[tuple[int, LogLine]]:
        path = "/loki/api/v1/query_range"
        told = self._service.get(
            path,
            query=query,
            start=str(start),
            end=str(time.time_ns() + 60 * 10**9),
            limit=str(PAGE),
            direction="forward",
        )
        try:
            lines = [
                (
                    int(stamp),
                    parse_line(
                        text,
                        self._settings,
                        {self._settings.time: _format_time(int(stamp) / 1e9), **stream["stream"]},
                    ),
                )
                for stream in told["data"]["result"]
                for stamp, text, *_ in stream["values"]
            ]
        except (KeyError, TypeError, ValueError):
            raise SourceUnavailable(
                f"{self._service.format_url(path)} gave an answer that is not that of a Loki"
            ) from None
        return sorted(lines, key=lambda line: line[0])


class ElasticsearchLogStore:
    """`_search` of Elasticsearch or OpenSearch."""

    def __init__(self, service: JsonService, settings: LogSettings) -> None:
        self._service, self._settings = service, settings
        self._path = f"/{quote(settings.index, safe='*,-_.')}/_search"

    def find(self, marker: str) -> Sequence[LogLine]:
        phrase = {
            "multi_match": {"query": marker, "type": "phrase", "fields": ["*"], "lenient": True}
        }
        return [
            line
            for line, _ in self._fetch_page(
                {
                    "bool": {
                        "must": [phrase],
                        "filter": [self._time_filter(time.time() - SEARCH_WINDOW_SECONDS)],
                    }
                },
                None,
            )
            if marker in line.text
        ]

    def read_since(self, at: float) -> Sequence[LogLine]:
        found, after = list[LogLine](), None
        while True:
            page = self._fetch_page({"bool": {"filter": [self._time_filter(at)]}}, after)
            found += [line for line, _ in page]
            if len(page) < PAGE:
                return found
            if len(found) > MOST:
                raise _too_many_lines(at)
            after = page[-1][1]

    def _time_filter(self, at: float) -> dict[str, Any]:
        return {"range": {self._settings.time: {"gte": _format_time(at)}}}

    def _fetch_page(
        self, query: dict[str, Any], after: list[Any] | None
    ) -> list[tuple[LogLine, list[Any]]]:
        body = {
            "query": query,
            "size": PAGE,
            "sort": [{self._settings.time: "asc"}, {"_doc": "asc"}],
            **({"search_after": after} if after else {}),
        }
        told = self._service.post(self._path, body)
        try:
            lost = told.get("timed_out") or told["_shards"]["failed"]
            hits = [
                (
                    LogLine(hit["_source"], json.dumps(hit["_source"], ensure_ascii=False)),
                    hit["sort"],
                )
                for hit in told["hits"]["hits"]
            ]
        except (KeyError, TypeError, AttributeError):
            raise SourceUnavailable(
                f"{self._service.format_url(self._path)} gave an answer that is not that of a search"
            ) from None
        if lost:
            raise SourceUnavailable(
                f"{self._service.format_url(self._path)} answered in part: not all of its shards did"
            )
        return hits


class KubectlLogStore:
    """`kubectl logs` of the pods that a selector finds.

    Pods that are gone tell nothing any more.
    """

    def __init__(self, settings: LogSettings) -> None:
        self._settings = settings

    def find(self, marker: str) -> Sequence[LogLine]:
        return [
            parse_line(text, self._settings)
            for text in self._read_logs(time.time() - SEARCH_WINDOW_SECONDS)
            if marker in text
        ]

    def read_since(self, at: float) -> Sequence[LogLine]:
        return select_since(
            (parse_line(text, self._settings) for text in self._read_logs(at)), at, self._settings
        )

    def _read_logs(self, at: float) -> list[str]:
        settings = self._settings
        context = ["--context", settings.context] if settings.context else []
        command = [
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
            "--max-log-requests=50",
            f"--since-time={_format_time(at)}",
        ]
        try:
            child = run_child(command, 2 * SERVICE_TIMEOUT_SECONDS)
        except FileNotFoundError:
            raise SourceUnavailable(
                'kubectl is not on the PATH, and logs.kind is "kubectl"'
            ) from None
        except ChildTimeout:
            raise SourceUnavailable(
                f"{' '.join(command)} gave no complete answer within {2 * SERVICE_TIMEOUT_SECONDS:g} s"
            ) from None
        if child.status:
            said = child.complaint[:ERROR_TEXT_LIMIT]
            raise SourceUnavailable(f"{' '.join(command)} ended with {child.status}: {said}")
        return [text for text in child.output.split("\n") if text]


def _format_time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _too_many_lines(at: float) -> NotProven:
    return NotProven(
        f"the log holds more lines since {_format_time(at)} than can be looked through in the time of a"
        " check"
    )

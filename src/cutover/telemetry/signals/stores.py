"""Where logs are kept: a file, Loki, Elasticsearch or OpenSearch, the pods of a cluster."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from cutover.evidence.examination import NotProven
from cutover.settings.signals import Logs
from cutover.telemetry.asking import SAID
from cutover.telemetry.looks import TelemetrySilent
from cutover.telemetry.signals.lines import Line, moment, read, since
from cutover.telemetry.signals.service import SECONDS, Service

TAIL = 1024 * 1024
"""Bytes of a file that are read first, from its end."""
LARGEST = 64 * 1024 * 1024
"""Bytes that are read at most. What is more cannot be looked through in the time of a check."""
PAGE = 1000
MOST = 50_000
"""Lines that are read at most."""
BACK = 600.0
"""Seconds within which a store is searched for a mark."""


class Store(Protocol):
    """Both raise `TelemetrySilent` where the store does not answer."""

    def find(self, marker: str) -> Sequence[Line]:
        """The lines of the last minutes that hold a text."""

    def since(self, at: float) -> Sequence[Line]:
        """All lines from a moment on (seconds since 1970), every one.

        Raises `NotProven` where they are too many to be read.
        """


class File:
    """A log on this machine. A line counts once its end is written."""

    def __init__(self, path: Path, settings: Logs) -> None:
        self._path, self._settings = path, settings

    def find(self, marker: str) -> Sequence[Line]:
        lines = self._tail(LARGEST // 4)[0]
        return [read(line, self._settings) for line in lines if marker in line]

    def since(self, at: float) -> Sequence[Line]:
        size = TAIL
        while True:
            texts, whole = self._tail(size)
            lines = [read(text, self._settings) for text in texts]
            first = next(
                (
                    found
                    for line in lines
                    if (found := moment(line.field(self._settings.time))) is not None
                ),
                None,
            )
            if whole or (first is not None and first < at):
                return since(lines, at, self._settings)
            if size >= LARGEST:
                raise _too_much(at)
            size *= 4

    def _tail(self, size: int) -> tuple[list[str], bool]:
        """The last lines, and whether they are all."""
        try:
            with self._path.open("rb") as file:
                length = file.seek(0, 2)
                file.seek(max(0, length - size))
                data = file.read(size)
        except OSError as error:
            raise TelemetrySilent(
                f"the log {self._path} cannot be read: {error.strerror}"
            ) from None
        whole = length <= size
        lines = data.decode("utf-8", "replace").split("\n")
        return lines[0 if whole else 1 : -1], whole


class Loki:
    """Loki's HTTP API, `/loki/api/v1/query_range`."""

    def __init__(self, service: Service, settings: Logs) -> None:
        self._service, self._settings = service, settings

    def find(self, marker: str) -> Sequence[Line]:
        quoted = json.dumps(marker)
        return [
            line
            for _, line in self._page(
                f"{self._settings.selector} |= {quoted}", round((time.time() - BACK) * 1e9)
            )
        ]

    def since(self, at: float) -> Sequence[Line]:
        start, found, seen = round(at * 1e9), list[Line](), set[tuple[int, str]]()
        while True:  # a page begins where the one before ended: several lines may have that moment
            page = self._page(str(self._settings.selector), start)
            new = [(stamp, line) for stamp, line in page if (stamp, line.text) not in seen]
            found += [line for _, line in new]
            seen = {(stamp, line.text) for stamp, line in page}
            if len(page) < PAGE:
                return found
            if len(found) > MOST or not new:
                raise _too_much(at)
            start = page[-1][0]

    def _page(self, query: str, start: int) -> list[tuple[int, Line]]:
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
                    read(
                        text,
                        self._settings,
                        {self._settings.time: _iso(int(stamp) / 1e9), **stream["stream"]},
                    ),
                )
                for stream in told["data"]["result"]
                for stamp, text, *_ in stream["values"]
            ]
        except (KeyError, TypeError, ValueError):
            raise TelemetrySilent(
                f"{self._service.shown(path)} gave an answer that is not that of a Loki"
            ) from None
        return sorted(lines, key=lambda line: line[0])


class Elasticsearch:
    """`_search` of Elasticsearch or OpenSearch."""

    def __init__(self, service: Service, settings: Logs) -> None:
        self._service, self._settings = service, settings
        self._path = f"/{quote(settings.index, safe='*,-_.')}/_search"

    def find(self, marker: str) -> Sequence[Line]:
        phrase = {
            "multi_match": {"query": marker, "type": "phrase", "fields": ["*"], "lenient": True}
        }
        return [
            line
            for line, _ in self._page(
                {"bool": {"must": [phrase], "filter": [self._from(time.time() - BACK)]}}, None
            )
            if marker in line.text
        ]

    def since(self, at: float) -> Sequence[Line]:
        found, after = list[Line](), None
        while True:
            page = self._page({"bool": {"filter": [self._from(at)]}}, after)
            found += [line for line, _ in page]
            if len(page) < PAGE:
                return found
            if len(found) > MOST:
                raise _too_much(at)
            after = page[-1][1]

    def _from(self, at: float) -> dict[str, Any]:
        return {"range": {self._settings.time: {"gte": _iso(at)}}}

    def _page(self, query: dict[str, Any], after: list[Any] | None) -> list[tuple[Line, list[Any]]]:
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
                (Line(hit["_source"], json.dumps(hit["_source"], ensure_ascii=False)), hit["sort"])
                for hit in told["hits"]["hits"]
            ]
        except (KeyError, TypeError, AttributeError):
            raise TelemetrySilent(
                f"{self._service.shown(self._path)} gave an answer that is not that of a search"
            ) from None
        if lost:
            raise TelemetrySilent(
                f"{self._service.shown(self._path)} answered in part: not all of its shards did"
            )
        return hits


class Kubectl:
    """`kubectl logs` of the pods that a selector finds.

    Pods that are gone tell nothing any more.
    """

    def __init__(self, settings: Logs) -> None:
        self._settings = settings

    def find(self, marker: str) -> Sequence[Line]:
        return [
            read(text, self._settings) for text in self._logs(time.time() - BACK) if marker in text
        ]

    def since(self, at: float) -> Sequence[Line]:
        return since((read(text, self._settings) for text in self._logs(at)), at, self._settings)

    def _logs(self, at: float) -> list[str]:
        settings = self._settings
        context = ["--context", settings.context] if settings.context else []
        command = [
            "kubectl",
            *context,
            "--namespace",
            settings.namespace,
            f"--request-timeout={SECONDS:g}s",
            "logs",
            "--selector",
            str(settings.selector),
            "--all-containers",
            "--tail=-1",
            "--max-log-requests=50",
            f"--since-time={_iso(at)}",
        ]
        try:
            done = subprocess.run(command, capture_output=True, timeout=2 * SECONDS, check=False)
        except FileNotFoundError:
            raise TelemetrySilent(
                'kubectl is not on the PATH, and logs.kind is "kubectl"'
            ) from None
        except subprocess.TimeoutExpired:
            raise TelemetrySilent(
                f"{' '.join(command)} gave no whole answer within {2 * SECONDS:g} s"
            ) from None
        if done.returncode:
            said = " ".join(done.stderr.decode("utf-8", "replace").split())[:SAID]
            raise TelemetrySilent(f"{' '.join(command)} ended with {done.returncode}: {said}")
        return [text for text in done.stdout.decode("utf-8", "replace").split("\n") if text]


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _too_much(at: float) -> NotProven:
    return NotProven(
        f"the log holds more lines since {_iso(at)} than can be looked through in the time of a"
        " check"
    )

"""Logs in Loki, and in Elasticsearch or OpenSearch."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from cutover_gates.config.logs_and_dashboards import LogSettings
from cutover_gates.probes.observability.logs.log_stores import (
    SEARCH_WINDOW_SECONDS,
    format_milliseconds,
    too_many_lines,
)
from cutover_gates.probes.observability.logs.model import LogLine, parse_line
from cutover_gates.util.http import SourceUnavailable
from cutover_gates.util.http_services import JsonService

PAGE = 1000
"""Lines of one answer."""
MOST = 50_000
"""Lines that are read at most: more cannot be searched in the time of a check."""
NANOSECONDS = 10**9
CLOCK_SLACK_NANOSECONDS = 60 * NANOSECONDS
"""How far into the future Loki is read: its clock may be ahead of ours."""


class LokiLogStore:
    """The HTTP API of Loki, `/loki/api/v1/query_range`."""

    _path = "/loki/api/v1/query_range"

    def __init__(self, service: JsonService, settings: LogSettings) -> None:
        self._service, self._settings = service, settings

    def find(self, marker: str) -> Sequence[LogLine]:
        """Return the lines of the last minutes that hold a text."""
        # JSON's quoting is valid in LogQL.
        query = f"{self._settings.selector} |= {json.dumps(marker)}"
        start = round((time.time() - SEARCH_WINDOW_SECONDS) * NANOSECONDS)
        return [line for _, line in self._fetch_page(query, start)]

    def read_since(self, at: float) -> Sequence[LogLine]:
        """Return all lines from a moment on."""
        start, lines = round(at * NANOSECONDS), list[LogLine]()
        previous: set[tuple[int, str]] = set()
        while True:
            # A page begins where the one before ended: several lines may have that moment.
            page = self._fetch_page(str(self._settings.selector), start)
            new = [line for stamp, line in page if (stamp, line.text) not in previous]
            lines += new
            previous = {(stamp, line.text) for stamp, line in page}
            if len(page) < PAGE:
                return lines
            if len(lines) > MOST or not new:
                raise too_many_lines(self._service.format_url(), at)
            start = page[-1][0]

    def read_errors(self, begin: float, end: float) -> Sequence[LogLine]:
        """Return the lines between two moments that may have an error level.

        The level is a part of the text, or a label: a line filter sees no label.
        """
        settings, found = self._settings, dict[tuple[int, str], LogLine]()
        words = f"(?i)({'|'.join(map(re.escape, settings.error_levels))})"
        label = re.sub(r"\W", "_", settings.level)
        # JSON's quoting is valid in LogQL.
        for part in (f"|~ {json.dumps(words)}", f"| {label}=~{json.dumps(words)}"):
            lines = self._read_range(f"{settings.selector} {part}", begin, end)
            found |= {(stamp, line.text): line for stamp, line in lines}
        return [found[key] for key in sorted(found)]

    def read_sample(self, begin: float, end: float) -> Sequence[LogLine]:
        """Return the first lines between two moments, at most a page."""
        start, last = round(begin * NANOSECONDS), round(end * NANOSECONDS)
        return [line for _, line in self._fetch_page(str(self._settings.selector), start, last)]

    def _read_range(self, query: str, begin: float, end: float) -> list[tuple[int, LogLine]]:
        start, last = round(begin * NANOSECONDS), round(end * NANOSECONDS)
        # By moment and text: a page begins at the moment at which the one before ended.
        found = dict[tuple[int, str], LogLine]()
        while True:
            page = self._fetch_page(query, start, last)
            count = len(found)
            found |= {(stamp, line.text): line for stamp, line in page}
            if len(page) < PAGE:
                return [(stamp, line) for (stamp, _), line in found.items()]
            if len(found) > MOST or len(found) == count:
                raise too_many_lines(self._service.format_url(), begin)
            start = page[-1][0]

    def _fetch_page(
        self, query: str, start: int, end: int | None = None
    ) -> list[tuple[int, LogLine]]:
        """Return lines with their times in nanoseconds since 1970, in their order."""
        answer = self._service.get(
            self._path,
            query=query,
            start=str(start),
            end=str(time.time_ns() + CLOCK_SLACK_NANOSECONDS if end is None else end),
            limit=str(PAGE),
            direction="forward",
        )
        try:
            lines = [
                (int(stamp), self._parse_line(int(stamp), text, stream["stream"]))
                for stream in answer["data"]["result"]
                for stamp, text, *_ in stream["values"]
            ]
        except (KeyError, TypeError, ValueError):
            reason = "gave an answer that is not that of a Loki"
            raise SourceUnavailable(reason, self._service.format_url(self._path)) from None
        # Each stream is in order, and the streams among them are not.
        return sorted(lines, key=lambda line: line[0])

    def _parse_line(self, stamp: int, text: str, labels: Mapping[str, str]) -> LogLine:
        stored = {self._settings.time: format_milliseconds(stamp / NANOSECONDS), **labels}
        return parse_line(text, self._settings, stored)


class ElasticsearchLogStore:
    """`_search` of Elasticsearch or OpenSearch."""

    def __init__(self, service: JsonService, settings: LogSettings) -> None:
        self._service, self._settings = service, settings
        # Commas, stars and dashes are part of an index pattern.
        self._path = f"/{quote(settings.index, safe='*,-_.')}/_search"

    def find(self, marker: str) -> Sequence[LogLine]:
        """Return the lines of the last minutes that hold a text."""
        phrase = {
            "multi_match": {"query": marker, "type": "phrase", "fields": ["*"], "lenient": True}
        }
        window = self._time_filter(time.time() - SEARCH_WINDOW_SECONDS)
        page = self._fetch_page({"bool": {"must": [phrase], "filter": [window]}}, None)
        # A phrase is compared word by word, so other texts may be among the hits.
        return [line for line, _ in page if marker in line.text]

    def read_since(self, at: float) -> Sequence[LogLine]:
        """Return all lines from a moment on."""
        return self._read_all([self._time_filter(at)], at)

    def read_errors(self, begin: float, end: float) -> Sequence[LogLine]:
        """Return the lines between two moments that have an error level."""
        # A keyword is compared letter by letter: `error` does not find `ERROR`.
        spellings = {
            spelling
            for level in self._settings.error_levels
            for spelling in (level, level.lower(), level.upper(), level.capitalize())
        }
        levels = [{"match": {self._settings.level: one}} for one in sorted(spellings)]
        has_level = {"bool": {"should": levels, "minimum_should_match": 1}}
        return self._read_all([self._time_filter(begin, end), has_level], begin)

    def read_sample(self, begin: float, end: float) -> Sequence[LogLine]:
        """Return the first lines between two moments, at most a page."""
        page = self._fetch_page({"bool": {"filter": [self._time_filter(begin, end)]}}, None)
        return [line for line, _ in page]

    def _read_all(self, filters: list[dict[str, Any]], at: float) -> list[LogLine]:
        lines, after = list[LogLine](), None
        while True:
            page = self._fetch_page({"bool": {"filter": filters}}, after)
            lines += [line for line, _ in page]
            if len(page) < PAGE:
                return lines
            if len(lines) > MOST:
                raise too_many_lines(self._service.format_url(), at)
            after = page[-1][1]

    def _time_filter(self, at: float, end: float | None = None) -> dict[str, Any]:
        bounds = {"gte": format_milliseconds(at)}
        if end is not None:
            bounds["lt"] = format_milliseconds(end)
        return {"range": {self._settings.time: bounds}}

    def _fetch_page(
        self, query: dict[str, Any], after: list[Any] | None
    ) -> list[tuple[LogLine, list[Any]]]:
        """Return lines with their sort values; a page begins after the sort values `after`."""
        body: dict[str, Any] = {
            "query": query,
            "size": PAGE,
            # _doc breaks ties, so that lines of one moment are neither lost nor doubled.
            "sort": [{self._settings.time: "asc"}, {"_doc": "asc"}],
        }
        if after:
            body["search_after"] = after
        answer, url = self._service.post(self._path, body), self._service.format_url(self._path)
        try:
            # A search that times out, or loses a shard, still answers 200.
            is_partial = answer.get("timed_out") or answer["_shards"]["failed"]
            hits = [(_make_line(hit["_source"]), hit["sort"]) for hit in answer["hits"]["hits"]]
        except (KeyError, TypeError, AttributeError):
            raise SourceUnavailable("gave an answer that is not that of a search", url) from None
        if is_partial:
            raise SourceUnavailable("answered in part: not all of its shards did", url)
        return hits


def _make_line(source: Mapping[str, Any]) -> LogLine:
    return LogLine(source, json.dumps(source, ensure_ascii=False))

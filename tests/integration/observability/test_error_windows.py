"""The error lines of a period: searched for in Loki and Elasticsearch, read from a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.config.logs_and_dashboards import LogSettings
from cutover_gates.probes.observability.logs import http_log_stores
from cutover_gates.probes.observability.logs.error_windows import describe_error, open_error_source
from cutover_gates.probes.observability.logs.http_log_stores import NANOSECONDS
from cutover_gates.probes.observability.logs.log_store_factory import create_log_store
from cutover_gates.probes.observability.logs.model import LogLine
from tests.standins.http_server import ReceivedRequest, Reply, json_reply, running_http_standin

BEGAN = 1_795_800_000
TEXTS = [json.dumps({"level": "ERROR", "message": f"failed {number}"}) for number in range(9)]


def test_loki_is_searched_by_text_and_by_label(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line whose level is a label alone is found, too; a line that both find is one line."""
    monkeypatch.setattr(http_log_stores, "PAGE", 4)
    in_text = [((BEGAN + number // 3) * NANOSECONDS, text) for number, text in enumerate(TEXTS)]
    by_label = [((BEGAN + 5) * NANOSECONDS, "it broke"), in_text[0]]
    asked_for = []

    def answer(asked: ReceivedRequest) -> Reply:
        query, limit = asked.query["query"], int(asked.query["limit"])
        asked_for.append(query)
        start, end = int(asked.query["start"]), int(asked.query["end"])
        stored = sorted(by_label if "level=~" in query else in_text)
        values = [[str(at), text] for at, text in stored if start <= at < end][:limit]
        streams = [{"stream": {"level": "error"}, "values": values}]
        return json_reply({"status": "success", "data": {"result": streams}})

    with running_http_standin() as loki:
        loki.answers["GET /loki/api/v1/query_range"] = answer
        settings = LogSettings(kind="loki", url=loki.url, selector='{app="hospital"}')
        source = open_error_source(create_log_store(settings, None), settings, BEGAN)
        found = [line.text for line in source.read_errors(BEGAN, BEGAN + 60)]
        assert len(source.read_sample(BEGAN + 1, BEGAN + 2)) == 3
        assert source.read_sample(BEGAN + 60, BEGAN + 120) == []
    assert found == [*TEXTS, "it broke"]
    levels = '"(?i)(error|critical|fatal)"'
    assert {f'{{app="hospital"}} {part}' for part in (f"|~ {levels}", f"| level=~{levels}")} <= {
        *asked_for
    }


def test_elasticsearch_is_searched_in_every_spelling_of_a_level() -> None:
    """A keyword is compared letter by letter."""
    sources = [{"@timestamp": "2026-11-28T02:00:00Z", "level": "Error", "message": "failed"}]
    filters: list[list[Mapping[str, Any]]] = []

    def answer(asked: ReceivedRequest) -> Reply:
        filters.append(asked.json["query"]["bool"]["filter"])
        hits = [{"_source": one, "sort": [number]} for number, one in enumerate(sources)]
        return json_reply({"timed_out": False, "_shards": {"failed": 0}, "hits": {"hits": hits}})

    with running_http_standin() as elastic:
        elastic.answers["POST /logs-*/_search"] = answer
        settings = LogSettings(kind="elasticsearch", url=elastic.url, time="@timestamp")
        source = open_error_source(create_log_store(settings, None), settings, BEGAN)
        assert [line["message"] for line in source.read_errors(BEGAN, BEGAN + 3600)] == ["failed"]
    [[period, levels]] = filters
    assert set(period["range"]["@timestamp"]) == {"gte", "lt"}
    words = {one["match"]["level"] for one in levels["bool"]["should"]}
    assert {"error", "ERROR", "Error", "fatal", "CRITICAL"} <= words


def test_a_file_is_read_once_and_cut_to_the_period(tmp_path: Path) -> None:
    lines = [{"time": BEGAN + second, "level": "info", "n": second} for second in range(5)]
    path = tmp_path / "hospital.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    settings = LogSettings(kind="file", path=path)
    source = open_error_source(create_log_store(settings, None), settings, BEGAN)
    assert [line["n"] for line in source.read_sample(BEGAN + 1, BEGAN + 3)] == [1, 2]
    path.unlink()
    assert [line["n"] for line in source.read_errors(BEGAN + 4, BEGAN + 9)] == [4]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"message": "no bed 12"}, {"message": "no bed 7"}, True),
        ({"message": "no 'Anna'"}, {"message": "no 'Bert'"}, True),
        (
            {"message": "lost 5f0c2a1e-0c5b-4a8e-9d55-3f1c0a9b7e21"},
            {"message": "lost 0d1d7fc3-2e5a-447f-bd92-ee598033d85b"},
            True,
        ),
        ({"message": "no bed"}, {"message": "no ward"}, False),
        (
            {"message": "failed", "e": "KeyError: x"},
            {"message": "failed", "e": "OSError: x"},
            False,
        ),
        (
            {"message": "failed", "sqlstate": "23505"},
            {"message": "failed", "sqlstate": "40001"},
            False,
        ),
        ({"message": "failed", "route": "/a"}, {"message": "failed", "route": "/b"}, False),
    ],
)
def test_lines_are_one_error_where_numbers_and_quoted_words_differ(
    one: dict[str, str], other: dict[str, str], same: bool
) -> None:
    kinds = [
        describe_error(LogLine(line, json.dumps(line)), ("message", "route"), "sqlstate")
        for line in (one, other)
    ]
    assert (kinds[0] == kinds[1]) is same

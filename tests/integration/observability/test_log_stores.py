"""Every log store finds a text and returns all lines since a moment.

Loki and Elasticsearch are stand-ins that answer the paths that are queried.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.config.logs_and_dashboards import LogSettings
from cutover_gates.probes.observability.logs import http_log_stores, log_stores, rules
from cutover_gates.probes.observability.logs.log_store_factory import create_log_store
from cutover_gates.probes.observability.logs.log_stores import LogStore
from cutover_gates.probes.observability.logs.model import LogLine, parse_line, parse_timestamp
from cutover_gates.util.http import SourceUnavailable
from tests.findings import raises_gap
from tests.standins.http_server import ReceivedRequest, Reply, json_reply, running_http_standin


def make_line(number: int, at: float) -> str:
    return json.dumps(
        {
            "time": datetime.fromtimestamp(at, UTC).isoformat(),
            "level": "info",
            "request_id": f"r{number}",
        }
    )


def ids(lines: Any) -> list[str]:
    return [str(line.get_field("request_id")) for line in lines]


# ── a file ──


def test_a_file_gives_its_last_lines(tmp_path: Path) -> None:
    """A line without a time goes with the one before it; a line without an end does not count."""
    path, now = tmp_path / "log", time.time()
    lines = [make_line(number, now - 100 + number) for number in range(100)]
    path.write_text(
        "\n".join([*lines[:98], "  a trace of r97", *lines[98:]]) + "\n" + '{"request_id": "half',
        encoding="utf-8",
    )
    store = create_log_store(LogSettings(), str(path))
    assert ids(store.read_since(now - 3.5)) == ["r97", "None", "r98", "r99"]
    assert ids(store.find("r42")) == ["r42"]
    assert not store.find("half")


def test_a_file_is_read_back_as_far_as_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read no further than a check can read."""
    monkeypatch.setattr(log_stores, "TAIL", 100)
    path, now = tmp_path / "log", time.time()
    path.write_text(
        "\n".join(make_line(number, now - 100 + number) for number in range(100)) + "\n",
        encoding="utf-8",
    )
    store = create_log_store(LogSettings(), str(path))
    assert len(store.read_since(now - 50.5)) == 51 - 1
    monkeypatch.setattr(log_stores, "LARGEST", 1000)
    with raises_gap(rules.WINDOW_READABLE):
        store.read_since(now - 99.5)


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="cannot be read: No such file"):
        create_log_store(LogSettings(kind="file", path=tmp_path / "log"), None).find("x")


def test_other_lines_are_parsed_by_the_pattern() -> None:
    settings = LogSettings(
        pattern=r"^(?P<time>\S+) (?P<level>[A-Z]+) \[(?P<request_id>\w+)\]", time="@timestamp"
    )
    line = parse_line("2026-11-27T23:00:00Z ERROR [r1] it broke", settings)
    assert (line["@timestamp"], line["level"], line["request_id"]) == (
        "2026-11-27T23:00:00Z",
        "ERROR",
        "r1",
    )
    assert parse_line("something else", settings) == {"message": "something else"}


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("2026-11-27T23:00:00Z", 1795820400.0),
        ("2026-11-28T00:00:00+01:00", 1795820400.0),
        ("2026-11-27T23:00:00.123456789Z", 1795820400.123456),
        ("2026-11-27 23:00:00", 1795820400.0),
        (1795820400, 1795820400.0),
        ("1795820400.5", 1795820400.5),
        (1795820400500, 1795820400.5),
        (1795820400500000000, 1795820400.5),
        ("yesterday", None),
        (None, None),
        (True, None),
    ],
)
def test_a_time_in_every_form(value: Any, seconds: float | None) -> None:
    assert parse_timestamp(value) == (None if seconds is None else pytest.approx(seconds, abs=1e-5))


def test_a_field_may_be_nested() -> None:
    line = LogLine({"http": {"request": {"id": "r1"}}, "a.b": 2}, "")
    assert (
        line.get_field("http.request.id"),
        line.get_field("a.b"),
        line.get_field("http.none.id"),
    ) == (
        "r1",
        2,
        None,
    )


# ── Loki ──


def test_loki_is_read_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines of one moment are neither lost nor doubled where a page ends between them."""
    monkeypatch.setattr(http_log_stores, "PAGE", 4)
    now = time.time_ns()
    stored = [
        (now + number // 3, json.dumps({"level": "info", "request_id": f"r{number}"}))
        for number in range(10)
    ]

    def answer(asked: ReceivedRequest) -> Reply:
        query = asked.query["query"]
        marker = json.loads(query.partition("|= ")[2]) if "|=" in query else ""
        found = [one for one in stored if one[0] >= int(asked.query["start"]) and marker in one[1]]
        values = [[str(stamp), text] for stamp, text in found[: int(asked.query["limit"])]]
        return json_reply(
            {
                "status": "success",
                "data": {
                    "resultType": "streams",
                    "result": [{"stream": {"app": "hospital"}, "values": values}],
                },
            }
        )

    with running_http_standin() as loki:
        loki.answers["GET /loki/api/v1/query_range"] = answer
        store = create_log_store(
            LogSettings(kind="loki", url=loki.url, selector='{app="hospital"}'), None
        )
        assert ids(store.read_since(now / 1e9 - 1)) == [f"r{number}" for number in range(10)]
        [line] = store.find("r7")
    assert (line["app"], line["request_id"]) == ("hospital", "r7")
    assert parse_timestamp(line.get_field("time")) == pytest.approx(now / 1e9, abs=0.01)


# ── Elasticsearch ──


def test_elasticsearch_is_read_page_by_page(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(http_log_stores, "PAGE", 4)
    (tmp_path / "token").write_text("k3y-of-elastic\n", encoding="utf-8")
    stored = [
        {
            "@timestamp": datetime.now(UTC).isoformat(),
            "log": {"level": "info"},
            "request_id": f"r{number}",
        }
        for number in range(10)
    ]

    def answer(asked: ReceivedRequest) -> Reply:
        if asked.headers["authorization"] != "ApiKey k3y-of-elastic":
            return json_reply({"error": "no"}, 401)
        must = asked.json["query"]["bool"].get("must", [])
        found = [
            one for one in stored if not must or must[0]["multi_match"]["query"] in json.dumps(one)
        ]
        start = asked.json.get("search_after", [-1])[-1] + 1
        hits = [
            {"_source": one, "sort": [number]}
            for number, one in list(enumerate(found))[start : start + asked.json["size"]]
        ]
        return json_reply({"timed_out": False, "_shards": {"failed": 0}, "hits": {"hits": hits}})

    with running_http_standin() as elastic:
        elastic.answers["POST /hospital-*/_search"] = answer
        settings = LogSettings(
            kind="elasticsearch",
            url=elastic.url,
            index="hospital-*",
            time="@timestamp",
            level="log.level",
            token_file=tmp_path / "token",
            token_scheme="ApiKey",
        )
        store = create_log_store(settings, None)
        assert ids(store.read_since(time.time() - 60)) == [f"r{number}" for number in range(10)]
        assert ids(store.find("r7")) == ["r7"]
        elastic.answers["POST /hospital-*/_search"] = json_reply(
            {"timed_out": False, "_shards": {"failed": 1}, "hits": {"hits": []}}
        )
        with pytest.raises(SourceUnavailable, match="in part"):
            store.read_since(0)


# ── kubectl ──


def kubectl(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> LogStore:
    """A program of that name, first on the PATH."""
    program = folder / "kubectl"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return create_log_store(
        LogSettings(kind="kubectl", selector="app=hospital", namespace="wards", context="staging"),
        None,
    )


def test_kubectl_reads_the_logs_of_the_pods(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lines").write_text(
        f"{make_line(1, time.time())}\n{make_line(2, time.time())}\n", encoding="utf-8"
    )
    store = kubectl(tmp_path, monkeypatch, f'echo "$@" > {tmp_path}/asked; cat {tmp_path}/lines')
    assert ids(store.find("r2")) == ["r2"]
    assert ids(store.read_since(time.time() - 10)) == ["r1", "r2"]
    asked = (tmp_path / "asked").read_text(encoding="utf-8")
    assert asked.startswith(
        "--context staging --namespace wards --request-timeout=5s logs --selector app=hospital"
        " --all-containers --tail=-1"
    )


def test_a_failure_of_kubectl_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = kubectl(tmp_path, monkeypatch, "echo 'error: no pods' >&2; exit 1")
    with pytest.raises(SourceUnavailable, match="ended with 1: error: no pods"):
        store.find("x")
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    with pytest.raises(SourceUnavailable, match="not on the PATH"):
        store.find("x")


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        (LogSettings(), "kind"),
        (LogSettings(kind="file"), "path"),
        (LogSettings(kind="loki", url="http://l.example"), "url and selector"),
        (LogSettings(kind="elasticsearch"), "url"),
        (LogSettings(kind="kubectl"), "selector"),
    ],
)
def test_a_missing_key_is_a_gap(settings: LogSettings, missing: str) -> None:
    with raises_gap(rules.LOG_DECLARED) as raised:
        create_log_store(settings, None)
    [gap] = raised.value.gaps
    assert gap.subject == f"monitoring.logs.{missing}"

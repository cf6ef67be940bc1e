"""Every store of logs finds a mark and gives all lines since a moment.

Loki and Elasticsearch are stand-ins that speak the paths that are asked.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cutover.evidence import NotProven
from cutover.settings.signals import Logs
from cutover.telemetry import TelemetrySilent
from cutover.telemetry.signals import stores
from cutover.telemetry.signals.lines import Line, moment, read
from cutover.telemetry.signals.logs import store_of
from cutover.telemetry.signals.stores import Store
from tests.unit.drivers.stand_in import Asked, Reply, says, standing_in


def written(number: int, at: float) -> str:
    return json.dumps(
        {
            "time": datetime.fromtimestamp(at, UTC).isoformat(),
            "level": "info",
            "request_id": f"r{number}",
        }
    )


def ids(lines: Any) -> list[str]:
    return [str(line.field("request_id")) for line in lines]


# ── a file ──


def test_a_file_gives_its_last_lines(tmp_path: Path) -> None:
    """From whichever block of it; a line without a time goes with the one before it, one without an
    end is not there yet.
    """
    path, now = tmp_path / "log", time.time()
    lines = [written(number, now - 100 + number) for number in range(100)]
    path.write_text(
        "\n".join([*lines[:98], "  a trace of r97", *lines[98:]]) + "\n" + '{"request_id": "half',
        encoding="utf-8",
    )
    store = store_of(Logs(), str(path))
    assert ids(store.since(now - 3.5)) == ["r97", "None", "r98", "r99"]
    assert ids(store.find("r42")) == ["r42"]
    assert not store.find("half")


def test_a_file_is_read_back_as_far_as_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no further than can be looked through."""
    monkeypatch.setattr(stores, "TAIL", 100)
    path, now = tmp_path / "log", time.time()
    path.write_text(
        "\n".join(written(number, now - 100 + number) for number in range(100)) + "\n",
        encoding="utf-8",
    )
    store = store_of(Logs(), str(path))
    assert len(store.since(now - 50.5)) == 51 - 1
    monkeypatch.setattr(stores, "LARGEST", 1000)
    with pytest.raises(NotProven, match="more lines"):
        store.since(now - 99.5)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(TelemetrySilent, match="cannot be read: No such file"):
        store_of(Logs(kind="file", path=tmp_path / "log"), None).find("x")


def test_lines_of_another_make_are_read_by_their_pattern() -> None:
    settings = Logs(
        pattern=r"^(?P<time>\S+) (?P<level>[A-Z]+) \[(?P<request_id>\w+)\]", time="@timestamp"
    )
    line = read("2026-11-27T23:00:00Z ERROR [r1] it broke", settings)
    assert (line["@timestamp"], line["level"], line["request_id"]) == (
        "2026-11-27T23:00:00Z",
        "ERROR",
        "r1",
    )
    assert read("something else", settings) == {"message": "something else"}


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
def test_a_moment_in_every_spelling(value: Any, seconds: float | None) -> None:
    assert moment(value) == (None if seconds is None else pytest.approx(seconds, abs=1e-5))


def test_a_field_may_stand_in_a_table() -> None:
    line = Line({"http": {"request": {"id": "r1"}}, "a.b": 2}, "")
    assert (line.field("http.request.id"), line.field("a.b"), line.field("http.none.id")) == (
        "r1",
        2,
        None,
    )


# ── Loki ──


def test_loki_is_read_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several lines of one moment are neither lost nor doubled where a page ends between them."""
    monkeypatch.setattr(stores, "PAGE", 4)
    now = time.time_ns()
    kept = [
        (now + number // 3, json.dumps({"level": "info", "request_id": f"r{number}"}))
        for number in range(10)
    ]

    def answer(asked: Asked) -> Reply:
        query = asked.query["query"]
        marker = json.loads(query.partition("|= ")[2]) if "|=" in query else ""
        found = [one for one in kept if one[0] >= int(asked.query["start"]) and marker in one[1]]
        values = [[str(stamp), text] for stamp, text in found[: int(asked.query["limit"])]]
        return says(
            {
                "status": "success",
                "data": {
                    "resultType": "streams",
                    "result": [{"stream": {"app": "hospital"}, "values": values}],
                },
            }
        )

    with standing_in() as loki:
        loki.answers["GET /loki/api/v1/query_range"] = answer
        store = store_of(Logs(kind="loki", url=loki.url, selector='{app="hospital"}'), None)
        assert ids(store.since(now / 1e9 - 1)) == [f"r{number}" for number in range(10)]
        [line] = store.find("r7")
    assert (line["app"], line["request_id"]) == ("hospital", "r7")
    assert moment(line.field("time")) == pytest.approx(now / 1e9, abs=0.01)


# ── Elasticsearch ──


def test_elasticsearch_is_read_page_by_page(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(stores, "PAGE", 4)
    (tmp_path / "token").write_text("k3y-of-elastic\n", encoding="utf-8")
    kept = [
        {
            "@timestamp": datetime.now(UTC).isoformat(),
            "log": {"level": "info"},
            "request_id": f"r{number}",
        }
        for number in range(10)
    ]

    def answer(asked: Asked) -> Reply:
        if asked.headers["authorization"] != "ApiKey k3y-of-elastic":
            return says({"error": "no"}, 401)
        must = asked.json["query"]["bool"].get("must", [])
        found = [
            one for one in kept if not must or must[0]["multi_match"]["query"] in json.dumps(one)
        ]
        start = asked.json.get("search_after", [-1])[-1] + 1
        hits = [
            {"_source": one, "sort": [number]}
            for number, one in list(enumerate(found))[start : start + asked.json["size"]]
        ]
        return says({"timed_out": False, "_shards": {"failed": 0}, "hits": {"hits": hits}})

    with standing_in() as elastic:
        elastic.answers["POST /hospital-*/_search"] = answer
        settings = Logs(
            kind="elasticsearch",
            url=elastic.url,
            index="hospital-*",
            time="@timestamp",
            level="log.level",
            token_file=tmp_path / "token",
            token_scheme="ApiKey",
        )
        store = store_of(settings, None)
        assert ids(store.since(time.time() - 60)) == [f"r{number}" for number in range(10)]
        assert ids(store.find("r7")) == ["r7"]
        elastic.answers["POST /hospital-*/_search"] = says(
            {"timed_out": False, "_shards": {"failed": 1}, "hits": {"hits": []}}
        )
        with pytest.raises(TelemetrySilent, match="in part"):
            store.since(0)


# ── kubectl ──


def kubectl(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Store:
    """A program of that name, first on the PATH."""
    program = folder / "kubectl"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return store_of(
        Logs(kind="kubectl", selector="app=hospital", namespace="wards", context="staging"), None
    )


def test_kubectl_is_asked_for_the_logs_of_the_pods(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lines").write_text(
        f"{written(1, time.time())}\n{written(2, time.time())}\n", encoding="utf-8"
    )
    store = kubectl(tmp_path, monkeypatch, f'echo "$@" > {tmp_path}/asked; cat {tmp_path}/lines')
    assert ids(store.find("r2")) == ["r2"]
    assert ids(store.since(time.time() - 10)) == ["r1", "r2"]
    asked = (tmp_path / "asked").read_text(encoding="utf-8")
    assert asked.startswith(
        "--context staging --namespace wards --request-timeout=5s logs --selector app=hospital"
        " --all-containers --tail=-1"
    )


def test_kubectl_that_fails_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = kubectl(tmp_path, monkeypatch, "echo 'error: no pods' >&2; exit 1")
    with pytest.raises(TelemetrySilent, match="ended with 1: error: no pods"):
        store.find("x")
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    with pytest.raises(TelemetrySilent, match="not on the PATH"):
        store.find("x")


@pytest.mark.parametrize(
    ("settings", "lacking"),
    [
        (Logs(), "kind"),
        (Logs(kind="file"), "path"),
        (Logs(kind="loki", url="http://l.example"), "selector"),
        (Logs(kind="elasticsearch"), "url"),
        (Logs(kind="kubectl"), "selector"),
    ],
)
def test_what_is_not_declared_is_said(settings: Logs, lacking: str) -> None:
    with pytest.raises(NotProven, match=lacking):
        store_of(settings, None)

"""The reader of Prometheus with a clock that the test turns; real ones are in tests/integration."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.config.metric_settings import TriggerSeries
from cutover_gates.config.triggers import TriggerSettings
from cutover_gates.core.triggers.evaluation import DatabaseReading, PendingReading, ShareReading
from cutover_gates.core.triggers.trigger_names import (
    NEW,
    SERVICE,
    ConditionKey,
    SignalSource,
    TriggerName,
)
from cutover_gates.probes.observability.metric_pages import PageQuery
from cutover_gates.probes.observability.prometheus_api import PrometheusApi, ScrapeTarget
from cutover_gates.util.http import SourceUnavailable
from cutover_gates.util.http_services import JsonService
from cutover_gates.watch.counted_readings import ReadingMaker
from cutover_gates.watch.histogram_baseline import (
    BaselineQuery,
    NoBaseline,
    read_baselines,
    record_baseline,
)
from cutover_gates.watch.prometheus_readings import PrometheusReadings, ReleaseNames
from cutover_gates.watch.prometheus_scrapes import ScrapeFollower
from cutover_gates.watch.reading_sources import SourceReadings

START = 1_000_000.0
ERRORS = ConditionKey(TriggerName.ERRORS, SERVICE, SignalSource.PROMETHEUS)
ERRORS_OF_NEW = ConditionKey(TriggerName.ERRORS, NEW, SignalSource.PROMETHEUS)
DATABASE = ConditionKey(TriggerName.DATABASE, SERVICE, SignalSource.PROMETHEUS)


@dataclass
class ScriptedPrometheus(PrometheusApi):
    """Answers from a list of scrapes: (moment, instance, values by series, whether it was up)."""

    ahead: float = 0.0
    now: float = START
    scrapes: list[tuple[float, str, dict[str, float], bool]] = field(default_factory=list)
    error: str = ""

    def __post_init__(self) -> None:
        super().__init__(JsonService("http://127.0.0.1:1"))

    def fetch_time(self) -> float:
        return self.now + self.ahead

    def fetch_targets(self) -> list[ScrapeTarget]:
        return [ScrapeTarget({"instance": "a"}, "down", self.error)]

    def fetch_data(self, path: str, **parameters: str) -> dict[str, Any]:
        until = float(parameters["time"])
        found = re.search(r"\[(\d+)ms\]", parameters["query"])
        assert found
        since = until - float(found.group(1)) / 1000
        series: dict[str, list[tuple[float, str]]] = {}
        for at, instance, values, up in self.scrapes:
            if since < at <= until:
                shown = values if up else {}
                for name, value in {**shown, "up": float(up)}.items():
                    series.setdefault(f"{instance} {name}", []).append((at, str(value)))
        asked = parameters["query"]
        return {
            "result": [
                {"metric": labels(key), "values": samples}
                for key, samples in series.items()
                if re.search(rf"\b{re.escape(labels(key)['__name__'])}\b", asked)
            ]
        }

    def scrape(self, at: float, up: bool = True, instance: str = "a", **values: Any) -> None:
        page = {
            "build_info,release=2.0.0": 1.0,
            "process_start_time_seconds": START - 1000,
            "process_cpu_seconds_total": at,
            **{name.replace("__", ",route=/p,status="): value for name, value in values.items()},
        }
        self.scrapes.append((START + at, instance, page, up))


def labels(key: str) -> dict[str, str]:
    instance, _, series = key.partition(" ")
    name, *pairs = series.split(",")
    more = dict(pair.split("=") for pair in pairs)
    return {"__name__": name, "instance": instance, "job": "hospital", **more}


@dataclass
class Reader:
    """The source, with its Prometheus."""

    api: ScriptedPrometheus = field(default_factory=ScriptedPrometheus)
    series: TriggerSeries = field(default_factory=lambda: TriggerSeries(release_info="build_info"))
    triggers: TriggerSettings = field(default_factory=TriggerSettings)

    labels: str = 'job="hospital"'

    def __post_init__(self) -> None:
        query = PageQuery(self.series, self.labels)
        self.source = PrometheusReadings(
            ScrapeFollower(self.api, query, self.triggers.evaluate_seconds, 60.0),
            ReadingMaker(self.series, self.triggers),
            self.series,
            self.triggers,
            ReleaseNames("2.0.0"),
            lambda: False,
        )

    def read(self, at: float) -> SourceReadings:
        self.api.now = START + at
        return self.source.read(START + at)


def shares(found: SourceReadings, key: ConditionKey) -> list[ShareReading]:
    return [one for one in found.readings if isinstance(one, ShareReading) and one.key == key]


def grow(reader: Reader, begins: int, ends: int, step: int, **more: Any) -> None:
    """Scrape every `step` seconds; ten requests a second, one of them fails."""
    for at in range(begins, ends + 1, step):
        counts: dict[str, Any] = {
            "http_requests_total__200": 9.0 * at,
            "http_requests_total__500": 1.0 * at,
        }
        reader.api.scrape(at, **counts, **more)


def test_counts_of_the_closed_scrapes_are_read() -> None:
    reader = Reader()
    grow(reader, 0, 20, 5)
    reader.read(17)
    found = shares(reader.read(22), ERRORS_OF_NEW)[0]
    assert (found.bad, found.total, found.seconds) == (5, 50, 5)
    assert found.at == pytest.approx(START + 20)


@pytest.mark.parametrize("ahead", [-4.0, 4.0])
def test_a_clock_that_is_less_than_a_scrape_off_moves_nothing(ahead: float) -> None:
    reader = Reader(ScriptedPrometheus(ahead=ahead))
    for at in range(0, 21, 5):
        reader.api.scrape(at + ahead, http_requests_total__200=at)
    reader.read(17)
    found = shares(reader.read(22), ERRORS)[0]
    assert (found.total, found.seconds) == (5, 5)
    assert found.at == pytest.approx(START + 20, abs=0.1)


@pytest.mark.parametrize("ahead", [-30.0, 30.0, 5.2])
def test_a_clock_that_is_more_than_a_scrape_off_makes_all_unknown(ahead: float) -> None:
    reader = Reader(ScriptedPrometheus(ahead=ahead))
    for at in range(0, 21, 5):
        reader.api.scrape(at + ahead, http_requests_total__200=at)
    reader.read(17)
    found = reader.read(22)
    assert shares(found, ERRORS)[0].total is None
    assert found.unknown[ERRORS].startswith(f"the clock of Prometheus is {ahead:+.0f} s off")
    assert not found.heard


def test_the_release_before_is_counted_beside_the_new_one() -> None:
    """So that an order says when going back would not help (hazard 25)."""
    reader = Reader()
    grow(reader, 0, 20, 5)
    for at in range(0, 21, 5):
        more = {
            "build_info,release=1.9.0": 1.0,
            "http_requests_total,route=/p,status=500": 2.0 * at,
        }
        reader.api.scrape(at, instance="b")
        reader.api.scrapes[-1][2].pop("build_info,release=2.0.0")
        reader.api.scrapes[-1][2].update(more)
    reader.source.releases = ReleaseNames("2.0.0", "1.9.0")
    reader.read(17)
    found = reader.read(22)
    counted = {
        one.key.subject: (one.bad, one.total)
        for one in found.readings
        if isinstance(one, ShareReading)
    }
    assert counted == {"service": (15, 60), "new": (5, 50), "old": (10, 10)}


def test_late_samples_are_counted_when_they_come() -> None:
    reader = Reader()
    grow(reader, 0, 15, 5)
    reader.read(17)
    assert shares(reader.read(22), ERRORS) == []
    grow(reader, 20, 25, 5)
    found = shares(reader.read(27), ERRORS)[0]
    assert (found.total, found.seconds) == (100, 10)


def test_slow_scrapes_are_pending_in_between_and_not_for_ever() -> None:
    reader = Reader()
    grow(reader, 0, 60, 15)
    reader.read(47)
    kinds = [type(one) for one in reader.read(52).readings]
    assert set(kinds) == {PendingReading}
    assert shares(reader.read(62), ERRORS)[0].total == 150
    assert reader.read(67).heard
    late = reader.read(105)
    assert late.unknown[ERRORS]
    assert not late.heard


@pytest.mark.parametrize("step", [1, 10, 15, 30, 60])
def test_every_scrape_counts_once_however_often_they_come(step: int) -> None:
    reader = Reader()
    grow(reader, 0, 400, step)
    totals = [
        each.total
        for at in range(3, 402, 5)
        for each in shares(reader.read(at), ERRORS)
        if each.total is not None
    ]
    counted = 10 * (400 - 3 * step)
    assert counted - 100 <= sum(totals) <= 4000
    assert all(total in (10 * step, 50) for total in totals[2:])


def test_a_question_that_is_still_under_way_is_not_asked_beside() -> None:
    reader = Reader()
    grow(reader, 0, 20, 5)
    with reader.source._busy, pytest.raises(SourceUnavailable, match="question before"):
        reader.read(17)
    assert reader.read(22).readings


def test_scrapes_further_apart_than_the_window_are_told() -> None:
    reader = Reader()
    grow(reader, 0, 180, 90)
    reader.source.follower.first_seconds = 200
    reader.read(181)
    reader.read(182)
    found = reader.read(183)
    assert found.unknown[ERRORS] == "Prometheus scrapes every 90 s, triggers.rate_seconds is 60"


def test_an_instance_that_refuses_connections_is_gone() -> None:
    reader = Reader()
    grow(reader, 0, 15, 5)
    grow(reader, 0, 25, 5, instance="b")
    reader.read(17)
    reader.api.scrape(20, up=False)
    reader.api.scrape(25, up=False)
    reader.api.error = "dial tcp 127.0.0.1:1: connect: connection refused"
    assert shares(reader.read(27), ERRORS)[0].total == 100
    reader.api.error = "server returned HTTP status 503 Service Unavailable"
    again = reader.read(28)
    assert again.unknown[ERRORS].startswith("a could not be scraped: server returned HTTP status")


def test_no_requests_are_told_and_are_no_proof() -> None:
    reader = Reader()
    for at in range(0, 81, 5):
        reader.api.scrape(at, http_requests_total__200=7)
    assert reader.read(17).unknown.get(ERRORS_OF_NEW) is None
    reader.read(22)
    found = reader.read(82)
    assert (shares(found, ERRORS)[0].bad, shares(found, ERRORS)[0].total) == (0, 0)
    assert found.unknown[ERRORS_OF_NEW] == "0 requests on new"


def test_what_is_declared_and_not_shown_is_unknown_and_what_is_left_out_is_not_read() -> None:
    reader = Reader()
    grow(reader, 0, 20, 5)
    reader.read(17)
    found = reader.read(22)
    assert found.unknown[DATABASE].startswith("the query found none of db_pool_timeouts_total")
    nothing: dict[str, Any] = {"pool_timeouts": "", "pool_size": "", "pool_waiting": ""}
    without = Reader(reader.api, TriggerSeries(release_info="build_info", **nothing))
    without.read(17)
    assert not [one for one in without.read(22).readings if isinstance(one, DatabaseReading)]


@pytest.mark.parametrize(
    ("series", "why"),
    [
        ({"failed_label": "code"}, "a series of http_requests_total has no label code"),
        (
            {"left_out": 'handler!~"/health.*",route!="/x"'},
            "no series of http_requests_total has the label handler of",
        ),
        ({"left_out": ""}, None),
        ({"failed_label": "code", "failed_values": "5..|"}, None),
    ],
)
def test_labels_that_are_not_there_tell_no_failures(
    series: dict[str, Any], why: str | None
) -> None:
    """The hospital's counter may have other labels than the defaults: no error would be seen."""
    reader = Reader(series=TriggerSeries(release_info="build_info", **series))
    grow(reader, 0, 20, 5)
    reader.read(17)
    found = reader.read(22)
    assert found.unknown.get(ERRORS, "").startswith(why or "")
    assert (shares(found, ERRORS)[0].total is None) == (why is not None)


def test_without_labels_nobody_knows_whose_requests_they_are() -> None:
    reader = Reader(labels="{}")
    grow(reader, 0, 20, 5)
    reader.read(17)
    assert reader.read(22).unknown[ERRORS].startswith("monitoring.labels is empty")


def times(at: float, slow: float = 0.0) -> dict[str, Any]:
    """Return the buckets of ten requests a second; all are within 0.1 s but the slow ones."""
    name = "http_request_duration_seconds_bucket,le="
    fast = 10 * at - slow
    return {f"{name}0.05": 0, f"{name}0.1": fast, f"{name}0.2": fast, f"{name}+Inf": 10 * at}


def baseline_query(**series: Any) -> BaselineQuery:
    table = TriggerSeries(release_info="build_info", operations={"search": 'route="/p"'}, **series)
    triggers = TriggerSettings(response_source="prometheus")
    return BaselineQuery(table, triggers, 'job="hospital"')


def record(api: ScriptedPrometheus, path: Path, last: int = 60) -> dict[str, Any]:
    for at in range(0, last + 1, 5):
        api.scrape(at, http_requests_total__200=20.0 * at, **times(at))
    api.now = START + last + 1
    return record_baseline(baseline_query(), api, path, "1.9.0")


def test_the_baseline_is_the_lowest_edge_that_is_proven(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    record(ScriptedPrometheus(), path)
    found = read_baselines(baseline_query(), path, 24)["search"]
    assert (found.seconds, found.statistic, found.per_second) == (0.1, "p95", 20)
    assert found.source is SignalSource.PROMETHEUS


def test_too_few_requests_are_no_baseline(tmp_path: Path) -> None:
    with pytest.raises(NoBaseline, match="search: 50 requests prove no edge"):
        record(ScriptedPrometheus(), tmp_path / "baseline.json", last=5)


def test_a_baseline_of_another_query_or_of_another_week_is_none(tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    with pytest.raises(NoBaseline, match="no baseline was recorded before the cutover"):
        read_baselines(baseline_query(), path, 24)
    record(ScriptedPrometheus(), path)
    with pytest.raises(NoBaseline, match="search was recorded with other durations"):
        read_baselines(baseline_query(durations="other_seconds"), path, 24)
    plain = json.loads(path.read_text())
    path.write_text(json.dumps({**plain, "recorded": "2020-01-01T00:00:00+00:00"}))
    with pytest.raises(NoBaseline, match="at most 24 h ago"):
        read_baselines(baseline_query(), path, 24)
    path.write_text("[]")
    with pytest.raises(NoBaseline, match="cannot be read"):
        read_baselines(baseline_query(), path, 24)

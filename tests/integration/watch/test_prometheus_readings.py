"""Prometheus as a source of the triggers: a real one, and real processes that it scrapes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.config.monitoring import Monitoring
from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.core.triggers.comparable_readings import ResponseBaseline
from cutover_gates.core.triggers.recorded_evaluations import replay
from cutover_gates.core.triggers.trigger_conclusions import TriggerOutcome, conclude
from cutover_gates.core.triggers.trigger_names import SignalSource, TriggerName
from cutover_gates.probes.observability.metrics import rules
from cutover_gates.probes.observability.prometheus_api import PrometheusApi
from cutover_gates.util.http_services import JsonService
from cutover_gates.watch.counted_readings import ReadingMaker
from cutover_gates.watch.histogram_baseline import BaselineQuery, read_baselines
from cutover_gates.watch.response_baselines import ResponseBaselines
from tests.scraped_processes import (
    NEW,
    OLD,
    LiveEvaluations,
    RunningPrometheus,
    ScrapedProcess,
    job,
    running_prometheus,
    trigger_series,
    trigger_settings,
)

ERRORS_OF_NEW = "error-rate/new/prometheus/"
ERRORS = "error-rate/service/prometheus/"


class TwoReleases:
    """An instance of each release, with its traffic."""

    def __init__(self) -> None:
        self.new, self.old = ScrapedProcess(NEW), ScrapedProcess(OLD)

    def clean(self) -> None:
        """Have both answer without an error."""
        self.new.tell("count", good=50)
        self.old.tell("count", good=50)

    def errors_of_new(self) -> None:
        """Have one request in ten of the new release fail: less than 1 % of the whole."""
        self.new.tell("count", good=45, bad=5)
        self.old.tell("count", good=1000)


@pytest.fixture
def hospital() -> Iterator[TwoReleases]:
    """Start both releases; they have answered before."""
    both = TwoReleases()
    try:
        for each in (both.new, both.old):
            each.start()
        both.clean()
        yield both
    finally:
        both.new.kill()
        both.old.kill()


@pytest.fixture
def prometheus(hospital: TwoReleases, tmp_path: Path) -> Iterator[RunningPrometheus]:
    """Run a Prometheus that scrapes both."""
    with running_prometheus(tmp_path, job("hospital", hospital.new, hospital.old)) as running:
        running.wait_for_scrapes(2)
        yield running


def outcome_of(live: LiveEvaluations, trigger: TriggerName) -> TriggerOutcome:
    return {each.trigger: each.outcome for each in conclude(live.machine)}[trigger]


def test_errors_of_the_new_release_alone_fire_and_a_replay_decides_the_same(
    hospital: TwoReleases, prometheus: RunningPrometheus
) -> None:
    """A proxy that asks the release before again hides them from every probe."""
    live = LiveEvaluations(prometheus.url)
    assert live.run(3, hospital.clean) == []
    assert live.run(7, hospital.errors_of_new) == [ERRORS_OF_NEW]
    machine, fired = replay(live.lines, live.triggers.limits)
    assert [each.key.text for each in fired] == [ERRORS_OF_NEW]
    assert machine.firings == live.machine.firings
    assert machine.conditions == live.machine.conditions


@pytest.mark.thorough
def test_a_quiet_time_is_proven(hospital: TwoReleases, prometheus: RunningPrometheus) -> None:
    live = LiveEvaluations(prometheus.url)
    assert live.run(8, hospital.clean) == []
    reasons = {each.trigger: each.reasons for each in conclude(live.machine)}
    assert reasons[TriggerName.ERRORS] == ()
    assert reasons[TriggerName.DATABASE] == ()


@pytest.mark.thorough
def test_a_dead_prometheus_holds_and_orders_nothing(
    hospital: TwoReleases, prometheus: RunningPrometheus
) -> None:
    live = LiveEvaluations(prometheus.url)
    live.run(2, hospital.clean)
    prometheus.kill()
    assert live.run(6) == []
    assert not live.heard
    assert SignalSource.PROMETHEUS in live.machine.blind.list_blind(live.triggers.limits)
    assert outcome_of(live, TriggerName.ERRORS) is TriggerOutcome.NOT_PROVEN
    prometheus.start()
    prometheus.wait_for_scrapes(2)
    live.run(3, hospital.clean)
    assert live.heard


@pytest.mark.thorough
def test_an_error_series_that_is_born_with_the_trouble_counts(
    hospital: TwoReleases, prometheus: RunningPrometheus
) -> None:
    """`increase()` says 0 of a series that appears with its first error."""
    live = LiveEvaluations(prometheus.url)
    live.run(3, hospital.clean)
    assert ERRORS_OF_NEW in live.run(7, lambda: hospital.new.tell("count", good=9, bad=1))


@pytest.mark.thorough
def test_each_new_process_counts_from_its_start(
    hospital: TwoReleases, prometheus: RunningPrometheus
) -> None:
    """A release that is killed and started again and again fails between two scrapes of a life."""
    live = LiveEvaluations(prometheus.url)
    live.run(3, hospital.clean)

    def live_and_die() -> None:
        hospital.new.kill()
        hospital.new.start()
        hospital.new.tell("count", good=40, bad=40)

    fired = live.run(14, live_and_die)
    assert ERRORS_OF_NEW in fired or outcome_of(live, TriggerName.ERRORS) is not (
        TriggerOutcome.PASSED
    )


@pytest.mark.thorough
def test_counters_that_begin_anew_are_no_errors(
    hospital: TwoReleases, prometheus: RunningPrometheus
) -> None:
    hospital.new.tell("count", good=10_000, bad=90)
    live = LiveEvaluations(prometheus.url)
    live.run(3, hospital.clean)
    before = len(live.lines)
    hospital.new.kill()
    hospital.new.start()
    assert live.run(7, hospital.clean) == []
    counted = live.counts(ERRORS_OF_NEW, before)
    assert max(total for _, total in counted) <= 150
    assert max(bad for bad, _ in counted) == 0
    assert live.reasons(ERRORS_OF_NEW)[-1] == ""


@pytest.mark.thorough
def test_a_gap_of_the_scrapes_freezes_the_clock(
    hospital: TwoReleases, prometheus: RunningPrometheus
) -> None:
    live = LiveEvaluations(prometheus.url)
    live.run(3, hospital.clean)
    assert live.run(2, hospital.errors_of_new) == []
    hospital.new.tell("mode", page="failing")
    assert live.run(1, hospital.errors_of_new) == []
    hospital.new.tell("mode", page="own")
    assert any("503" in reason for reason in live.reasons(ERRORS_OF_NEW))
    assert live.run(6, hospital.errors_of_new) == [ERRORS_OF_NEW]


@pytest.mark.thorough
def test_a_stored_page_says_nothing(hospital: TwoReleases, prometheus: RunningPrometheus) -> None:
    live = LiveEvaluations(prometheus.url)
    live.run(2, hospital.clean)
    hospital.new.tell("mode", page="stored")
    assert live.run(13, hospital.errors_of_new) == []
    assert "stored" in live.reasons(ERRORS_OF_NEW)[-1]
    assert outcome_of(live, TriggerName.ERRORS) is TriggerOutcome.NOT_PROVEN
    hospital.new.tell("mode", page="own")
    before = len(live.lines)
    live.run(3, hospital.clean)
    # What was counted behind the stored page has no moment: it is not a burst of this second.
    assert all(bad == 0 for bad, _ in live.counts(ERRORS_OF_NEW, before))


@pytest.mark.thorough
def test_two_jobs_that_scrape_one_instance_are_not_added_up(
    hospital: TwoReleases, tmp_path: Path
) -> None:
    twice = job("hospital", hospital.new), job("hospital-again", hospital.new)
    with running_prometheus(tmp_path, *twice) as running:
        running.wait_for_scrapes(2)
        live = LiveEvaluations(running.url, labels='job=~"hospital.*"')
        assert live.run(3, hospital.errors_of_new) == []
    assert "2 jobs (hospital, hospital-again)" in live.reasons(ERRORS)[-1]


@pytest.mark.thorough
@pytest.mark.parametrize("release_info", ["build_info", ""])
def test_a_release_that_no_label_tells_is_unknown(
    hospital: TwoReleases, tmp_path: Path, release_info: str
) -> None:
    drop = {"metric_relabel_configs": [{"action": "labeldrop", "regex": "release"}]}
    with running_prometheus(tmp_path, job("hospital", hospital.new, **drop)) as running:
        running.wait_for_scrapes(1)
        live = LiveEvaluations(running.url, series={"release_info": release_info}, serves_new=True)
        assert ERRORS_OF_NEW not in live.run(7, hospital.errors_of_new)
    assert live.reasons(ERRORS_OF_NEW)[-1].startswith("the series has no label release")
    assert outcome_of(live, TriggerName.ERRORS) is not TriggerOutcome.PASSED


@pytest.mark.thorough
def test_a_label_of_the_scrape_configuration_tells_the_release(
    hospital: TwoReleases, tmp_path: Path
) -> None:
    hospital_job: dict[str, Any] = {
        "job_name": "hospital",
        "static_configs": [
            {"targets": [each.address], "labels": {"release": each.release}}
            for each in (hospital.new, hospital.old)
        ],
    }
    with running_prometheus(tmp_path, hospital_job) as running:
        running.wait_for_scrapes(2)
        live = LiveEvaluations(running.url, series={"release_info": ""})
        live.run(3, hospital.clean)
        assert live.run(7, hospital.errors_of_new) == [ERRORS_OF_NEW]


@pytest.mark.thorough
def test_a_new_release_that_nobody_scrapes_is_unknown(
    hospital: TwoReleases, tmp_path: Path
) -> None:
    """The release before is clean, and would otherwise be all that Prometheus says."""
    with running_prometheus(tmp_path, job("hospital", hospital.old)) as running:
        running.wait_for_scrapes(1)
        live = LiveEvaluations(running.url, serves_new=True)
        assert live.run(6, hospital.clean) == []
    assert live.reasons(ERRORS_OF_NEW) == ["the series is of release=1.9.0, not of 2.0.0"]
    assert outcome_of(live, TriggerName.ERRORS) is TriggerOutcome.NOT_PROVEN


@pytest.mark.thorough
def test_an_instance_that_was_stopped_is_gone_and_does_not_hold(
    hospital: TwoReleases, prometheus: RunningPrometheus
) -> None:
    """Its address refuses connections, as that of the release before does after the rollout."""
    live = LiveEvaluations(prometheus.url)
    live.run(3, hospital.clean)
    hospital.old.kill()
    before = len(live.lines)
    live.run(5, lambda: hospital.new.tell("count", good=50))
    known = live.counts(ERRORS, before)
    assert len(known) >= 8


@pytest.mark.thorough
def test_health_checks_do_not_hide_errors(
    hospital: TwoReleases, prometheus: RunningPrometheus
) -> None:
    live = LiveEvaluations(prometheus.url)

    def busy_health_checks() -> None:
        hospital.new.tell("count", good=48, bad=2, health=1000)
        hospital.old.tell("count", good=1000)

    live.run(3, hospital.clean)
    assert live.run(7, busy_health_checks) == [ERRORS_OF_NEW]


@pytest.mark.thorough
@pytest.mark.parametrize(
    "harm",
    [
        pytest.param({"timeouts": 1}, id="time-outs"),
        pytest.param({"size": 0, "waiting": 3}, id="empty"),
    ],
)
def test_a_pool_that_gives_no_connection_fires(
    hospital: TwoReleases, prometheus: RunningPrometheus, harm: dict[str, int]
) -> None:
    live = LiveEvaluations(prometheus.url)
    assert live.run(2, hospital.clean) == []
    fired = live.run(3, lambda: hospital.new.tell("pool", **harm))
    assert set(fired) == {"database/new/prometheus/", "database/service/prometheus/"}


SLOW_OF_NEW = "response-time/new/prometheus/search"


def run_slow(
    hospital: TwoReleases, folder: Path, maker: Callable[..., ReadingMaker]
) -> tuple[LiveEvaluations, list[str]]:
    """Return what fired while one request in five of the new release took 0.3 s."""
    triggers = trigger_settings(response_source="prometheus")
    with running_prometheus(folder, job("hospital", hospital.new, hospital.old)) as running:
        running.wait_for_scrapes(2)
        live = LiveEvaluations(
            running.url, triggers=triggers, maker=maker(trigger_series(), triggers)
        )
        live.run(3, hospital.clean)

        def slow() -> None:
            hospital.new.tell("count", good=50, slow=10)
            hospital.old.tell("count", good=50)

        return live, live.run(7, slow)


def with_baseline(seconds: float, per_second: float) -> Callable[..., ReadingMaker]:
    baseline = ResponseBaseline("search", SignalSource.PROMETHEUS, seconds, per_second=per_second)
    return lambda series, triggers: ReadingMaker(series, triggers, {"search": baseline})


@pytest.mark.thorough
def test_slow_requests_of_the_new_release_fire(hospital: TwoReleases, tmp_path: Path) -> None:
    _, fired = run_slow(hospital, tmp_path, with_baseline(0.1, 200))
    assert SLOW_OF_NEW in fired


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("maker", "reason"),
    [
        (
            with_baseline(0.15, 200),
            "no bucket ends within 10 % of 0.3 s (0.05, 0.1, 0.2, 0.5, inf)",
        ),
        (with_baseline(0.1, 20), "the baseline was recorded at 20"),
        (ReadingMaker, "no baseline was recorded before the cutover"),
    ],
)
def test_response_times_that_cannot_be_compared_are_unknown(
    hospital: TwoReleases, tmp_path: Path, maker: Callable[..., ReadingMaker], reason: str
) -> None:
    live, fired = run_slow(hospital, tmp_path, maker)
    assert fired == []
    assert reason in live.reasons(SLOW_OF_NEW)[-1]
    assert outcome_of(live, TriggerName.RESPONSE) is TriggerOutcome.NOT_PROVEN


@pytest.mark.thorough
def test_the_baseline_of_gate_t1_is_what_the_watcher_compares_with(
    hospital: TwoReleases, prometheus: RunningPrometheus, tmp_path: Path
) -> None:
    triggers = trigger_settings(response_source="prometheus")
    table = {"labels": 'job="hospital"', "triggers": trigger_series()}
    monitoring = Monitoring.model_validate({"prometheus": prometheus.url, **table})
    live = LiveEvaluations(prometheus.url)
    live.run(4, hospital.clean)
    path, left = tmp_path / "baseline.json", list[Assessment]()
    api = PrometheusApi(JsonService(prometheus.url))
    assessment = ResponseBaselines(monitoring, triggers, api, path, OLD, left.append).record()
    assert left == [assessment]
    assert (assessment.checked, assessment.not_proven) == (("search",), ())
    baselines = read_baselines(
        BaselineQuery(monitoring.triggers, triggers, monitoring.labels), path, 24
    )
    assert baselines["search"].seconds == 0.05
    maker = ReadingMaker(monitoring.triggers, triggers, baselines)
    live = LiveEvaluations(prometheus.url, triggers=triggers, maker=maker)
    assert live.run(3, hospital.clean) == []
    fired = live.run(7, lambda: hospital.new.tell("count", good=50, slow=10))
    assert SLOW_OF_NEW in fired


@pytest.mark.thorough
def test_without_requests_there_is_no_baseline(
    hospital: TwoReleases, prometheus: RunningPrometheus, tmp_path: Path
) -> None:
    triggers = trigger_settings(response_source="prometheus")
    table = {"labels": 'job="hospital"', "triggers": trigger_series()}
    monitoring = Monitoring.model_validate({"prometheus": prometheus.url, **table})
    api = PrometheusApi(JsonService(prometheus.url))
    path = tmp_path / "baseline.json"
    for asked, rule in ((api, rules.TIMES_RECORDED), (None, rules.METRICS_DECLARED)):
        recording = ResponseBaselines(monitoring, triggers, asked, path, OLD, lambda _: None)
        assert [gap.rule for gap in recording.record().not_proven] == [rule]
    assert not path.exists()

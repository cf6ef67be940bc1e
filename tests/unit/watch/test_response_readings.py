"""Response times of the probes: the baseline, what is slow, and what cannot be compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from cutover_gates.config.base import SettingsError
from cutover_gates.config.triggers import TriggerSettings
from cutover_gates.core.triggers.evaluation import Evaluation, ShareReading
from cutover_gates.core.triggers.trigger_machine import TriggerMachine
from cutover_gates.core.triggers.trigger_names import NEW, OLD, SERVICE, TriggerName
from cutover_gates.watch.probe_baseline import ProbeBaseline, count_needed_probes
from cutover_gates.watch.probe_results import PathProbe, ProbeOutcome
from cutover_gates.watch.record_reader import WatchRecord
from cutover_gates.watch.response_readings import NO_BASELINE, ResponseReadings
from cutover_gates.watch.time_spans import Span

SETTINGS = TriggerSettings.model_validate(
    {
        "evaluate_seconds": 1,
        "rate_seconds": 5,
        "error_seconds": 20,
        "response_seconds": 20,
        "response_requests": 20,
    }
)
BEGINS = 1000.0


def probe(
    moment: float,
    took: float = 0.01,
    release: str = "1.9.0",
    outcome: ProbeOutcome = ProbeOutcome.OK,
    path: str = "search",
) -> PathProbe:
    return PathProbe(path, moment, moment, took, outcome, release=release)


def make_source(begins: float | None = BEGINS, **changed: object) -> ResponseReadings:
    settings = SETTINGS.model_copy(update=changed)
    asked = frozenset({"search", "read"})
    return ResponseReadings(settings, "2.0.0", asked, begins, lambda _: None)


def feed(
    source: ResponseReadings,
    since: float,
    until: float,
    *,
    rate: int = 10,
    make: Callable[[float], PathProbe] = probe,
) -> None:
    for number in range(int((until - since) * rate)):
        source.add_result(make(since + number / rate))


def prepared() -> ResponseReadings:
    """Return a source with a baseline of 20 s of 10 probes a second that took 10 ms."""
    source = make_source()
    feed(source, BEGINS - 20, BEGINS)
    source.read(BEGINS + 1)
    return source


def counts(source: ResponseReadings, now: float) -> dict[str, tuple[int | None, int | None]]:
    found = source.read(now)
    seen = [one for one in found.readings if isinstance(one, ShareReading)]
    return {one.key.subject: (one.bad, one.total) for one in seen}


def reason(source: ResponseReadings, now: float) -> str:
    (found,) = set(source.read(now).unknown.values())
    return found


def test_slow_is_more_than_the_factor_times_the_upper_bound() -> None:
    source = prepared()
    for took in (0.02, 0.0201, 0.5):
        source.add_result(probe(BEGINS + 1, took, "2.0.0"))
    source.add_result(probe(BEGINS + 1, 0.5))
    assert counts(source, BEGINS + 3) == {NEW: (2, 3), OLD: (1, 1), SERVICE: (3, 4)}


def test_errors_are_no_times_and_a_late_answer_is_one() -> None:
    source = prepared()
    bad = (ProbeOutcome.WRONG_STATUS, ProbeOutcome.TIMED_OUT, ProbeOutcome.SKIPPED)
    for outcome in (*bad, ProbeOutcome.LATE):
        source.add_result(probe(BEGINS + 1, 1.5, "2.0.0", outcome))
    source.add_result(probe(BEGINS + 1, 1.5, "2.0.0", path="read"))
    assert counts(source, BEGINS + 4) == {NEW: (1, 1), SERVICE: (1, 1)}


def test_what_the_watcher_itself_delayed_is_no_time() -> None:
    source = prepared()
    source.add_result(probe(BEGINS + 1, 0.6, "2.0.0"))
    source.add_own_gap(Span(BEGINS + 1.2, BEGINS + 1.5))
    source.add_result(probe(BEGINS + 1.6, 0.01, "2.0.0"))
    assert counts(source, BEGINS + 3) == {NEW: (0, 1), SERVICE: (0, 1)}


def test_an_interval_without_an_answer_is_a_count_and_a_gap_of_the_watcher_is_none() -> None:
    source = prepared()
    assert counts(source, BEGINS + 2) == {SERVICE: (0, 0)}
    source.add_own_gap(Span(BEGINS + 1, BEGINS + 1.9))
    assert "watcher itself" in reason(source, BEGINS + 3)


def test_a_busy_watcher_measures_nothing() -> None:
    """Probes that begin late are left out; where most do, nothing is known."""
    source = prepared()
    late = replace(probe(BEGINS + 1, 0.5, "2.0.0"), planned=BEGINS + 0.99)
    for one in (late, probe(BEGINS + 1, 0.01, "2.0.0")):
        source.add_result(one)
    assert counts(source, BEGINS + 3) == {NEW: (0, 1), SERVICE: (0, 1)}
    source.add_result(replace(late, started=BEGINS + 3, planned=BEGINS + 2.99))
    assert "too busy" in reason(source, BEGINS + 5)


def test_the_baseline_is_of_the_release_before_and_of_the_time_before_the_cutover() -> None:
    kept: list[ProbeBaseline] = []
    source = make_source()
    source.keep = kept.append
    feed(source, BEGINS - 20, BEGINS)
    feed(source, BEGINS - 20, BEGINS, make=lambda at: probe(at, 3.0, "2.0.0"))
    feed(source, BEGINS, BEGINS + 5, make=lambda at: probe(at, 3.0))
    assert not source.read(BEGINS).readings, "the triggers begin with the cutover"
    source.read(BEGINS + 6)
    (baseline,) = kept
    assert baseline.counts == {"search": 200}
    assert baseline.releases == {"1.9.0": 200}
    assert baseline.bounds["search"]["p95"] == 0.01
    assert baseline.per_second == pytest.approx(20, rel=0.1)
    assert ProbeBaseline.from_plain(baseline.to_plain()).bounds == baseline.bounds


@pytest.mark.parametrize(("statistic", "needed"), [("p50", 6), ("p95", 72), ("p99", 368)])
def test_so_many_probes_bound_a_statistic(statistic: str, needed: int) -> None:
    """(1 - tail)^n, with half of the 5 % on each side."""
    assert count_needed_probes(statistic) == needed


def test_too_few_probes_are_no_baseline() -> None:
    source = make_source()
    feed(source, BEGINS - 7.1, BEGINS)
    assert "needs 72" in reason(source, BEGINS + 2)
    assert counts(source, BEGINS + 3) == {SERVICE: (None, None)}
    enough = make_source()
    feed(enough, BEGINS - 7.2, BEGINS)
    assert not enough.read(BEGINS + 2).unknown


def test_without_a_moment_or_a_recorded_baseline_it_is_unknown() -> None:
    source = make_source(None)
    feed(source, 0, 20)
    assert reason(source, 21) == NO_BASELINE


def test_a_path_that_is_not_asked_is_told() -> None:
    source = make_source(response_operations=("visit",))
    assert "does not ask visit" in reason(source, BEGINS + 2)


def test_more_than_twice_the_load_is_not_compared() -> None:
    """Hazard 27: the reason is one line, however the load moves."""
    source = prepared()
    feed(source, BEGINS + 1, BEGINS + 12, rate=50)
    reasons = {reason(source, BEGINS + 6), reason(source, BEGINS + 8)}
    assert len(reasons) == 1
    assert "more than 2 times" in reasons.pop()
    quiet = prepared()
    feed(quiet, BEGINS + 1, BEGINS + 12, rate=19)
    assert not quiet.read(BEGINS + 8).unknown


def test_a_watcher_that_goes_on_takes_what_the_one_before_saw() -> None:
    record = WatchRecord(results=[probe(BEGINS - 20 + n / 10) for n in range(300)])
    record.own_gaps = [Span(BEGINS - 10, BEGINS - 9)]
    source = make_source()
    source.recorder.add_record(record, BEGINS)
    source.read(BEGINS + 2)
    assert source.baseline is not None
    assert source.baseline.counts["search"] == pytest.approx(190, abs=2)


def test_a_baseline_is_recorded_for_itself() -> None:
    kept: list[ProbeBaseline] = []
    source = make_source(None)
    source.keep = kept.append
    feed(source, 0, 20)
    found = source.record_baseline(21)
    assert kept == [found]
    assert found.describe("p95").startswith("baseline: search p95 at most 0.010 s (200 probes)")


@pytest.mark.parametrize(
    ("seconds", "release", "why"), [(5, "1.9.0", "needs 72"), (20, "2.0.0", "under judgement")]
)
def test_a_baseline_that_is_none_is_refused(seconds: int, release: str, why: str) -> None:
    source = make_source(None)
    feed(source, 0, seconds, make=lambda at: probe(at, release=release))
    with pytest.raises(SettingsError, match=why):
        source.record_baseline(seconds + 1)


def fired(*, slow_old: bool, slow_seconds: int = 40) -> dict[str, str]:
    """Return what fires, with its note, where the new release is slow for so many seconds."""
    source, machine = prepared(), TriggerMachine(SETTINGS.limits)
    for second in range(60):
        at = BEGINS + second
        for tick in range(20):
            release = ("2.0.0", "1.9.0")[tick % 2]
            is_slow = second < slow_seconds and (release == "2.0.0" or slow_old)
            source.add_result(probe(at + tick / 20, 0.1 if is_slow else 0.01, release))
        read = source.read(at + 2)
        machine.evaluate(Evaluation(at + 2, read.readings, {source.source: True}))
    of_responses = [one for one in machine.firings if one.key.trigger is TriggerName.RESPONSE]
    assert all("took more than 0.02 s" in one.value for one in of_responses)
    return {one.key.subject: one.note for one in of_responses}


def test_a_slow_new_release_fires_for_it_and_for_the_service() -> None:
    assert fired(slow_old=False) == {NEW: "", SERVICE: ""}


def test_both_slow_fire_with_the_note(  # hazard 25
) -> None:
    found = fired(slow_old=True)
    assert "a rollback may not help" in found[NEW]
    assert set(found) == {NEW, SERVICE}


def test_slow_for_too_short_does_not_fire() -> None:
    assert not fired(slow_old=False, slow_seconds=15)


@pytest.mark.parametrize("name", ["find", "upload-slow", "download-slow"])
def test_an_operation_that_is_no_path_with_a_time_is_a_mistake(name: str) -> None:
    with pytest.raises(ValueError, match="write some of sign-in, read"):
        TriggerSettings.model_validate({"response_operations": [name]})
    TriggerSettings.model_validate({"response_operations": [name], "response_source": "prometheus"})

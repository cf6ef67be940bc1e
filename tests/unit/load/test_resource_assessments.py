"""What the looks of a run prove of the target's resources: a sound target passes, each fault is a
finding, and what was not seen is not proven.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from cutover_gates.config.resources import ResourceSettings
from cutover_gates.core.database_activity import DatabaseActivity
from cutover_gates.core.evidence.assessment import Assessment, NotProven
from cutover_gates.core.findings import Finding, Rule
from cutover_gates.hospital.matchers.expectations import assert_passed
from cutover_gates.probes.load.resource_assessment import rules
from cutover_gates.probes.load.resource_assessment.connection_pool_usage import (
    assess_connection_pool,
)
from cutover_gates.probes.load.resource_assessment.cpu_memory_usage import assess_resource_usage
from cutover_gates.probes.load.resource_assessment.resource_watcher import ResourceWatcher
from cutover_gates.probes.load.resource_usage.resource_sample import ResourceSample
from cutover_gates.util.http import SourceUnavailable
from tests.calibration import scale_seconds
from tests.findings import list_gaps, list_values

MIB = 2**20
START = 1_000_000.0
# 1 processor, 2 GiB, 32 MiB a minute, 90 % of the pool, waiting in 5 % of the looks, 1 s for a lock
LIMITS = ResourceSettings()
COUNTERS = {
    "deadlocks": 3,
    "committed": 1000,
    "rolled_back": 10,
    "killed": 0,
    "abandoned": 1,
    "fatal": 0,
}


def looks(count: int = 30, **of_number: Callable[[int], Any]) -> list[ResourceSample]:
    """A sound target's looks, one a second; `of_number` gives a field as a function of the look's
    number.
    """
    noise = random.Random(5)
    made = [
        ResourceSample(
            START + number,
            cpu_seconds=500 + 0.3 * number,
            memory=300 * MIB + noise.uniform(-1, 1) * MIB,
            pool_in_use=float(number % 4),
            pool_max=10.0,
            pool_waiting=0.0,
            pool_timeouts=2.0,
        )
        for number in range(count)
    ]
    return [
        replace(look, **{name: of(number) for name, of in of_number.items()})
        for number, look in enumerate(made)
    ]


def pressures(count: int = 30, **of_number: Callable[[int], Any]) -> list[DatabaseActivity]:
    """A sound database's."""
    made = [
        DatabaseActivity(
            START + number,
            {"the server": (12, 97)},
            0,
            0.0,
            0,
            {**COUNTERS, "committed": 1000 + 60 * number},
            "never",
        )
        for number in range(count)
    ]
    return [
        replace(one, **{name: of(number) for name, of in of_number.items()})
        for number, one in enumerate(made)
    ]


def changed(**limits: Any) -> ResourceSettings:
    return LIMITS.model_copy(update=limits)


def only_finding(assessment: Assessment) -> Finding:
    """The one thing that is wrong.

    Nothing is unproven, and the figures can be written as JSON that every reader takes.
    """
    json.dumps(assessment.figures, allow_nan=False)
    assert not assessment.not_proven
    (finding,) = assessment.findings
    assert isinstance(finding, Finding)
    return finding


def gap_reason(assessment: Assessment, rule: Rule) -> str:
    """Why a rule is not proven. Nothing is wrong."""
    json.dumps(assessment.figures, allow_nan=False)
    assert not assessment.findings
    (reason,) = [gap.actual for gap in assessment.not_proven if gap.rule is rule]
    return str(reason)


# ── a sound target ──


def test_a_sound_target_uses_what_it_may() -> None:
    assessment = assess_resource_usage(looks(), LIMITS)
    assert_passed(assessment)
    assert assessment.checked == ("CPU", "memory", "memory growth")
    assert assessment.figures["cpu_cores_on_the_average"] == 0.3
    assert assessment.figures["memory_bytes_at_most"] == pytest.approx(301 * MIB, abs=MIB)


def test_a_sound_pool_and_database_have_room() -> None:
    assessment = assess_connection_pool(looks(), pressures(), LIMITS)
    assert_passed(assessment)
    assert len(assessment.checked) == 6
    assert assessment.figures["database"] == {
        "deadlocks": 0,
        "committed": 1740,
        "rolled_back": 0,
        "killed": 0,
        "abandoned": 0,
        "fatal": 0,
        "rolled_back_share": 0.0,
    }


def test_the_series_can_be_drawn() -> None:
    facts = {
        **assess_resource_usage(looks(), LIMITS).figures,
        **assess_connection_pool(looks(), pressures(), LIMITS).figures,
    }
    assert facts["cpu_cores"][:2] == [[1.0, 0.3], [2.0, 0.3]]
    assert [at for at, _value in facts["memory_bytes"]] == [float(number) for number in range(30)]
    assert facts["pool_in_use"][:4] == [[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]
    assert facts["pool_waiting"][-1] == [29.0, 0.0]
    assert facts["backends"][:2] == [[0.0, 12], [1.0, 12]]
    assert json.dumps(facts["memory_bytes"]).count(".0]") == 0  # whole bytes


def test_the_time_of_a_series_may_begin_with_the_run() -> None:
    assert assess_resource_usage(looks(), LIMITS, start=START - 5).figures["cpu_cores"][0] == [
        6.0,
        0.3,
    ]
    assert assess_connection_pool(looks(), pressures(), LIMITS, start=START - 5).figures[
        "backends"
    ][0] == [5.0, 12]


def test_twenty_sound_targets_in_a_row_pass_on_a_busy_machine() -> None:
    """Looks come late or not at all, memory is collected now and then, a stall of two seconds fills
    the pool once.
    """
    for seed in range(20):
        chance = random.Random(seed)
        busy, at, used = [], START, 500.0
        for number in range(40):
            at += chance.uniform(0.8, 1.7)
            used += chance.uniform(0.2, 0.6)
            full = 14 <= number <= 15
            busy.append(
                ResourceSample(
                    at,
                    cpu_seconds=round(used, 2),
                    memory=(300 + number % 5 * 2 + chance.uniform(-1, 1)) * MIB,
                    pool_in_use=10.0 if full else float(chance.randint(0, 6)),
                    pool_max=10.0,
                    pool_waiting=5.0 if number == 14 else 0.0,
                    pool_timeouts=0.0,
                )
                if chance.random() > 0.04
                else ResourceSample.from_failure(at, "gave no complete answer within 1.8 s")
            )
        assert_passed(assess_resource_usage(busy, LIMITS))
        assert_passed(assess_connection_pool(busy, pressures(), LIMITS))


# ── CPU ──


def test_too_much_cpu_is_found() -> None:
    finding = only_finding(
        assess_resource_usage(looks(cpu_seconds=lambda number: 500 + 1.2 * number), LIMITS)
    )
    assert (finding.rule, finding.subject) == (rules.CPU_USAGE, "CPU")
    assert (finding.expected, finding.actual) == (
        "at most 1 processors on the average",
        "1.20 processors",
    )


def test_a_short_burst_of_cpu_is_no_finding() -> None:
    assert_passed(
        assess_resource_usage(
            looks(cpu_seconds=lambda number: 500 + 0.3 * number + (3 if number > 10 else 0)), LIMITS
        )
    )


def test_a_restart_is_found() -> None:
    finding = only_finding(
        assess_resource_usage(
            looks(
                cpu_seconds=lambda number: (
                    500 + 0.3 * number if number < 12 else 0.3 * (number - 11)
                )
            ),
            LIMITS,
        )
    )
    assert (finding.rule, finding.subject) == (rules.NO_RESTART, "process_cpu_seconds_total")
    assert finding.actual == "503.3 s, then 0.3 s after 12 s of the run"


def test_a_restart_of_one_of_several_is_found() -> None:
    """A Prometheus adds them up: the sum falls, but not to nothing."""
    fallen = looks(
        cpu_seconds=lambda number: 1500 + 1.2 * number if number < 12 else 1000 + number / 6
    )
    finding = only_finding(assess_resource_usage(fallen, changed(cpu_cores=99)))
    assert finding.rule is rules.NO_RESTART
    assert finding.actual.startswith("1513.2 s, then 1002.0 s")


def test_a_young_target_that_restarts_and_soon_has_used_as_much_again_is_found() -> None:
    finding = only_finding(
        assess_resource_usage(
            looks(cpu_seconds=lambda number: 0.5 * (number + 1 if number < 6 else number - 5)),
            LIMITS,
        )
    )
    assert finding.rule is rules.NO_RESTART


def test_processes_that_answer_in_turn_are_not_called_a_restart() -> None:
    chance = random.Random(3)
    why = gap_reason(
        assess_resource_usage(
            looks(cpu_seconds=lambda number: chance.choice([500.0, 480.0, 700.0]) + 0.3 * number),
            LIMITS,
        ),
        rules.CPU_USAGE,
    )
    assert "several processes answer in turn" in why
    assert "performance.resources.prometheus" in why


def test_a_frozen_exporter_proves_nothing() -> None:
    assessment = assess_resource_usage(
        looks(cpu_seconds=lambda _number: 500.0, memory=lambda _number: 300.0 * MIB), LIMITS
    )
    for rule in (rules.CPU_USAGE, rules.MEMORY_USAGE, rules.MEMORY_GROWTH):
        assert "stood still for 29 of 29 s" in gap_reason(assessment, rule)


def test_an_exporter_that_freezes_on_the_way_proves_nothing() -> None:
    frozen = looks(cpu_seconds=lambda number: 500 + 0.3 * min(number, 16))
    for assessment, rule in (
        (assess_resource_usage(frozen, LIMITS), rules.CPU_USAGE),
        (assess_connection_pool(frozen, None, LIMITS), rules.POOL_CONNECTIONS),
    ):
        assert "stood still for 13 of 29 s" in gap_reason(assessment, rule)


def test_a_coarse_counter_of_an_idle_target_is_not_called_frozen() -> None:
    assert_passed(
        assess_resource_usage(looks(cpu_seconds=lambda number: 500 + 0.01 * (number // 5)), LIMITS)
    )


# ── memory ──


def test_a_leak_is_found() -> None:
    leaking = assess_resource_usage(
        looks(memory=lambda number: (300 + number * 64 / 60 + number % 3) * MIB), LIMITS
    )
    finding = only_finding(leaking)
    assert (finding.rule, finding.subject) == (rules.MEMORY_GROWTH, "memory growth")
    assert finding.expected == "at most 32.0 MiB a minute"
    assert finding.actual.startswith("64")
    growth = leaking.figures["growth_bytes_per_minute"]
    assert 32 * MIB < growth["low"] <= growth["slope"] <= growth["high"]


def test_a_slow_leak_below_the_limit_is_none() -> None:
    assert_passed(
        assess_resource_usage(
            looks(memory=lambda number: (300 + number * 16 / 60 + number % 3) * MIB), LIMITS
        )
    )


def test_a_growth_that_may_be_too_much_is_not_proven() -> None:
    chance = random.Random(4)
    why = gap_reason(
        assess_resource_usage(
            looks(memory=lambda number: (300 + number * 32 / 60 + chance.uniform(-10, 10)) * MIB),
            LIMITS,
        ),
        rules.MEMORY_GROWTH,
    )
    assert why.endswith("32.0 MiB")


def test_one_wild_value_does_not_make_a_leak() -> None:
    assert_passed(
        assess_resource_usage(
            looks(memory=lambda number: (1500 if number == 28 else 300 + number % 3) * MIB), LIMITS
        )
    )


def test_a_wild_value_now_and_then_does_not_hide_that_memory_stays() -> None:
    assert_passed(
        assess_resource_usage(
            looks(
                60,
                memory=lambda number: (
                    (1500 if number in (42, 47, 52, 57) else 300 + number % 3) * MIB
                ),
            ),
            LIMITS,
        )
    )


def test_too_much_memory_is_found_even_in_one_look() -> None:
    finding = only_finding(
        assess_resource_usage(
            looks(memory=lambda number: (2100 if number == 15 else 300 + number % 3) * MIB), LIMITS
        )
    )
    assert (finding.rule, finding.subject) == (rules.MEMORY_USAGE, "memory")
    assert (finding.expected, finding.actual) == ("at most 2048.0 MiB", "2100.0 MiB")


# ── too little was seen ──


def test_too_few_looks_prove_nothing() -> None:
    why = gap_reason(assess_resource_usage(looks(9), LIMITS), rules.CPU_USAGE)
    assert why.startswith("measured 9 times in 8 s, 10 times required")
    assert why.endswith("performance.min_seconds to 9")
    assert len(assess_resource_usage(looks(9), LIMITS).not_proven) == 3
    assert len(assess_connection_pool(looks(9), pressures(9), LIMITS).not_proven) == 6
    assert_passed(assess_resource_usage(looks(10), LIMITS))
    assert_passed(assess_connection_pool(looks(10), pressures(10), LIMITS))


def test_one_measurement_looked_at_often_is_one() -> None:
    """A Prometheus that scrapes every 15 s tells the same 15 times."""
    seldom = looks(
        45,
        measured=lambda number: dict.fromkeys(("cpu_seconds", "memory"), START + number // 15 * 15),
    )
    why = gap_reason(assess_resource_usage(seldom, LIMITS), rules.MEMORY_USAGE)
    assert why.startswith("measured 3 times in 44 s, 10 times required")
    assert why.endswith("performance.min_seconds to 147")


def test_no_looks_prove_nothing() -> None:
    for assessment in (assess_resource_usage([], LIMITS), assess_resource_usage(None, LIMITS)):
        assert gap_reason(assessment, rules.CPU_USAGE)
    assert len(assess_connection_pool([], [], LIMITS).not_proven) == 6


def test_where_nobody_is_asked_nothing_is_examined() -> None:
    """The plugin decides what it means that a target has no source, or no database."""
    assert assess_connection_pool(looks(), None, LIMITS).checked == (
        "pool connections",
        "waiting requests",
        "pool timeouts",
    )
    assert assess_connection_pool(None, pressures(), LIMITS).checked[0] == "database connections"
    with pytest.raises(NotProven):
        assert_passed(assess_connection_pool(None, None, LIMITS))


@pytest.mark.parametrize(
    ("figure", "rule", "of"),
    [
        ("cpu_seconds", rules.CPU_USAGE, assess_resource_usage),
        ("memory", rules.MEMORY_USAGE, assess_resource_usage),
        ("memory", rules.MEMORY_GROWTH, assess_resource_usage),
        ("pool_in_use", rules.POOL_CONNECTIONS, assess_connection_pool),
        ("pool_max", rules.POOL_CONNECTIONS, assess_connection_pool),
        ("pool_waiting", rules.POOL_WAITING, assess_connection_pool),
        ("pool_timeouts", rules.POOL_TIMEOUTS, assess_connection_pool),
    ],
)
def test_a_metric_that_is_missing_is_not_proven_and_says_what_would_mend_it(
    figure: str, rule: Rule, of: Callable[..., Assessment]
) -> None:
    why = "the page tells no x_total; name what it tells in performance.resources.x"
    without: dict[str, Any] = {figure: None, "missing": {figure: why}}
    blind = [replace(look, **without) for look in looks()]
    assessment = (
        assess_resource_usage(blind, LIMITS)
        if of is assess_resource_usage
        else assess_connection_pool(blind, pressures(), LIMITS)
    )
    assert gap_reason(assessment, rule) == why
    assert assessment.checked


def test_a_figure_that_nobody_tells_says_which_source_would() -> None:
    silent = assess_connection_pool(looks(pool_in_use=lambda _number: None), None, LIMITS)
    why = gap_reason(silent, rules.POOL_CONNECTIONS)
    assert "performance.resources.metrics_path" in why
    assert "performance.resources.prometheus" in why


def test_a_source_that_is_often_silent_proves_nothing() -> None:
    """It answers when there is little to do."""
    often = [
        ResourceSample.from_failure(look.at, "gave no complete answer within 1.8 s")
        if number % 4 == 0
        else look
        for number, look in enumerate(looks())
    ]
    why = gap_reason(assess_resource_usage(often, LIMITS), rules.MEMORY_USAGE)
    assert "8 of 30 samples, at most 3 allowed" in why
    assert why.endswith(": gave no complete answer within 1.8 s")


@pytest.mark.parametrize(("failed", "proven"), [(3, True), (4, False)])
def test_samples_that_failed_are_counted(failed: int, proven: bool) -> None:
    """Each may have been the worst moment."""
    several = [
        ResourceSample.from_failure(look.at, "answered 503")
        if number in (3, 11, 20, 25)[:failed]
        else look
        for number, look in enumerate(looks())
    ]
    used = assess_resource_usage(several, LIMITS)
    pool = assess_connection_pool(several, None, LIMITS)
    assert (used.figures["failed_looks"], pool.figures["failed_looks"]) == (failed, failed)
    assert [bool(one.not_proven) for one in (used, pool)] == 2 * [not proven]
    assert_passed(assess_resource_usage(several, changed(failed_share=0.15)))


def test_samples_of_the_database_that_failed_are_counted() -> None:
    several = [
        DatabaseActivity.failed_sample(one.at, "no connection")
        if number in (3, 11, 20, 25)
        else one
        for number, one in enumerate(pressures())
    ]
    why = gap_reason(assess_connection_pool(None, several, LIMITS), rules.LOCK_WAITS)
    assert why == "could not be read in 4 of 30 samples, at most 3 allowed: no connection"
    assert_passed(assess_connection_pool(None, several, changed(failed_share=0.15)))


def test_a_third_of_the_time_without_a_measurement_proves_nothing() -> None:
    late = looks(
        measured=lambda number: dict.fromkeys(("cpu_seconds", "memory"), START + min(number, 15))
    )
    why = gap_reason(assess_resource_usage(late, LIMITS), rules.MEMORY_USAGE)
    assert why == "not measured for 14 of 29 s"


# ── a cluster, which tells a rate ──


def clustered(cores: Callable[[int], float]) -> list[ResourceSample]:
    """Two hundred seconds, measured every fifteen over fifteen, some twenty seconds late."""

    def measured(number: int) -> dict[str, float]:
        return dict.fromkeys(("cpu_cores", "memory"), START + number // 15 * 15 - 20)

    return looks(
        200,
        cpu_seconds=lambda _number: None,
        cpu_cores=lambda number: cores(number // 15),
        measured=measured,
        over=lambda _number: 15.0,
        memory=lambda number: (300 + number // 15 % 2) * MIB,
    )


def test_a_rate_is_taken_as_it_is_told() -> None:
    assert_passed(assess_resource_usage(clustered(lambda _piece: 0.5), LIMITS))
    finding = only_finding(assess_resource_usage(clustered(lambda _piece: 1.5), LIMITS))
    assert (finding.rule, finding.actual) == (rules.CPU_USAGE, "1.50 processors")


def test_the_quiet_before_the_run_is_not_counted() -> None:
    """The first measurement was made before it."""
    quiet_first = clustered(lambda piece: 0.0 if piece == 0 else 1.05)
    finding = only_finding(assess_resource_usage(quiet_first, LIMITS))
    assert (finding.rule, finding.actual) == (rules.CPU_USAGE, "1.05 processors")


# ── the pool ──


def test_a_pool_of_two_that_is_always_full_is_found() -> None:
    full = looks(pool_in_use=lambda _number: 2.0, pool_max=lambda _number: 2.0)
    finding = only_finding(assess_connection_pool(full, pressures(), LIMITS))
    assert (finding.rule, finding.subject) == (rules.POOL_CONNECTIONS, "pool connections")
    assert finding.actual == "30 of 30 samples"
    for value in ("90%", "2 connections", "25%"):
        assert value in finding.expected


@pytest.mark.parametrize(("full", "found"), [(1, False), (7, False), (8, True)])
def test_a_pool_that_is_full_now_and_then_is_found_when_it_is_a_habit(
    full: int, found: bool
) -> None:
    assert (
        bool(
            assess_connection_pool(
                looks(pool_in_use=lambda number: 10.0 if number < full else 3.0), None, LIMITS
            ).findings
        )
        is found
    )


@pytest.mark.parametrize(
    ("count", "waiting", "share", "found"),
    [
        (30, 30, 0.05, True),
        (100, 1, 0.05, False),
        (100, 5, 0.05, False),
        (100, 6, 0.05, True),
        (12, 1, 0.05, False),
        (12, 2, 0.05, False),
        (12, 3, 0.05, True),
        (100, 1, 0.0, True),
        (100, 0, 0.0, False),
        (30, 30, 1.0, False),
    ],
)
def test_somebody_who_waits_is_found_when_it_is_a_habit(
    count: int, waiting: int, share: float, found: bool
) -> None:
    seen = assess_connection_pool(
        looks(count, pool_waiting=lambda number: 3.0 if number < waiting else 0.0),
        None,
        changed(pool_waiting_share=share),
    )
    assert bool(seen.findings) is found
    if found:
        assert seen.findings[0].rule is rules.POOL_WAITING
        assert seen.findings[0].actual == f"{waiting} of {count} samples"


def test_one_timeout_is_found() -> None:
    seen = assess_connection_pool(
        looks(pool_timeouts=lambda number: 2.0 + (number > 20)), pressures(), LIMITS
    )
    finding = only_finding(seen)
    assert (finding.rule, finding.subject) == (rules.POOL_TIMEOUTS, "db_pool_timeouts_total")
    assert (finding.expected, finding.actual) == ("0", "1")
    assert seen.figures["pool_timeouts"] == 1


def test_timeouts_that_began_anew_are_not_proven() -> None:
    reset = looks(pool_timeouts=lambda number: 2.0 if number < 9 else 0.0)
    why = gap_reason(assess_connection_pool(reset, None, LIMITS), rules.POOL_TIMEOUTS)
    assert "started again during the run" in why


def test_what_was_counted_since_a_counter_began_anew_is_found() -> None:
    assessment = assess_connection_pool(
        looks(pool_timeouts=lambda number: 5.0 if number < 9 else 3.0), None, LIMITS
    )
    assert list_values(assessment) == [("db_pool_timeouts_total", "0", "3")]
    assert list_gaps(assessment) == [(rules.POOL_TIMEOUTS, "pool timeouts")]


def test_a_maximum_of_zero_is_not_proven() -> None:
    without = looks(pool_max=lambda _number: 0.0)
    why = gap_reason(assess_connection_pool(without, None, LIMITS), rules.POOL_CONNECTIONS)
    assert "0 (db_pool_max)" in why


# ── the database ──


def test_a_lock_that_was_held_for_three_seconds_is_found() -> None:
    held = pressures(longest_wait=lambda number: {10: 0.4, 11: 1.4, 12: 2.4}.get(number, 0.0))
    finding = only_finding(assess_connection_pool(looks(), held, LIMITS))
    assert (finding.rule, finding.subject) == (rules.LOCK_WAITS, "lock waits")
    assert (finding.expected, finding.actual) == ("at most 1 s", "2.4 s or more")


def test_a_short_wait_for_a_lock_is_none() -> None:
    assert_passed(
        assess_connection_pool(
            looks(), pressures(longest_wait=lambda number: 0.9 if number == 9 else 0.0), LIMITS
        )
    )


def test_a_deadlock_is_found() -> None:
    seen = assess_connection_pool(
        looks(),
        pressures(counters=lambda number: {**COUNTERS, "deadlocks": 3 + (number > 9)}),
        LIMITS,
    )
    finding = only_finding(seen)
    assert (finding.rule, finding.expected, finding.actual) == (rules.DEADLOCKS, "0", "1")


@pytest.mark.parametrize(("over", "found"), [(1, False), (30, True)])
def test_a_server_without_connections_left_is_found(over: int, found: bool) -> None:
    seen = assess_connection_pool(
        looks(),
        pressures(connections=lambda number: {"the server": (95 if number < over else 12, 97)}),
        LIMITS,
    )
    assert bool(seen.findings) is found


def test_a_role_without_connections_left_is_found() -> None:
    near = pressures(
        connections=lambda _number: {"the server": (12, 97), "the role hospital_app": (10, 10)}
    )
    finding = only_finding(assess_connection_pool(looks(), near, LIMITS))
    assert (finding.rule, finding.subject) == (
        rules.DATABASE_CONNECTIONS,
        "the role hospital_app",
    )
    assert finding.actual == "30 of 30 samples, up to 10 connections"


def test_sessions_that_are_not_seen_are_not_proven() -> None:
    """Without the right to see them the others look as if they waited for nothing."""
    why = "the sessions of other roles are not seen; grant pg_monitor to stranger"
    blind = pressures(
        waiting=lambda _number: None,
        longest_wait=lambda _number: None,
        idle=lambda _number: None,
        not_seen_reason=lambda _number: why,
    )
    reason = gap_reason(assess_connection_pool(looks(), blind, LIMITS), rules.LOCK_WAITS)
    assert reason == why


def test_counters_that_began_anew_are_not_proven() -> None:
    for reset in (
        pressures(counted_since=lambda number: "never" if number < 9 else "now"),
        pressures(counters=lambda number: COUNTERS if number < 9 else dict.fromkeys(COUNTERS, 0)),
    ):
        why = gap_reason(assess_connection_pool(looks(), reset, LIMITS), rules.DEADLOCKS)
        assert "started again" in why


def test_a_database_that_is_silent_is_not_proven() -> None:
    silent = [
        DatabaseActivity.failed_sample(START + number, "no connection to the database")
        for number in range(30)
    ]
    assessment = assess_connection_pool(looks(), silent, LIMITS)
    for rule in (rules.DATABASE_CONNECTIONS, rules.LOCK_WAITS, rules.DEADLOCKS):
        why = gap_reason(assessment, rule)
        assert why == "no connection to the database"


# ── the watcher ──


class Scripted:
    """A source that answers as it is told, and counts."""

    def __init__(self, answer: Callable[[int], ResourceSample]) -> None:
        self._answer, self.asked = answer, 0

    def take_sample(self) -> ResourceSample:
        self.asked += 1
        return self._answer(self.asked)


class ScriptedGauge:
    """A gauge that answers as it is told."""

    def __init__(self, answer: Callable[[], DatabaseActivity]) -> None:
        self._answer, self.closed = answer, False

    def sample(self) -> DatabaseActivity:
        return self._answer()

    def close(self) -> None:
        self.closed = True


def well(number: int) -> ResourceSample:
    return ResourceSample(time.time(), cpu_seconds=float(number))


@pytest.fixture
def hanging() -> Iterator[Callable[[int], ResourceSample]]:
    """A look that does not come back before the test is over."""
    over = threading.Event()

    def hang(number: int) -> ResourceSample:
        over.wait()
        return well(number)

    yield hang
    over.set()


def until(true: Callable[[], bool]) -> None:
    ends = time.monotonic() + 5
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.005)


def test_a_watcher_looks_from_the_start_to_the_end() -> None:
    source, gauge = (
        Scripted(well),
        ScriptedGauge(lambda: DatabaseActivity.failed_sample(time.time(), "nothing")),
    )
    begun = time.time()
    with ResourceWatcher(source, gauge, every=0.05) as watcher:
        until(lambda: source.asked >= 5)
    assert watcher.resource_samples is not None
    assert watcher.activity_samples is not None
    assert [look.cpu_seconds for look in watcher.resource_samples] == [
        float(number) for number in range(1, source.asked + 1)
    ]
    assert begun <= watcher.resource_samples[0].at
    assert len(watcher.activity_samples) >= 5
    assert gauge.closed


def test_a_watcher_looks_once_more_when_the_run_is_over() -> None:
    """Else what was counted since the last look would be lost."""
    source = Scripted(well)
    with ResourceWatcher(source, None, every=60):
        until(lambda: source.asked == 1)
    assert source.asked == 2


def test_only_what_was_seen_in_the_judged_part_is_judged_and_the_look_that_follows() -> None:
    source = Scripted(lambda number: ResourceSample(START + number))
    with ResourceWatcher(source, None, every=0.01) as watcher:
        until(lambda: source.asked >= 10)
    seen, nobody = watcher.select_window(START + 3, START + 6)
    assert [look.at - START for look in seen or ()] == [3, 4, 5, 6, 7]
    assert nobody is None


def test_where_there_is_nobody_to_ask_nothing_is_seen() -> None:
    with ResourceWatcher(None, None) as watcher:
        pass
    assert (watcher.resource_samples, watcher.activity_samples) == (None, None)
    assert watcher.select_window(0, time.time()) == (None, None)


def test_a_look_that_fails_is_kept_and_the_next_one_is_tried() -> None:
    def now_and_then(number: int) -> ResourceSample:
        if number % 3 == 1:
            raise SourceUnavailable("the page is gone")
        if number % 3 == 2:
            raise ZeroDivisionError("s3cret")
        return well(number)

    def refuses() -> DatabaseActivity:
        return DatabaseActivity.failed_sample(time.time(), "no connection")

    source = Scripted(now_and_then)
    with ResourceWatcher(source, ScriptedGauge(refuses), every=0.01) as watcher:
        until(lambda: source.asked >= 6)
    assert [look.missing.get("memory") for look in watcher.resource_samples or ()][:6] == 2 * [
        "the page is gone",
        "the sample failed: ZeroDivisionError",
        None,
    ]
    assert {one.not_seen_reason for one in watcher.activity_samples or ()} == {"no connection"}


def test_a_source_that_hangs_does_not_hold_up_the_end(
    hanging: Callable[[int], ResourceSample],
) -> None:
    source = Scripted(lambda number: well(number) if number < 4 else hanging(number))
    with ResourceWatcher(source, None, every=0.05) as watcher:
        until(lambda: source.asked == 4)
        begun = time.monotonic()
    assert time.monotonic() - begun < scale_seconds(2.0, most=1.9)
    assert watcher.resource_samples is not None
    seen, lost = watcher.resource_samples[:3], watcher.resource_samples[3:]
    assert [look.cpu_seconds for look in seen] == [1, 2, 3]
    assert len(lost) > 20  # each look that was due meanwhile
    assert {look.missing["memory"] for look in lost} == {"a sample took more than 2 s"}


def test_two_sources_that_hang_do_not_hold_up_the_end_either(
    hanging: Callable[[int], ResourceSample],
) -> None:
    def hangs() -> DatabaseActivity:
        hanging(1)
        return DatabaseActivity(0)

    with ResourceWatcher(Scripted(hanging), ScriptedGauge(hangs), every=0.05) as watcher:
        begun = time.monotonic()
    assert time.monotonic() - begun < scale_seconds(2.0, most=1.9)
    assert len(watcher.activity_samples or ()) > 20


def test_a_run_that_fails_ends_the_watch_too() -> None:
    source = Scripted(well)
    with pytest.raises(KeyboardInterrupt), ResourceWatcher(source, None, every=0.01) as watcher:
        raise KeyboardInterrupt
    asked = source.asked
    assert len(watcher.resource_samples or ()) == asked

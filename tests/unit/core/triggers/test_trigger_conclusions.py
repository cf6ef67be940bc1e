"""What the triggers come to when a step ends, and the order to roll back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cutover_gates.core.triggers.evaluation import Evaluation, TriggerReading, is_connection_failure
from cutover_gates.core.triggers.rollback_message import (
    NOT_SEEN,
    ORDER,
    RollbackNames,
    format_rollback_history,
    format_rollback_order,
    list_rollback_steps,
)
from cutover_gates.core.triggers.trigger_conclusions import (
    JUDGED,
    TriggerOutcome,
    conclude,
    has_seen_new,
    may_advance,
)
from cutover_gates.core.triggers.trigger_limits import TriggerLimits
from cutover_gates.core.triggers.trigger_machine import TriggerMachine
from cutover_gates.core.triggers.trigger_names import (
    NEW,
    SERVICE,
    SignalSource,
    TriggerName,
    parse_key,
)
from cutover_gates.core.triggers.truth_table import list_truth_rows
from tests.unit.core.triggers.trigger_courses import (
    ERRORS,
    HEALTH,
    health_course,
    run_course,
    share_course,
)

STARTED = datetime(2026, 11, 28, 2, 0, tzinfo=UTC)
NAMES = RollbackNames(
    "production",
    deployment="hospital-backend",
    namespace="ward",
    helm_release="hospital-backend",
    database="hospital",
    backup="backup-20261128-015500.sql",
    release="1.9.0",
)


def _healthy_night() -> list[Evaluation]:
    """Return ten good minutes of every trigger and subject."""
    keys = {
        "health/service/probes/": "O",
        "error-rate/new/prometheus/": 0,
        "error-rate/service/prometheus/": 0,
        "response-time/new/probes/search": 0,
        "response-time/service/probes/search": 0,
    }
    courses = [
        health_course("O" * 120, parse_key(key))
        if sign == "O"
        else share_course([0] * 120, key=parse_key(key))
        for key, sign in keys.items()
    ]
    rows = [row for row in list_truth_rows() if row.name.endswith("one pool time-out")]
    quiet = {row.evaluations[0].readings[0] for row in rows}
    sources = {SignalSource.PROBES: True, SignalSource.PROMETHEUS: True}
    return [
        Evaluation(each[0].at, _join(each, quiet), sources) for each in zip(*courses, strict=True)
    ]


def _join(
    evaluations: tuple[Evaluation, ...], more: set[TriggerReading]
) -> tuple[TriggerReading, ...]:
    return (*(reading for each in evaluations for reading in each.readings), *more)


def test_a_healthy_night_passes_every_trigger() -> None:
    machine, fired = run_course(_healthy_night())
    assert not fired
    assert [(each.trigger, each.outcome, each.reasons) for each in conclude(machine)] == [
        (trigger, TriggerOutcome.PASSED, ()) for trigger in JUDGED
    ]
    assert may_advance(machine)


def test_a_watch_that_saw_nothing_proves_nothing() -> None:
    outcomes = {each.outcome for each in conclude(TriggerMachine())}
    assert outcomes == {TriggerOutcome.NOT_PROVEN}
    assert not may_advance(TriggerMachine())


@pytest.mark.parametrize("subject", [NEW, SERVICE])
def test_a_subject_that_was_never_evaluated_is_not_proven(subject: str) -> None:
    night = [
        replace(each, readings=tuple(r for r in each.readings if r.key.subject != subject))
        for each in _healthy_night()
    ]
    machine, _ = run_course(night)
    outcomes = {each.trigger: each.outcome for each in conclude(machine)}
    assert outcomes[TriggerName.ERRORS] is TriggerOutcome.NOT_PROVEN


def test_blind_sources_fail_every_trigger() -> None:
    sources = {SignalSource.PROBES: False, SignalSource.PROMETHEUS: False}
    machine, fired = run_course([Evaluation(5.0 * n, (), sources) for n in range(1, 25)])
    assert [each.key.trigger for each in fired] == [TriggerName.BLIND]
    assert {each.outcome for each in conclude(machine)} == {TriggerOutcome.FAILED}


def test_one_blind_source_holds() -> None:
    sources = {SignalSource.PROBES: True, SignalSource.PROMETHEUS: False}
    machine, fired = run_course([replace(each, sources=sources) for each in _healthy_night()])
    assert not fired
    assert {each.outcome for each in conclude(machine)} == {TriggerOutcome.NOT_PROVEN}


@pytest.mark.parametrize("fires", [True, False])
def test_only_what_orders_nothing_is_called_shown(fires: bool) -> None:
    course = health_course("OFFFF", parse_key("health/instance:a/probes/"))
    machine, _ = run_course(course, TriggerLimits(instances_fire=fires))
    (health,) = (one for one in conclude(machine) if one.trigger is TriggerName.HEALTH)
    told = [reason for reason in health.reasons if "orders no rollback" in reason]
    assert bool(told) is not fires


def test_a_release_before_that_is_as_slow_is_told() -> None:
    (row,) = (each for each in list_truth_rows() if each.hazard == 25)
    (fired,) = run_course(row.evaluations)[1]
    assert fired.key.subject == NEW
    assert fired.note


def test_the_order_names_the_trigger_the_value_and_the_steps() -> None:
    _, fired = run_course(share_course([0] * 12 + [500] * 60))
    text = format_rollback_order(fired, STARTED, NAMES)
    first, *middle, last = text.splitlines()
    assert first == last
    assert first.startswith(f"{ORDER}: error-rate of service: 6,000 of 12,000 requests (50.00%)")
    assert "limit: more than 1.00% for 300 s" in first
    told = "\n".join(middle)
    for part in ("since 2026-11-28T02:00:55", "fired 2026-11-28T02:05:55", *_own_names()):
        assert part in told


def test_before_the_new_release_has_answered_the_order_says_so() -> None:
    """In Phase 1 the deployment is the release before: to scale it to 0 would end the service."""
    machine, fired = run_course(share_course([0] * 12 + [500] * 60))
    assert not has_seen_new(machine)
    assert has_seen_new(run_course(_healthy_night())[0])
    assert NOT_SEEN in format_rollback_order(fired, STARTED, NAMES, new_was_seen=False)
    assert NOT_SEEN not in format_rollback_order(fired, STARTED, NAMES)


def _own_names() -> tuple[str, ...]:
    return (
        "kubectl --namespace ward scale deployment hospital-backend --replicas=0",
        "helm rollback hospital-backend --namespace ward",
        "backup-20261128-015500.sql into hospital",
        "pytest -m rollback --target production",
    )


def test_the_steps_say_what_is_to_be_filled_in() -> None:
    stop, revert, restore, verify = list_rollback_steps(RollbackNames("staging"))
    assert "DEPLOYMENT" in stop
    assert "IMAGE-OF-THE-RELEASE-BEFORE" in revert
    assert "BACKUP" in restore
    assert verify.endswith("--target staging")


def test_without_a_firing_there_is_no_order() -> None:
    with pytest.raises(ValueError, match="nothing fired"):
        format_rollback_order([], STARTED, NAMES)


def test_after_the_rollback_it_is_history() -> None:
    _, fired = run_course(health_course("OFFFF"))
    text = format_rollback_history(fired, STARTED, "rollback, GO, 2026-11-28T02:40:00Z")
    assert ORDER not in text
    assert "4 failed health checks in a row" in text
    assert HEALTH.trigger in text


@pytest.mark.parametrize(
    ("sqlstate", "terminating", "counts"),
    [
        ("53300", False, True),
        ("57P03", False, True),
        ("08006", False, True),
        ("08000", False, True),
        ("57P01", False, False),
        ("08006", True, False),
        ("53300", True, False),
        ("08", False, False),
        ("23505", False, False),
        ("", False, False),
    ],
)
def test_sqlstates_of_failed_connections(sqlstate: str, terminating: bool, counts: bool) -> None:
    assert is_connection_failure(sqlstate, terminating=terminating) is counts


def test_the_errors_of_the_service_are_not_those_of_the_new_release() -> None:
    """At a share of 10 % a release that fails 10 % of its requests makes 1.00 % overall."""
    new = parse_key("error-rate/new/probes/")
    readings = zip(
        share_course([100] * 70, 1_000, new), share_course([100] * 70, 10_000), strict=True
    )
    night = [replace(a, readings=(*a.readings, *b.readings)) for a, b in readings]
    assert {each.key for each in run_course(night)[1]} == {new}
    assert ERRORS.subject == SERVICE

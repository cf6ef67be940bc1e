"""The settings of the triggers: the plan's letter by default, and exact shares."""

from __future__ import annotations

from fractions import Fraction

import pytest
from pydantic import ValidationError

from cutover_gates.config.loose_limits import find_loose_limits
from cutover_gates.config.target import Target
from cutover_gates.config.triggers import TriggerSettings
from cutover_gates.core.triggers.trigger_limits import TriggerLimits


def test_the_defaults_are_the_plans_letter() -> None:
    assert TriggerSettings().limits == TriggerLimits()


@pytest.mark.parametrize(
    ("percent", "share"),
    [(1.0, Fraction(1, 100)), (1.1, Fraction(11, 1000)), (0.05, Fraction(1, 2000))],
)
def test_a_percentage_is_an_exact_share(percent: float, share: Fraction) -> None:
    assert TriggerSettings(error_percent=percent).limits.error_share == share


@pytest.mark.parametrize(
    ("statistic", "share"),
    [("p50", Fraction(1, 2)), ("p95", Fraction(1, 20)), ("p99", Fraction(1, 100))],
)
def test_the_statistic_says_how_many_may_be_slow(statistic: str, share: Fraction) -> None:
    settings = TriggerSettings.model_validate({"response_statistic": statistic})
    assert settings.limits.slow_share == share


def test_only_the_balancer_may_order_a_rollback() -> None:
    assert not TriggerSettings(health_scope="service").limits.instances_fire


@pytest.mark.parametrize(
    "table",
    [
        {"evaluate_seconds": 30, "rate_seconds": 20},
        {"rate_seconds": 100, "error_seconds": 60},
        {"error_percent": 0},
        {"error_percent": 100},
        {"response_factor": 1},
        {"response_operations": []},
        {"blind_seconds": 0},
        {"unknown": 1},
    ],
)
def test_limits_that_contradict_each_other_are_refused(table: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TriggerSettings.model_validate(table)


@pytest.mark.parametrize(
    "table",
    [
        {"error_percent": 2.0},
        {"error_seconds": 600},
        {"health_failures": 10},
        {"health_scope": "service"},
        {"response_factor": 3.0},
        {"response_seconds": 900},
        {"response_statistic": "p50"},
        {"response_operations": ["read"]},
        {"blind_seconds": 300},
        {"login_failures": 9},
    ],
)
def test_a_looser_limit_is_told(table: dict[str, object]) -> None:
    target = Target.model_validate({"url": "https://hospital.example.org", "triggers": table})
    own = [each.key for each in find_loose_limits(target) if each.key.startswith("triggers.")]
    assert own == [f"triggers.{key}" for key in table]

"""Limits that hollow a check out: the absurd are refused, the weak are found."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import BaseModel

from cutover_gates.config.base import SettingsError
from cutover_gates.config.loose_limits import find_loose_limits
from cutover_gates.core.judged_by import LooseLimit
from docs.settings_tables import walk_tables
from tests.unit.config.settings_files import STAGING, Load

PLACE = "CUTOVER_TARGETS__STAGING__"
ABSURD = {
    "PERFORMANCE__ERROR_RATE": "0.99",
    "PERFORMANCE__CONFIDENCE": "0.01",
    "PERFORMANCE__REQUEST_SECONDS": "3600",
    "PERFORMANCE__OBJECTIVES__P50": "3600",
    "PERFORMANCE__OBJECTIVES__P95": "3600",
    "PERFORMANCE__OBJECTIVES__P99": "31",
    "PERFORMANCE__OBJECTIVES__OPERATIONS": '{"upload": {"p95": 3600}}',
    "PERFORMANCE__RAMP_SECONDS": "86400",
    "PERFORMANCE__MAX_SECONDS": "1e9",
    "PERFORMANCE__BASELINE__RATIO": "1000",
    "PERFORMANCE__BASELINE__MAX_AGE_HOURS": "1e6",
    "PERFORMANCE__RESOURCES__POOL_SHARE": "1",
    "PERFORMANCE__RESOURCES__POOL_WAITING_SHARE": "1",
    "PERFORMANCE__RESOURCES__CPU_CORES": "1e9",
    "PERFORMANCE__RESOURCES__MEMORY_BYTES": "1e18",
    "PERFORMANCE__RESOURCES__GROWTH_BYTES_PER_MINUTE": "1e12",
    "PERFORMANCE__RESOURCES__LOCK_WAIT_SECONDS": "3600",
    "PERFORMANCE__JOURNEYS__CLERK__WEIGHT": "nan",
    "MIGRATIONS__STANDBY_LAG_SECONDS": "86400",
    "MIGRATIONS__SNAPSHOT_MAX_AGE_HOURS": "10000",
    "MIGRATIONS__BACKUP__MAX_AGE_HOURS": "10000",
    "MIGRATIONS__REHEARSAL__LOCK_SECONDS": "3600",
    "MIGRATIONS__REHEARSAL__SCRIPT_SECONDS": "1e9",
    "LIMITS__REQUEST_SECONDS": "3600",
    "LIMITS__PATIENCE_SECONDS": "1e6",
    "LIMITS__CHECK_SECONDS": "1e6",
    "LIMITS__CONNECT_SECONDS": "3600",
    "LIMITS__SIGN_IN_FAILURES": "100000",
    "INFRASTRUCTURE__TLS__DAYS_LEFT": "0.001",
    "INFRASTRUCTURE__TLS__HSTS_SECONDS": "1",
    "INFRASTRUCTURE__DNS__TTL_SECONDS": "1000000",
    "INFRASTRUCTURE__REDIS__MEMORY_SHARE": "1",
    "INFRASTRUCTURE__CLUSTER__REPLICAS": "0",
    "INFRASTRUCTURE__CLUSTER__RESTARTS": "100000",
    "INFRASTRUCTURE__CLUSTER__RESTART_HOURS": "0.0001",
    "INFRASTRUCTURE__CLUSTER__MUST_DECLARE": "[]",
    "INFRASTRUCTURE__PIPELINE__COVERAGE_PERCENT": "0",
    "INFRASTRUCTURE__PIPELINE__SUITES": "[]",
    "INFRASTRUCTURE__PIPELINE__MAX_AGE_HOURS": "1e6",
    "MONITORING__SCRAPE_SECONDS": "86400",
    "MONITORING__ALERTS__CANARY_SECONDS": "86400",
    "MONITORING__LOGS__SECONDS": "86400",
    "MONITORING__LOGS__CLOCK_SECONDS": "86400",
    "MONITORING__LOGS__ERROR_LEVELS": "[]",
    "MONITORING__DASHBOARDS__MINUTES": "1000000",
    "CONTRACT__SECONDS": "1000000",
}


@pytest.mark.parametrize("key", ABSURD)
def test_an_absurd_limit_is_refused_in_one_sentence(load: Load, key: str) -> None:
    """A check with it would pass whatever the target does."""
    with pytest.raises(SettingsError) as error:
        load(STAGING, {f"{PLACE}{key}": ABSURD[key]})
    said = str(error.value)
    assert "\n" not in said
    assert "Input should be" in said or "should have at least" in said


def test_an_objective_that_no_request_can_miss_is_refused(load: Load) -> None:
    """A request is given up before it is too slow, and is then an error and no slow answer."""
    file = STAGING + "[targets.staging.performance]\nrequest_seconds = 2\n"
    with pytest.raises(
        SettingsError, match=r"objectives\.p99 = 3 is not below request_seconds = 2"
    ):
        load(file, {f"{PLACE}PERFORMANCE__OBJECTIVES__P99": "3"})
    with pytest.raises(SettingsError, match=r"operations\.upload\.p95 = 2 is not below"):
        load(file, {f"{PLACE}PERFORMANCE__OBJECTIVES__OPERATIONS": '{"upload": {"p95": 2}}'})


def found(load: Load, **variables: str) -> list[LooseLimit]:
    names = {f"{PLACE}{name.upper()}": text for name, text in variables.items()}
    return list(find_loose_limits(load(STAGING, names).targets["staging"]))


def test_the_defaults_are_not_loose(load: Load) -> None:
    assert not found(load)


@pytest.mark.parametrize(
    ("variable", "text", "key", "value", "default"),
    [
        ("performance__error_rate", "0.01", "performance.error_rate", "0.01", "0.001"),
        ("performance__confidence", "0.9", "performance.confidence", "0.9", "0.95"),
        ("performance__objectives__p95", "2", "performance.objectives.p95", "2", "0.5"),
        ("performance__objectives__p50", "2", "performance.objectives.p50", "2", "0.5"),
        (
            "performance__objectives",
            '{"operations": {"upload": {"p95": 2}}}',
            "performance.objectives.operations.upload.p95",
            "2",
            "0.5",
        ),
        ("performance__objectives", '{"p99": null}', "performance.objectives.p99", "none", "1"),
        (
            "performance__journeys",
            '{"clerk": {"weight": 0}, "registrar": {}, "clinician": {}}',
            "performance.journeys.clerk.weight",
            "0",
            "1",
        ),
        (
            "performance__journeys",
            '{"clerk": {}, "registrar": {}}',
            "performance.journeys.clinician.weight",
            "0",
            "1",
        ),
        ("migrations__backup__restore", "false", "migrations.backup.restore", "false", "true"),
        (
            "infrastructure__pipeline__suites",
            '["unit", "lint"]',
            "infrastructure.pipeline.suites",
            "unit, lint",
            "unit, integration, security",
        ),
    ],
)
def test_a_limit_looser_than_its_default_is_found(
    load: Load, variable: str, text: str, key: str, value: str, default: str
) -> None:
    (limit,) = found(load, **{variable: text})
    assert (limit.key, limit.value, limit.default, limit.is_size) == (key, value, default, False)


def test_a_stricter_limit_is_not_loose(load: Load) -> None:
    stricter = {
        "performance__error_rate": "0.0001",
        "performance__confidence": "0.99",
        "performance__objectives__p50": "0.1",
        "infrastructure__pipeline__suites": '["unit", "integration", "security", "more"]',
    }
    assert not found(load, **stricter)


def test_what_says_how_large_a_target_is_is_marked_so(load: Load) -> None:
    (limit,) = found(load, performance__resources__cpu_cores="4")
    assert (limit.key, limit.is_size) == ("performance.resources.cpu_cores", True)
    (limit,) = found(load, migrations__tables='{"visits": {"content": "any", "reason": "r"}}')
    assert (limit.key, limit.is_size) == ("migrations.tables.visits.content", True)


NO_LIMITS = {
    # How long the run itself may take, wait or look: more of it proves no less.
    "budget_seconds", "connect_seconds", "deep_seconds", "max_seconds", "ramp_seconds", "seconds",
    "start_seconds", "statement_seconds", "think_seconds",
    # How much of an answer is read. A longer one proves nothing.
    "answer_bytes",
    # How often a job of the target runs.
    "every_seconds",
    # How the load and the requests are made.
    "connections", "max_rate", "master_port", "page_size", "patients", "port", "processes", "seed",
    "sign_ins_per_minute", "traffic", "weight",
    "rate", "helm_revision", "extra_rate", "extra_probes",
    # What the series are like on which alert rules are tried.
    "baseline_seconds", "constant", "duration_edges",
    # How the release before is started, and how many connections both releases may hold: facts.
    # How many people must approve, of whom one is the least that there can be.
    "approvals",
    "gate_seconds", "longest_seconds", "wait_seconds", "command_seconds", "pool", "pool_before", "old", "new", "surge", "others",
    # What must be there, exactly.
    "for_seconds", "replicas", "standbys", "thresholds",
}  # fmt: skip
"""Numbers that are no limit, or that have no looser side."""


def test_every_number_is_marked_or_known_to_be_no_limit() -> None:
    """Whoever adds a limit says on which side it proves less."""
    unmarked = {
        name
        for name, annotation, mark in _list_numbers()
        if mark is None and name not in NO_LIMITS and "bool" not in annotation
    }
    assert not unmarked


def _list_numbers() -> Iterator[tuple[str, str, object]]:
    models: set[type[BaseModel]] = {place.model for place in walk_tables()}
    for model in models:
        for name, field in model.model_fields.items():
            annotation = str(field.annotation)
            if "float" in annotation or "int" in annotation.replace("Literal", ""):
                yield name, annotation, field.json_schema_extra

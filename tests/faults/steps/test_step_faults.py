"""Each fault of what tells of a step is caught by its check, and a clean step is not blamed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.faults.deployment.deployment_environment import StandinServers, standin_servers
from tests.faults.judge import find_problems
from tests.faults.observability.prometheus_stack import missing_programs
from tests.faults.registry import faults_of_kind
from tests.faults.results import CheckResults, run_check
from tests.faults.steps.answering_releases import QUIET_ANSWERS, AnsweringFault
from tests.faults.steps.instance_memory import (
    MEMORY,
    QUIET_MEMORY,
    MemoryFault,
    running_memory,
)
from tests.faults.steps.kept_releases import KEPT, KeptFault
from tests.faults.steps.side_effects import (
    JOBS,
    QUIET_EFFECTS,
    SideEffectFault,
    empty_database,
)
from tests.faults.steps.step_fault import STEP_CHECKS
from tests.faults.steps.told_weights import QUIET, SHARE, WeightsFault

OF_WEIGHTS = faults_of_kind("steps", WeightsFault)
OF_EFFECTS = faults_of_kind("steps", SideEffectFault)
OF_ANSWERS = faults_of_kind("steps", AnsweringFault)
OF_KEPT = faults_of_kind("steps", KeptFault)
OF_MEMORY = faults_of_kind("steps", MemoryFault)
WRITING = "INSERT INTO messages VALUES ('dead') RETURNING 1"


def run_step_check(name: str, given: Mapping[str, Any]) -> CheckResults:
    """Return how one check ends."""
    return CheckResults({name: run_check(STEP_CHECKS[name], given)})


@pytest.fixture(scope="module", name="servers")
def started_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandinServers]:
    with standin_servers(tmp_path_factory.mktemp("standins")) as servers:
        yield servers


@pytest.mark.parametrize("name", OF_WEIGHTS)
def test_a_fault_of_the_weights_is_caught(
    name: str, servers: StandinServers, tmp_path: Path
) -> None:
    fault = OF_WEIGHTS[name]
    found = run_step_check(fault.check, fault.ask(servers.new_environment(tmp_path)))
    assert not find_problems(fault, found)


@pytest.mark.parametrize("name", QUIET)
def test_weights_of_the_step_pass(name: str, servers: StandinServers, tmp_path: Path) -> None:
    class Clean(WeightsFault):
        declared, objects = QUIET[name]

    found = run_step_check(SHARE, Clean.ask(servers.new_environment(tmp_path)))
    assert found.outcome(SHARE) == "passed", found.message(SHARE)


@pytest.fixture(scope="module", name="dsn")
def started_database() -> Iterator[str]:
    with empty_database() as dsn:
        yield dsn


@pytest.mark.parametrize("name", OF_EFFECTS)
def test_a_fault_of_two_releases_is_caught(name: str, dsn: str, tmp_path: Path) -> None:
    fault = OF_EFFECTS[name]
    found = run_step_check(fault.check, fault.ask(dsn, tmp_path))
    assert not find_problems(fault, found)


@pytest.mark.parametrize("quiet", QUIET_EFFECTS)
def test_one_scheduler_and_a_queue_that_is_read_pass(
    quiet: type[SideEffectFault], dsn: str, tmp_path: Path
) -> None:
    found = run_step_check(JOBS, quiet.ask(dsn, tmp_path))
    assert found.outcome(JOBS) == "passed", found.message(JOBS)


def test_a_declared_query_cannot_write(dsn: str, tmp_path: Path) -> None:
    class Writing(SideEffectFault):
        declared = {"constant_counts": [{"name": "all", "query": WRITING}]}  # noqa: RUF012  # as written in a fault

    found = run_step_check(JOBS, Writing.ask(dsn, tmp_path))
    assert found.outcome(JOBS) == "not proven"
    assert "read-only" in found.message(JOBS)


@pytest.fixture(scope="module", name="prometheus")
def started_prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if why := missing_programs():
        pytest.skip(why)
    with running_memory(tmp_path_factory.mktemp("memory")) as url:
        yield url


@pytest.mark.parametrize("name", OF_MEMORY)
def test_a_fault_of_the_memory_is_caught(name: str, prometheus: str) -> None:
    fault = OF_MEMORY[name]
    assert not find_problems(fault, run_step_check(fault.check, fault.ask_of(prometheus)))


@pytest.mark.parametrize("quiet", QUIET_MEMORY)
def test_memory_that_lasts_passes(quiet: type[MemoryFault], prometheus: str) -> None:
    found = run_step_check(MEMORY, quiet.ask_of(prometheus))
    assert found.outcome(MEMORY) == "passed", found.message(MEMORY)


def test_without_a_limit_the_growth_of_both_releases_is_told(prometheus: str) -> None:
    told = QUIET_MEMORY[-1].ask_of(prometheus)["step_memory"].assess().figures
    assert told["new release"]["new-a"].startswith("+3")
    assert told["release before"].keys() == {"old-a"}


@pytest.mark.parametrize("name", OF_ANSWERS)
def test_a_fault_of_who_answers_is_caught(name: str, tmp_path: Path) -> None:
    assert not find_problems(OF_ANSWERS[name], OF_ANSWERS[name].try_in(tmp_path))


@pytest.mark.parametrize("quiet", QUIET_ANSWERS)
def test_a_check_that_the_new_release_answered_too_passes(
    quiet: type[AnsweringFault], tmp_path: Path
) -> None:
    assert quiet.try_in(tmp_path).outcome(quiet.check) == "passed"


@pytest.mark.parametrize("name", OF_KEPT)
def test_a_fault_of_the_kept_release_is_caught(name: str) -> None:
    fault = OF_KEPT[name]
    with fault.ask() as given:
        assert not find_problems(fault, run_step_check(fault.check, given))


@pytest.mark.parametrize("is_switched", [True, False])
def test_a_kept_release_that_is_ready_passes_and_other_steps_do_not_ask(is_switched: bool) -> None:
    with KeptFault.ask() as given:
        asked = replace(given["kept_release"], is_switched=is_switched)
        found = run_step_check(KEPT, {"kept_release": asked})
    assert found.outcome(KEPT) == "passed", found.message(KEPT)

"""Each fault of the network is caught by its check, for the rule that it breaks.

Without a fault every check passes.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.faults.judge import find_problems
from tests.faults.network import balancer, name_servers, redis_server, tls_fronts
from tests.faults.network.network_fault import NetworkFault, checks_of
from tests.faults.registry import faults_of_kind
from tests.faults.results import CheckResults, run_check

Way = Callable[[Path], AbstractContextManager[Any]]
CLEAN: dict[str, Way] = {
    "test_tls": lambda folder: tls_fronts.running_front(tls_fronts.valid_front(folder), folder),
    "test_dns": lambda _folder: name_servers.running_name_servers(
        name_servers.NameServer(), name_servers.NameServer(cache=True)
    ),
    "test_load_balancer": lambda _folder: balancer.running_balancer(),
    "test_redis": lambda folder: redis_server.running_redis(redis_server.RedisServer(), folder),
}
"""A way without a fault, by the file of the checks that look at it."""
CHECKS = {name: checks_of(name) for name in CLEAN}
BY_NAME = faults_of_kind("network", NetworkFault)


def _here(checks: str) -> None:
    if checks == "test_redis" and redis_server.MISSING:
        pytest.skip(redis_server.MISSING)


@pytest.mark.parametrize("name", BY_NAME)
def test_the_check_catches(name: str, tmp_path: Path) -> None:
    """For the rule that the fault breaks."""
    fault = BY_NAME[name]
    _here(fault.checks)
    check = CHECKS[fault.checks][fault.check]
    with fault().way(tmp_path) as way:
        result = run_check(lambda: check(way), {})
    problems = find_problems(fault, CheckResults({fault.check: result}))
    assert not problems, "\n".join(problems)
    assert "secret" not in result.why


@pytest.mark.parametrize(
    ("checks", "check"), [(checks, check) for checks, found in CHECKS.items() for check in found]
)
def test_without_a_fault_the_check_passes(checks: str, check: str, tmp_path: Path) -> None:
    """No false alarm."""
    _here(checks)
    with CLEAN[checks](tmp_path) as asked:
        CHECKS[checks][check](asked)


def test_every_check_has_a_fault_that_it_catches() -> None:
    """A check that cannot fail proves nothing."""
    caught = {
        (fault.checks, fault.check) for fault in BY_NAME.values() if fault.outcome == "failed"
    }
    assert {(checks, check) for checks, found in CHECKS.items() for check in found} == caught


@pytest.mark.parametrize("name", BY_NAME)
def test_the_check_of_a_fault_exists(name: str) -> None:
    fault = BY_NAME[name]
    assert fault.check in CHECKS[fault.checks]

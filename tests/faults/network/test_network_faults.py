"""Each fault of the network is caught by its check, for the rule that it breaks.

Without a fault every check passes.
"""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.core.findings import FindingsError, NotProven
from tests.faults.judge import PLAN
from tests.faults.network import balancer, name_servers, redis_server, tls_fronts
from tests.faults.network.catalogue import BY_NAME
from tests.faults.network.network_fault import NetworkFault, checks_of
from tests.findings import values_of

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
FEWEST = 3
"""Faults that every item must catch: one could be caught by luck."""


def _here(checks: str) -> None:
    if checks == "test_redis" and redis_server.MISSING:
        pytest.skip(redis_server.MISSING)


@pytest.mark.parametrize("name", BY_NAME)
def test_the_check_catches(name: str, tmp_path: Path) -> None:
    """For the rule that the fault breaks."""
    fault = BY_NAME[name]
    _here(fault.checks)
    error = {"failed": FindingsError, "not proven": NotProven}[fault.outcome]
    with fault().way(tmp_path) as asked, pytest.raises(error) as raised:
        CHECKS[fault.checks][fault.check](asked)
    values = values_of(raised.value, fault.rule)
    assert any(fault.shows in each for each in values), raised.value
    assert "secret" not in str(raised.value)


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


@pytest.mark.parametrize("item", sorted({fault.item for fault in BY_NAME.values()}))
def test_every_item_of_the_way_has_faults_to_catch(item: str) -> None:
    assert Counter(fault.item for fault in BY_NAME.values())[item] >= FEWEST


def test_every_fault_of_the_way_is_in_the_catalogue() -> None:
    """A fault in a module that the catalogue does not know would never run."""
    for path in Path(__file__).parent.glob("[a-z]*.py"):
        if not path.name.startswith("test_"):
            importlib.import_module(f"tests.faults.network.{path.stem}")
    assert {
        kind.__name__ for kind in _kinds_of(NetworkFault) if not kind.__name__.startswith("_")
    } == set(BY_NAME)


def _kinds_of(kind: type[NetworkFault]) -> Iterator[type[NetworkFault]]:
    for below in kind.__subclasses__():
        yield below
        yield from _kinds_of(below)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_fault_says_its_harm_and_names_an_item_of_the_plan(name: str) -> None:
    fault = BY_NAME[name]
    assert fault.__doc__
    assert fault.item in PLAN.by_id
    assert fault.check in CHECKS[fault.checks]

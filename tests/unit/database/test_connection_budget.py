"""The sum of the pools of both releases."""

from __future__ import annotations

from typing import Any

import pytest

from cutover_gates.config.previous import RolloutConnections
from cutover_gates.core.findings import NotProven
from cutover_gates.probes.database.health.connection_budget import count_pool_connections

WHOLE: dict[str, Any] = {"pool": 20, "old": 3, "new": 3, "surge": 1, "users": ["app"]}


@pytest.mark.parametrize(
    ("changed", "sum_of_pools"),
    [({}, 140), ({"surge": 0}, 120), ({"pool_before": 10}, 110), ({"old": 0}, 80)],
)
def test_old_and_new_and_surge_are_added(changed: dict[str, Any], sum_of_pools: int) -> None:
    settings = RolloutConnections.model_validate({**WHOLE, **changed})
    assert count_pool_connections(settings) == sum_of_pools


@pytest.mark.parametrize("key", ["pool", "old", "new", "users"])
def test_what_is_not_set_is_not_proven(key: str) -> None:
    """The key to write is named."""
    without = {name: value for name, value in WHOLE.items() if name != key}
    with pytest.raises(NotProven) as raised:
        count_pool_connections(RolloutConnections.model_validate(without))
    assert f"[targets.NAME.rollout.connections] {key}" in raised.value.reason

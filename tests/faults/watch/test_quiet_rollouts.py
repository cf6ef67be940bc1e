"""What happens in many rollouts and must order no rollback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.core.triggers.trigger_names import TriggerName
from cutover_gates.watch.kept_triggers import ORDER_FILE
from tests.faults.watch.quiet_rollouts import QUIET
from tests.faults.watch.two_releases import TriggerFault
from tests.watched_hospital import WatchedHospital, start_watched_hospital

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def announced() -> Iterator[dict[str, Any]]:
    """Start the hospital with two instances and a proxy."""
    with start_watched_hospital() as announced:
        yield announced


@pytest.mark.parametrize("kind", QUIET, ids=lambda kind: kind.__name__)
def test_no_rollback_is_ordered(
    kind: type[TriggerFault], announced: dict[str, Any], tmp_path: Path
) -> None:
    """The trigger that it concerns was looked at, and has not fired."""
    hospital = WatchedHospital(announced, tmp_path)
    asked = kind().ask(hospital)["triggers"]
    found = asked.assess(TriggerName(kind.item.removeprefix("trigger-")))
    assert found.checked
    assert not found.findings
    assert not (hospital.record_folder / ORDER_FILE).exists()

"""A day before the cutover: the target's log is where it will be looked for."""

from __future__ import annotations

import pytest

from cutover.matchers import sound
from cutover.telemetry.signals.logs import Logs

pytestmark = pytest.mark.plan("log-aggregation")


def test_logs_arrive_in_the_store(logs: Logs) -> None:
    """A log that stays on its machine is lost with it.

    A request's line is found in the store in time, with level, time and id.
    """
    sound(logs.arriving())

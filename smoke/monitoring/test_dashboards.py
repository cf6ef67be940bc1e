"""What the team looks at during the cutover shows something."""

from __future__ import annotations

import pytest

from cutover.matchers import sound
from cutover.telemetry.signals.dashboards import Dashboards

pytestmark = pytest.mark.plan("dashboards-verified")


def test_the_dashboards_show_data(dashboards: Dashboards) -> None:
    """An empty panel at 2 a.m. says nothing.

    Each dashboard is there, and every query of its panels finds data.
    """
    sound(dashboards.showing())

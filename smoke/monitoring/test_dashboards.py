"""What the team looks at during the cutover shows something."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.observability.dashboards.assessments import DashboardAssessments

pytestmark = pytest.mark.plan("dashboards-verified")


def test_the_dashboards_show_data(dashboards: DashboardAssessments) -> None:
    """An empty panel at 2 a.m. says nothing.

    Each dashboard is there, and every query of its panels finds data.
    """
    assert_passed(dashboards.assess_dashboards())

"""Checks of the dashboards that the team watches during the cutover."""

from __future__ import annotations

import pytest

from cutover_gates.hospital.matchers import assert_passed
from cutover_gates.probes.observability.dashboards.assessments import DashboardAssessments

pytestmark = pytest.mark.plan("dashboards-verified")


def test_the_dashboards_show_data(dashboards: DashboardAssessments) -> None:
    """Every dashboard exists, and every query of its panels finds data.

    An empty panel looks like a quiet system.
    """
    assert_passed(dashboards.assess_dashboards())

"""Limits of wall time grow with the machine, and never shrink."""

from __future__ import annotations

import os

import pytest

from tests import calibration


@pytest.mark.parametrize(
    ("speed", "load", "factor"),
    [(0.5, 0.1, 1.0), (1.5, 0.1, 1.5), (1.0, 2.5, 2.5), (9.0, 0.1, 4.0), (1.0, 30.0, 4.0)],
    ids=["fast", "slow", "busy", "very slow", "very busy"],
)
def test_a_limit_is_scaled_by_speed_or_load_up_to_four_times(
    speed: float, load: float, factor: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(calibration.VARIABLE, str(speed))
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(os, "getloadavg", lambda: (2 * load, 0.0, 0.0))
    assert calibration.scale_seconds(10.0) == pytest.approx(10.0 * factor)
    assert calibration.scale_seconds(10.0, most=1.2) <= 12.0

"""The base of faults that keep a metric, a log line, an alert or a dashboard from telling the truth."""

from __future__ import annotations

from tests.faults.fault import Fault


class ObservabilityFault(Fault):
    """A fault that the one check `check` must catch.

    `outcome` is "not proven" where nothing is known to be wrong, but nothing is proven either.
    """

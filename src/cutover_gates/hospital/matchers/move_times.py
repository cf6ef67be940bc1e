"""The matcher of the times of a visit: each move has the time at which it was made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta

from cutover_gates.core.findings import THIS_CHECK, Finding, FindingsError
from cutover_gates.hospital.values import Visit

ROUNDING = timedelta(seconds=1)
"""By how much two answers may round one time differently."""


def assert_times(visit: Visit, began: datetime, ended: datetime, clock_skew: timedelta) -> None:
    """Assert that each time that the visit tells lies between the two moments.

    `clock_skew` is by how much the target's clock may differ. A time that is not told is not
    judged.
    """
    earliest, latest = began - clock_skew, ended + clock_skew
    expected = f"between {earliest:%H:%M:%S} and {latest:%H:%M:%S} UTC"
    findings = [
        Finding(THIS_CHECK, name, expected, f"{moment:%Y-%m-%d %H:%M:%S %Z}")
        for name, moment in _list_times(visit)
        if not earliest <= moment <= latest
    ]
    if findings:
        raise FindingsError(*findings)


def assert_times_kept(before: Visit, after: Visit) -> None:
    """Assert that each time that was told before is told as before."""
    times = asdict(after.times)
    findings = [
        Finding(THIS_CHECK, name, f"as before: {moment}", f"{times[name] or 'no time'}")
        for name, moment in _list_times(before)
        if times[name] is None or abs(times[name] - moment) > ROUNDING
    ]
    if findings:
        raise FindingsError(*findings)


def _list_times(visit: Visit) -> Iterator[tuple[str, datetime]]:
    return (pair for pair in asdict(visit.times).items() if pair[1] is not None)

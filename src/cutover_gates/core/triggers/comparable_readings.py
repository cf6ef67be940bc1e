"""What a reader must ask of a series before its counts are a reading; else they are unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def find_unusable_series(
    series: Sequence[Mapping[str, str]], label: str, release: str
) -> str | None:
    """Return why the series that a query found do not stand for one release; None: they do.

    `series` are their labels. Where there are several, the last one would be judged by chance. A
    release that is not in the label matches `.*` as well.
    """
    if not series:
        return f"the query found no series of {label}={release}"
    if len(series) > 1:
        return f"the query found {len(series)} series, expected one of {label}={release}"
    found = series[0].get(label, "")
    if not found:
        return f"the series has no label {label}"
    return None if found == release else f"the series is of {label}={found}, not of {release}"


def find_other_release(answered: str | None, release: str) -> str | None:
    """Return why an answer is not one of the new release; None: it is."""
    if answered is None:
        return "the answer names no release"
    return None if answered == release else f"release {answered} answered, not {release}"

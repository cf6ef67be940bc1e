"""Which release the instances of a source are of, and why that cannot be told."""

from __future__ import annotations

from collections.abc import Mapping

from cutover_gates.core.triggers.comparable_readings import find_unusable_series


def find_unusable_release(
    releases: Mapping[str, str | None], label: str, release: str
) -> str | None:
    """Return why the counts of a release are not known; None: they are.

    `releases`: what each instance carries in `label`; empty where the label is absent or empty,
    None where it has shown nothing yet. One instance without the label makes the release unknown:
    it may be of it.
    """
    told = {name: found for name, found in releases.items() if found is not None}
    unlabelled = sorted(name for name, found in told.items() if not found)
    if unlabelled:
        why = find_unusable_series([{label: ""}], label, release)
        return f"{why} ({', '.join(unlabelled)})"
    if release in told.values():
        return None
    return find_unusable_series([{label: each} for each in set(told.values())], label, release)


def find_doubled(jobs: Mapping[str, set[str]]) -> str | None:
    """Return which instance is scraped by several jobs: each request would count twice."""
    for name, several in sorted(jobs.items()):
        if len(several) > 1:
            found = ", ".join(sorted(several))
            return f"{name} is scraped by {len(several)} jobs ({found}): name one of them"
    return None

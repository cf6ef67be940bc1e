"""The metrics by which a target tells its figures, as the settings name them: `name` or
`name{label="value"}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from cutover.settings import Resources, SettingsError

SECTION = "performance.resources"
COUNTED = frozenset({"cpu_seconds", "pool_timeouts"})


@dataclass(frozen=True)
class Metric:
    """`figure` is what it tells, `key` where in the settings it is named, `text` how."""

    figure: str
    key: str
    text: str
    name: str
    labels: Mapping[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """Its name; a counter's also with or without `_total`, for both are in use."""
        if self.figure not in COUNTED:
            return (self.name,)
        return (
            self.name,
            (
                self.name.removesuffix("_total")
                if self.name.endswith("_total")
                else f"{self.name}_total"
            ),
        )

    def absent(self, where: str) -> str:
        """Why the figure is missing, and what would mend it."""
        return f"{where} tells no {self.text}; name what it tells in {self.key}"


def metrics_of(resources: Resources) -> tuple[Metric, ...]:
    """What is asked for: one metric for each figure that is told by metrics.

    Raises `SettingsError` for what is no metric.
    """
    pool = resources.pool
    named = {
        "cpu_seconds": ("cpu", resources.cpu),
        "memory": ("memory", resources.memory),
        "pool_in_use": ("pool.in_use", pool.in_use),
        "pool_max": ("pool.maximum", pool.maximum),
        "pool_waiting": ("pool.waiting", pool.waiting),
        "pool_timeouts": ("pool.timeouts", pool.timeouts),
    }
    return tuple(_metric(figure, f"{SECTION}.{key}", text) for figure, (key, text) in named.items())


def _metric(figure: str, key: str, text: str) -> Metric:
    try:  # a line of the text format is read as such a line, so that both have one grammar
        (sample,) = [
            sample
            for family in text_string_to_metric_families(f"{text.strip()} 1\n")
            for sample in family.samples
        ]
    except (ValueError, IndexError):
        sample = None
    if sample is None or sample.value != 1 or sample.timestamp is not None:
        raise SettingsError(f'{key} = {text!r} is no metric: write name or name{{label="value"}}')
    return Metric(figure, key, text.strip(), sample.name, dict(sample.labels))

"""Samples of recorded series, one for each scrape, as promtool reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Samples = list[float | None]


@dataclass
class SampledSeries:
    """Series that grow by what is added; `scrape`: seconds from one sample to the next.

    A gap is a sample that is not there. What was counted meanwhile is in the next sample.
    """

    scrape: float
    end: float = 0.0
    totals: dict[str, float] = field(default_factory=dict)
    samples: dict[str, Samples] = field(default_factory=dict)

    def count(self, increments: Mapping[str, float], seconds: float, *, seen: bool = True) -> None:
        """Add seconds in which counters grow evenly."""
        self.totals = {**dict.fromkeys(increments, 0.0), **self.totals}
        for moment in self._list_moments(seconds):
            share = (moment - self.end) / seconds
            for name, increment in increments.items():
                self._add(name, self.totals[name] + share * increment, seen)
        for name, increment in increments.items():
            self.totals[name] += increment
        self.end += seconds

    def hold(self, values: Mapping[str, float], seconds: float, *, seen: bool = True) -> None:
        """Add seconds in which gauges have these values."""
        for _ in self._list_moments(seconds):
            for name, value in values.items():
                self._add(name, value, seen)
        self.end += seconds

    def _list_moments(self, seconds: float) -> list[float]:
        # Half a millisecond: sums of scrapes are not exact.
        first = int((self.end + 5e-4) / self.scrape) + 1
        last = int((self.end + seconds + 5e-4) / self.scrape)
        return [number * self.scrape for number in range(first, last + 1)]

    def _add(self, name: str, value: float, seen: bool) -> None:
        # The first sample of all is at the moment 0: a counter begins there.
        samples = self.samples.setdefault(name, [value if name not in self.totals else 0.0])
        samples.append(value if seen else None)


def format_samples(samples: Samples) -> str:
    """Return samples as promtool writes them; `_` is none."""
    return " ".join("_" if value is None else f"{value:.10g}" for value in samples)

"""Does Prometheus see every instance, is each declared metric there, and does it move when somebody
works with the target?
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from cutover.evidence import Examination
from cutover.settings import Monitoring
from cutover.telemetry.abreast import abreast
from cutover.telemetry.signals.matching import Matcher, all_hold, of_text
from cutover.telemetry.signals.moving import Round, one_round
from cutover.telemetry.signals.prometheus import Prometheus
from cutover.telemetry.signals.promql import narrowed
from cutover.telemetry.signals.seen import Record, Seen, examined

TABLE = "monitoring"
ROUNDS = 3
"""A quiet target's counter is looked at as often, should others have asked meanwhile."""


@dataclass(frozen=True)
class Metrics:
    """`move(n)` sends `n` searches and gives how many were answered.

    `target` is the name under `[targets]`. `alone`: nobody else of this run asks meanwhile.
    """

    settings: Monitoring
    prometheus: Prometheus | None
    move: Callable[[int], int]
    target: str
    alone: bool = True
    record: Record = field(default=lambda _examination: None, repr=False)

    def targets(self) -> Examination:
        """Is every declared instance scraped, well, and just now?"""
        return examined(
            self._seen("metrics: targets", "monitoring-configured", "metrics-reporting"),
            self.record,
            self._targets,
        )

    def there(self) -> Examination:
        """Is each declared metric there, of each instance, and fresh?"""
        return examined(
            self._seen("metrics: there and fresh", "metrics-reporting"), self.record, self._there
        )

    def moving(self) -> Examination:
        """Does each counter grow with requests that the run makes, and the counter of requests by
        as much as were made?
        """
        return examined(
            self._seen("metrics: moving", "metrics-reporting"), self.record, self._moving
        )

    def _seen(self, title: str, *items: str) -> Seen:
        return Seen(title, self.target, items)

    def _asked(self, seen: Seen) -> Prometheus | None:
        if self.prometheus is None or not self.settings.targets:
            seen.undeclared(
                TABLE,
                "prometheus and targets",
                "which Prometheus scrapes the target, and which instances it must see",
            )
            return None
        return self.prometheus

    @property
    def _up(self) -> str:
        return narrowed("up", self.settings.labels)

    # ── every instance is scraped ──

    def _targets(self, seen: Seen) -> None:
        if (prometheus := self._asked(seen)) is None:
            return
        now, scraped, up, ours = (
            prometheus.now(),
            prometheus.targets(),
            self._up,
            list(of_text(self.settings.labels)),
        )
        moments = {
            sample.labels.get("instance", ""): sample.value
            for sample in prometheus.query(f"timestamp({up})")
        }
        values = {
            sample.labels.get("instance", ""): sample.value for sample in prometheus.query(up)
        }
        for instance in self.settings.targets:
            named = [
                target
                for target in scraped
                if all_hold([*ours, Matcher("instance", instance)], target.get("labels", {}))
            ]
            wrong = (
                _unscraped(named, prometheus)
                or self._stale(moments.get(instance), now)
                or _down(values.get(instance), up, prometheus)
            )
            if wrong:
                seen.findings.append(f"instance {instance!r}: {wrong}")
            else:
                seen.examined.append(f"instance {instance}")
        seen.facts["seconds since the last scrape"] = {
            name: round(now - at, 1) for name, at in moments.items()
        }

    def _stale(self, at: float | None, now: float) -> str:
        limit = self.settings.scrape_seconds
        if at is None:
            return (
                f"expected a series up with {self.settings.labels or 'this instance'}, came none:"
                " do monitoring.labels belong to it?"
            )
        return (
            f"expected a sample of the last {limit:g} s, came one that is {now - at:.0f} s old"
            if now - at > limit
            else ""
        )

    # ── every metric is there ──

    def _there(self, seen: Seen) -> None:
        declared = self.settings.metrics
        if (prometheus := self._asked(seen)) is None:
            return
        wanted = {
            *declared.present,
            *(_bare(one) for one in (declared.requests, *declared.moving) if one),
        }
        if not wanted:
            seen.undeclared(
                f"{TABLE}.metrics",
                "requests, moving and present",
                "which metrics the target must have",
            )
            return
        now = prometheus.now()
        names = sorted(wanted)
        found = abreast(
            [
                partial(prometheus.query, f"timestamp({narrowed(one, self.settings.labels)})", now)
                for one in names
            ]
        )
        for selector, samples in zip(names, found, strict=True):
            moments: dict[str, float] = {}
            for sample in samples:
                instance = sample.labels.get("instance", "")
                moments[instance] = max(moments.get(instance, 0.0), sample.value)
            self._present(seen, selector, moments, now, prometheus)

    def _present(
        self,
        seen: Seen,
        selector: str,
        moments: Mapping[str, float],
        now: float,
        prometheus: Prometheus,
    ) -> None:
        """A metric without instances is one that Prometheus itself has made of others, or that a
        gateway passes on.
        """
        wanted = self.settings.targets if any(moments) or not moments else ("",)
        whole = True
        for instance in wanted:
            of = f"of instance {instance!r}" if instance else "in all"
            if instance not in moments:
                seen.findings.append(
                    f"metric {selector}: expected a series {of}, came none; "
                    f"{prometheus.shown(narrowed(selector, self.settings.labels))}"
                )
            elif wrong := self._stale(moments[instance], now):
                seen.findings.append(f"metric {selector} {of}: {wrong}")
            else:
                continue
            whole = False
        if whole:
            seen.examined.append(f"metric {selector}")

    # ── and moves ──

    def _moving(self, seen: Seen) -> None:
        declared = self.settings.metrics
        if (prometheus := self._asked(seen)) is None:
            return
        if not declared.requests:
            seen.undeclared(
                f"{TABLE}.metrics", "requests", "which metric counts the target's requests"
            )
            return
        for number in range(ROUNDS):
            round_ = one_round(self.settings, prometheus, self.move)
            if round_ is None:
                seen.findings.append(
                    "expected a new sample of every instance within"
                    f" {self.settings.scrape_seconds:g} s, came none: nothing is scraped any more;"
                    f" {prometheus.shown(f'timestamp({self._up})')}"
                )
                return
            if (
                round_.grown(declared.requests) <= round_.sent
                or not (declared.quiet and self.alone)
                or number == ROUNDS - 1
            ):
                self._judge(seen, round_, prometheus)
                return

    def _judge(self, seen: Seen, round_: Round, prometheus: Prometheus) -> None:
        declared = self.settings.metrics
        seen.facts |= {
            "searches sent": round_.sent,
            "growth": {name: round_.grown(name) for name in round_.before},
        }
        for name in round_.before:
            grown, exact = round_.grown(name), name == declared.requests
            wanted = (
                f"by {round_.sent}, as many as were sent"
                if exact
                else "with the searches that were sent"
            )
            shown = f"{prometheus.shown(f'sum({narrowed(name, self.settings.labels)})')}"
            if round_.sent == 0:
                seen.unproven.append("no search was answered, so nothing could move")
            elif grown < 0:
                seen.unproven.append(
                    f"{name} fell by {-grown:g} while it was looked at: an instance began anew; run"
                    " this again"
                )
            elif grown == 0:
                seen.findings.append(
                    f"{name}: expected to grow {wanted}, came the same value as before"
                    f" ({round_.after[name]:g}): it is frozen, or counts something else; {shown}"
                )
            elif exact and grown < round_.sent:
                seen.findings.append(
                    f"{name}: expected to grow {wanted}, grew by {grown:g}: an instance is missing,"
                    f" or it does not count all; {shown}"
                )
            elif exact and declared.quiet and self.alone and grown > round_.sent:
                seen.findings.append(
                    f"{name}: expected to grow {wanted}, grew by {grown:g}, and nobody else asks:"
                    f" something is counted more than once; {shown}"
                )
            else:
                seen.examined.append(f"{name} grew by {grown:g}")


def _bare(selector: str) -> str:
    """The metric's name: of one instance a status or a route may not have been met yet."""
    return selector.partition("{")[0].strip() or selector


def _unscraped(named: list[Mapping[str, object]], prometheus: Prometheus) -> str:
    where = prometheus.service.shown("/api/v1/targets")
    if not named:
        return (
            "expected among what Prometheus scrapes, and it is not there; curl -s"
            f" '{where}?state=active'"
        )
    ill = next((target for target in named if target.get("health") != "up"), None)
    if ill is None:
        return ""
    if ill.get("health") == "unknown" and _year(ill.get("lastScrape")) < 2000:
        return f"Prometheus has not scraped it yet; curl -s '{where}?state=active'"
    return (
        f"expected up, came {ill.get('health')}:"
        f" {prometheus.service.masked(ill.get('lastError') or 'no reason')}; curl -s"
        f" '{where}?state=active'"
    )


def _year(moment: object) -> int:
    try:
        return datetime.fromisoformat(str(moment)[:19]).year
    except ValueError:
        return 0


def _down(value: float | None, up: str, prometheus: Prometheus) -> str:
    return "" if value == 1 else f"expected up = 1, came {value}; {prometheus.shown(up)}"

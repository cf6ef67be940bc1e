"""Simulated rollouts: what a watcher would have recorded of two releases behind one balancer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from cutover_gates.core.rollout.rollout_step import RolloutStep
from cutover_gates.probes.rollout.rollout_record import ReleaseAnswer, RolloutRecord

NEW, OLD = "2.0.0", "1.9.0"
BEGINS = 1_800_000_000.0
PATHS: Mapping[str, float] = {
    "read": 10.0,
    "write": 4.0,
    "search": 2.0,
    "new-connection": 1.0,
    "download": 1.0,
    "sign-in": 0.2,
    "visit": 0.2,
}
"""The probes a second of each path."""
DWELL = {10: 600.0, 50: 900.0, 100: 1800.0}
Random = np.random.Generator
Dealer = Callable[[Random, float, str, str], bool]
"""Returns whether the new release gets a request: of a moment, an operation and a session."""
Change = Callable[[Random, ReleaseAnswer], ReleaseAnswer]
"""Returns an answer as the hazard has it."""


def deal_by_chance(share: float) -> Dealer:
    """Return a balancer that draws each request anew."""
    return lambda random, _at, _operation, _session: bool(random.random() < share)


def keep(_random: Random, one: ReleaseAnswer) -> ReleaseAnswer:
    """Return an answer as it is."""
    return one


def fail(one: ReleaseAnswer, why: str = "wrong status: 500") -> ReleaseAnswer:
    """Return an answer as a failure."""
    return replace(one, is_error=True, is_timed=False, why=why)


def failing(share: float, *, release: str = NEW, **only: str) -> Change:
    """Return a hazard: a release fails this share of the answers, of one operation or session."""

    def change(random: Random, one: ReleaseAnswer) -> ReleaseAnswer:
        chosen = one.release == release and all(
            getattr(one, name) == value for name, value in only.items()
        )
        return fail(one) if chosen and random.random() < share else one

    return change


def slower(factor: float, share: float = 1.0, *, release: str = NEW) -> Change:
    """Return a hazard: this share of a release's answers takes so many times as long."""

    def change(random: Random, one: ReleaseAnswer) -> ReleaseAnswer:
        chosen = one.release == release and random.random() < share
        return replace(one, took=one.took * factor) if chosen else one

    return change


@dataclass
class SimulatedRollout:
    """A rollout step by step. `change` is what is wrong, `deal` how the balancer deals."""

    percents: Sequence[int] = (10,)
    change: Change = keep
    deal: Dealer | None = None
    seed: int = 1
    rate: float = 1.0
    errors: float = 0.0005
    before: float = 120.0
    more: Mapping[str, Any] = field(default_factory=dict)

    def make(self) -> RolloutRecord:
        """Return its record."""
        self.random = np.random.default_rng(self.seed)
        at, steps = BEGINS, []
        for percent in self.percents:
            steps.append(RolloutStep(percent, at, at + DWELL[percent]))
            at += DWELL[percent] + 20
        answers = list(self._ask(BEGINS - self.before, BEGINS, lambda *_: False))
        for step in steps:
            deal = self.deal or deal_by_chance(step.percent / 100)
            answers += self._ask(step.begins, step.ends or step.begins, deal)
        answers.sort(key=lambda one: one.at)
        record = RolloutRecord(answers, steps, NEW, OLD, operations=sorted(PATHS))
        return replace(record, **self.more)

    def _ask(self, begins: float, ends: float, deal: Dealer) -> Iterator[ReleaseAnswer]:
        for path, rate in PATHS.items():
            count = self.random.poisson(rate * self.rate * (ends - begins))
            for at in np.sort(self.random.uniform(begins, ends, count)):
                yield self.change(self.random, self._answer(float(at), path, deal))

    def _answer(self, at: float, path: str, deal: Dealer) -> ReleaseAnswer:
        session = "registrar" if self.random.random() < 0.5 else "clinician"
        release = NEW if deal(self.random, at, path, session) else OLD
        took = float(self.random.lognormal(np.log(0.02), 0.6))
        one = ReleaseAnswer(
            at,
            took,
            path,
            release,
            instance=f"{release}-a",
            session=session,
            is_fresh=path == "new-connection",
        )
        return fail(one) if self.random.random() < self.errors else one

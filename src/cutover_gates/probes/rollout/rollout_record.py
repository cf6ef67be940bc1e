"""What is known of a rollout: the answers of both releases, the steps, and what voids them.

An answer names its release. A failure often names none: nobody answered, or the proxy did. Then its
instance tells, where that is known. What still has no release is nobody's: it is never left out of
a proof, and never blamed on the new release.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from cutover_gates.core.rollout.rollout_step import RolloutStep

Interval = tuple[float, float]


@dataclass(frozen=True)
class ReleaseAnswer:
    """One answer, or what came instead of it. Times are seconds, `at` since 1970.

    `release` is what it named; empty: nothing. `is_error`: it failed, or was wrong. `is_timed`: its
    time is that of an answer. `is_fresh`: over a connection that was opened for it. `is_pinned`: it
    was sent to the new release on purpose, so it tells nothing of the share. `is_extra`: it only
    fills up what the step must prove. `session`: who asked.
    """

    at: float
    took: float
    operation: str
    release: str
    is_error: bool = False
    is_timed: bool = True
    instance: str = ""
    session: str = ""
    why: str = ""
    is_fresh: bool = False
    is_pinned: bool = False
    is_extra: bool = False


@dataclass(frozen=True)
class CountedSeries:
    """Counts of both releases that another source made, interval by interval.

    `kind` is `errors` or `slow`. Each row is: end of the interval, answers of the new release, bad
    ones, answers of the old one, bad ones.
    """

    source: str
    kind: str
    operation: str
    rows: Sequence[tuple[float, int, int, int, int]]


@dataclass(frozen=True)
class ReadyPods:
    """The ready pods of each release, as the deployment tells; `at` is the moment."""

    at: float
    new: int
    old: int


@dataclass(frozen=True)
class ToldWeight:
    """The weight of the new release out of `total`, as a route or a proxy tells after the step.

    `source` says which. `problem` is why there is none; then both are 0.
    """

    source: str
    new: float = 0.0
    total: float = 0.0
    problem: str = ""


@dataclass(frozen=True)
class RolloutRecord:
    """A rollout up to the step under judgement, which is the last of `steps` and has ended.

    `new` and `old` are the releases; `old` is None where it is not declared. `unwatched` are the
    intervals in which no watcher ran. `digests` are the images of the new release, each with the
    moment at which it was seen. `operations` are the paths that the watcher asks. `kind` is that of
    the settings: canary, rolling or blue-green. `thresholds` are response times of before the
    rollout that the latency is compared above, by operation. `weights` is what the declared sources
    told; empty where none is declared.
    """

    answers: Sequence[ReleaseAnswer]
    steps: Sequence[RolloutStep]
    new: str
    old: str | None = None
    unwatched: Sequence[Interval] = ()
    digests: Sequence[tuple[float, str]] = ()
    operations: Sequence[str] = ()
    series: Sequence[CountedSeries] = ()
    ready_pods: Sequence[ReadyPods] = ()
    kind: str = "canary"
    thresholds: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    weights: Sequence[ToldWeight] = ()

    @property
    def step(self) -> RolloutStep:
        """The step under judgement."""
        return self.steps[-1]

    @property
    def interval(self) -> Interval:
        """The beginning and the end of the step under judgement."""
        return interval_of(self.step)

    @cached_property
    def told_answers(self) -> Sequence[ReleaseAnswer]:
        """The answers, with the release of the instance where they name none themselves."""
        known: dict[str, set[str]] = {}
        for one in self.answers:
            if one.instance and one.release:
                known.setdefault(one.instance, set()).add(one.release)
        sure = {name: min(releases) for name, releases in known.items() if len(releases) == 1}
        return [
            one if one.release else replace(one, release=sure.get(one.instance, ""))
            for one in self.answers
        ]

    @cached_property
    def old_release(self) -> str | None:
        """The release before: the declared one, else the only other one that answered."""
        if self.old is not None:
            return self.old
        others = self._count_releases() - Counter({self.new: len(self.answers)})
        return next(iter(others)) if len(others) == 1 else None

    @cached_property
    def strangers(self) -> Mapping[str, int]:
        """The releases that are neither of the two, with the numbers of their answers."""
        counted = self._count_releases()
        return {
            name: count
            for name, count in counted.items()
            if name not in (self.new, self.old_release)
        }

    def _count_releases(self) -> Counter[str]:
        within = [one for step in self.steps for one in self.answers_of_step(step)]
        return Counter(one.release for one in within if one.release)

    @cached_property
    def image_changes(self) -> Sequence[tuple[float, str, str]]:
        """The moments at which another image of the new release was seen, with both digests.

        Of changes before the first step nothing is told.
        """
        pairs = zip(self.digests, self.digests[1:], strict=False)
        begins = self.steps[0].begins
        return [(at, was, now) for (_, was), (at, now) in pairs if was != now and at > begins]

    @property
    def evidence_begins(self) -> float:
        """The moment since which the image is the same: what was before is of another one.

        Where nobody tells the image, a rollout that began again may have another: a step that is
        no larger than the one before begins anew.
        """
        changes = [at for at, _, _ in self.image_changes]
        if not self.digests:
            pairs = zip(self.steps, self.steps[1:], strict=False)
            changes = [step.begins for last, step in pairs if step.percent <= last.percent]
        return max([self.steps[0].begins, *changes])

    def answers_of_step(self, step: RolloutStep) -> list[ReleaseAnswer]:
        """Return the answers that began within a step."""
        begins, ends = interval_of(step)
        return [one for one in self.told_answers if begins <= one.at < ends]

    def answers_as_evidence(self) -> list[ReleaseAnswer]:
        """Return the answers of all steps, of this image only."""
        kept = [one for step in self.steps for one in self.answers_of_step(step)]
        return sorted(
            (one for one in kept if one.at >= self.evidence_begins), key=lambda one: one.at
        )


def interval_of(step: RolloutStep) -> Interval:
    """Return the beginning and the end of a step; of a live one the end is open."""
    return step.begins, float("inf") if step.ends is None else step.ends

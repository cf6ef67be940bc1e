"""Records that one release wrote: they are read, and their requests repeated, through the other.

The release that answered a request stands in its answer (`limits.release_header`). The watcher
keeps what it registered, with that name, and asks for it again all through the cutover. So what the
release before made is read by the new one, and the other way round where both serve.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import SystemRandom
from threading import Lock

from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.hospital import Patient, PatientDraft
from cutover_gates.watch import rules
from cutover_gates.watch.probe_results import Crossing, PathProbe, ProbeOutcome
from cutover_gates.watch.time_spans import format_moment

PATH = "across-releases"
READ, REPEATED, SESSION = "read", "repeated", "session"
"""What crossed: a record that is read, a registration that is repeated, a session that is used."""
REQUIRED = (READ, REPEATED)
FIRST, NEWEST = 3, 20
LOWEST_SERVER_ERROR = 500


@dataclass(frozen=True)
class Registration:
    """A patient of the watcher's own, the request that made it, and the release that answered."""

    patient: Patient
    draft: PatientDraft
    key: str
    release: str


@dataclass
class Registrations:
    """The first registrations of a watch, from before the cutover, and the newest."""

    first: list[Registration] = field(default_factory=list)
    newest: deque[Registration] = field(default_factory=lambda: deque(maxlen=NEWEST))
    random: SystemRandom = field(default_factory=SystemRandom)
    _lock: Lock = field(default_factory=Lock)

    def add(self, registration: Registration) -> None:
        """Keep a registration."""
        with self._lock:
            kept = self.first if len(self.first) < FIRST else self.newest
            kept.append(registration)

    def choose(self) -> Registration:
        """Return one by chance: as often one of the first as one of the newest."""
        with self._lock:
            pools = [list(pool) for pool in (self.first, self.newest) if pool]
        return self.random.choice(self.random.choice(pools))


def assess_crossings(results: Sequence[PathProbe], *, repeats: bool) -> AssessmentBuilder:
    """Return whether each release understood what the other had made.

    Without two releases in the answers there was nothing to cross, and nothing is judged.
    `repeats`: the target knows a repeated registration by its key.
    """
    builder, releases = AssessmentBuilder(), _list_releases(results)
    for result in results:
        _add_failure(builder, result)
    crossed = _count_crossings(results)
    if len(releases) > 1:
        _require_crossings(builder, releases, crossed, repeats=repeats)
    builder.figures = {
        "releases": releases,
        "crossed": {str(one): count for one, count in sorted(crossed.items())},
    }
    if not releases:
        builder.figures["not shown"] = "the answers name no release (limits.release_header)"
    return builder


def _list_releases(results: Sequence[PathProbe]) -> list[str]:
    """Return the releases of good answers, in the order in which they came."""
    named = (result.release for result in results if result.outcome is ProbeOutcome.OK)
    return [release for release in dict.fromkeys(named) if release]


def _count_crossings(results: Sequence[PathProbe]) -> Counter[Crossing]:
    good = (result for result in results if result.outcome is ProbeOutcome.OK)
    return Counter(one for result in good for one in result.crossings if one.is_between_releases)


def _add_failure(builder: AssessmentBuilder, result: PathProbe) -> None:
    """Add a finding where the last crossing of a probe was answered, and answered wrongly."""
    last = result.crossings[-1] if result.crossings else None
    is_wrong = result.outcome is ProbeOutcome.WRONG_CONTENT or (
        # A server error is one of any request: the checks of gaps and failures count it.
        result.outcome is ProbeOutcome.WRONG_STATUS and result.status < LOWEST_SERVER_ERROR
    )
    if last is not None and last.is_between_releases and is_wrong:
        builder.add_finding(
            rules.UNDERSTOOD_ACROSS_RELEASES,
            last.kind,
            expected=f"{last.answered_by} understands what {last.made_by} made",
            actual=f"{result.why} at {format_moment(result.started)}",
        )


def _require_crossings(
    builder: AssessmentBuilder,
    releases: Sequence[str],
    crossed: Counter[Crossing],
    *,
    repeats: bool,
) -> None:
    """Add a gap for each kind that was never carried from the first release to another one."""
    old = releases[0]
    for new in releases[1:]:
        for kind in REQUIRED if repeats else (READ,):
            one = Crossing(kind, old, new)
            builder.checked += [str(one)] if crossed[one] else []
            if not crossed[one]:
                reason = f"{new} was never asked for what {old} had made"
                builder.add_gap(rules.UNDERSTOOD_ACROSS_RELEASES, kind, reason)

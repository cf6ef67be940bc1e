"""What the questions to the way have in common: where they look, what came of it, and a bound on
each look.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.util.concurrency import run_concurrently
from cutover_gates.util.http import SourceUnavailable

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True)
class NetworkContext:
    """Whose way it is, what its settings declare `unsupported`, and where examinations are left.

    `absent`: what an embedded target should have brought along and could not, a sentence each.
    """

    target: str
    declared: Mapping[str, str] = field(default_factory=dict)
    absent: Iterable[str] = ()
    record: Callable[[Assessment], None] = field(default=lambda _examination: None, repr=False)

    def format_undeclared_key(self, table: str, key: str, item: str, what: str) -> str:
        """The sentence for what nobody has declared."""
        if self.absent:
            return f"{what}, for {'; '.join(self.absent)}"
        return (
            f"{what}: set {key} in [targets.{self.target}.infrastructure.{table}], or say in"
            f" [targets.{self.target}.not_applicable] why there is "
            f'none: {item} = "…"'
        )


@dataclass
class NetworkAssessmentBuilder(AssessmentBuilder):
    """What came of looking at many things."""

    title: str

    def add_result(self, thing: str, findings: Iterable[str]) -> None:
        """The thing was looked at to its end, and this is wrong with it."""
        self.checked.append(thing)
        self.findings.extend(findings)

    def build_and_record(self, context: NetworkContext) -> Assessment:
        """As the checks take it, and left in the evidence."""
        examination = self.build(self.title)
        context.record(examination)
        return examination


def query_all(
    things: Iterable[K], look: Callable[[K], V], seconds: float
) -> dict[K, V | SourceUnavailable]:
    """What the look at each thing gives; all at the same time.

    Where a look takes longer than `seconds`, or is silent, it gives why.
    """
    these = list(dict.fromkeys(things))
    return dict(
        zip(
            these,
            run_concurrently(
                partial(_result_or_error, partial(look, thing), seconds) for thing in these
            ),
            strict=True,
        )
    )


def run_with_timeout(seconds: float, look: Callable[[], V]) -> V:
    """What the look gives.

    Raises what it raises, and `TelemetrySilent` when it takes longer: its thread is then left
    behind and ends by itself.
    """
    came: list[tuple[V | None, BaseException | None]] = []

    def run() -> None:
        try:
            came.append((look(), None))
        except BaseException as error:  # whatever it is, it is raised where it was asked for
            came.append((None, error))

    thread = threading.Thread(target=run, daemon=True, name="look")
    thread.start()
    thread.join(seconds)
    if not came:
        raise SourceUnavailable(f"no answer within {seconds:g} s")
    value, error = came[0]
    if error is not None:
        raise error
    return value  # type: ignore[return-value]  # without an error it is what the look gave


def _result_or_error(look: Callable[[], V], seconds: float) -> V | SourceUnavailable:
    try:
        return run_with_timeout(seconds, look)
    except SourceUnavailable as silent:
        return silent

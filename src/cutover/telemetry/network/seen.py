"""What the questions to the way have in common: where they look, what came of it, and a bound on
each look.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from cutover.evidence import Examination, Gathered
from cutover.telemetry.abreast import abreast
from cutover.telemetry.looks import TelemetrySilent

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True)
class Context:
    """Whose way it is, what its settings declare `unsupported`, and where examinations are left.

    `absent`: what an embedded target should have brought along and could not, a sentence each.
    """

    target: str
    declared: Mapping[str, str] = field(default_factory=dict)
    absent: Iterable[str] = ()
    record: Callable[[Examination], None] = field(default=lambda _examination: None, repr=False)

    def missing(self, table: str, key: str, item: str, what: str) -> str:
        """The sentence for what nobody has declared."""
        if self.absent:
            return f"{what}, for {'; '.join(self.absent)}"
        return (
            f"{what}: set {key} in [targets.{self.target}.infrastructure.{table}], or say in"
            f" [targets.{self.target}.not_applicable] why there is "
            f'none: {item} = "…"'
        )


@dataclass
class Seen(Gathered):
    """What came of looking at many things."""

    title: str

    def judge(self, thing: str, findings: Iterable[str]) -> None:
        """The thing was looked at to its end, and this is wrong with it."""
        self.examined.append(thing)
        self.findings.extend(findings)

    def told(self, context: Context) -> Examination:
        """As the checks take it, and left in the evidence."""
        examination = self.examination(self.title)
        context.record(examination)
        return examination


def look_at_all(
    things: Iterable[K], look: Callable[[K], V], seconds: float
) -> dict[K, V | TelemetrySilent]:
    """What the look at each thing gives; all at the same time.

    Where a look takes longer than `seconds`, or is silent, it gives why.
    """
    these = list(dict.fromkeys(things))
    return dict(
        zip(
            these,
            abreast(partial(_answered, partial(look, thing), seconds) for thing in these),
            strict=True,
        )
    )


def within(seconds: float, look: Callable[[], V]) -> V:
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
        raise TelemetrySilent(f"no answer within {seconds:g} s")
    value, error = came[0]
    if error is not None:
        raise error
    return value  # type: ignore[return-value]  # without an error it is what the look gave


def _answered(look: Callable[[], V], seconds: float) -> V | TelemetrySilent:
    try:
        return within(seconds, look)
    except TelemetrySilent as silent:
        return silent

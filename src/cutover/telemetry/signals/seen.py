"""What a question gathers while it is put, and the examination that comes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cutover.evidence import Examination, Gathered
from cutover.evidence.examination import NotProven
from cutover.telemetry.looks import TelemetrySilent

Record = Callable[[Examination], None]


@dataclass
class Seen(Gathered):
    """Filled in the course of a question.

    `target` (under `[targets]`) and `items` (of the plan) are for the sentence on what is not
    declared.
    """

    title: str
    target: str = ""
    items: tuple[str, ...] = ()

    def undeclared(self, table: str, keys: str, what: str) -> None:
        """Nothing says where `what` is: how to say it, or that there is none."""
        reasons = ", ".join(f'{item} = "…"' for item in self.items)
        self.unproven.append(
            f"nobody says {what}: set {keys} in [targets.{self.target}.{table}], or give the reason"
            f" why there is none in [targets.{self.target}.not_applicable]: {reasons}"
        )


def examined(seen: Seen, record: Record, look: Callable[[Seen], None]) -> Examination:
    """What `look` fills in.

    A service that is silent leaves the question open, whatever was found before stands.
    """
    try:
        look(seen)
    except (TelemetrySilent, NotProven) as silent:
        seen.unproven.append(str(silent))
    examination = seen.examination(seen.title)
    record(examination)
    return examination

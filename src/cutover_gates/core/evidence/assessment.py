"""What an examination of something large saw: what it looked at, what is wrong with it, and what it
could not see.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cutover_gates.core.evidence.record import Recorder


class NotProven(Exception):
    """Something that a check needed could not be seen.

    Nothing is known to be wrong, and nothing is proven.
    """


@dataclass(frozen=True)
class Assessment:
    """One question put to many things, such as every table of a database.

    `checked` names each thing that was looked at to the end. `findings` say what is wrong,
    `not_proven` what could not be seen and why: a sentence each. `figures` are figures for the evidence
    (JSON-able; names and keys, never the content of a row).
    """

    title: str
    checked: tuple[str, ...]
    findings: tuple[str, ...] = ()
    not_proven: tuple[str, ...] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class AssessmentBuilder:
    """An examination that is being made: its lists grow while things are looked at."""

    checked: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    not_proven: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    def build(self, title: str) -> Assessment:
        """As the checks take it. What is said twice is said once."""
        return Assessment(
            title,
            tuple(self.checked),
            tuple(dict.fromkeys(self.findings)),
            tuple(dict.fromkeys(self.not_proven)),
            self.figures,
        )


def assessment_recorder(recorder: Recorder) -> Callable[[Assessment], None]:
    """What leaves an examination in the evidence of the check that runs."""

    def record(examination: Assessment) -> None:
        recorder.observe(
            examination.title,
            examined=len(examination.checked),
            names=list(examination.checked),
            findings=list(examination.findings),
            not_proven=list(examination.not_proven),
            **examination.figures,
        )

    return record

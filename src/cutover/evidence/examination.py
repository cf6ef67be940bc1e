"""What an examination of something large saw: what it looked at, what is wrong with it, and what it
could not see.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cutover.evidence.record import Recorder


class NotProven(Exception):
    """Something that a check needed could not be seen.

    Nothing is known to be wrong, and nothing is proven.
    """


@dataclass(frozen=True)
class Examination:
    """One question put to many things, such as every table of a database.

    `examined` names each thing that was looked at to the end. `findings` say what is wrong,
    `unproven` what could not be seen and why: a sentence each. `facts` are figures for the evidence
    (JSON-able; names and keys, never the content of a row).
    """

    title: str
    examined: tuple[str, ...]
    findings: tuple[str, ...] = ()
    unproven: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class Gathered:
    """An examination that is being made: its lists grow while things are looked at."""

    examined: list[str] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    unproven: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def examination(self, title: str) -> Examination:
        """As the checks take it. What is said twice is said once."""
        return Examination(
            title,
            tuple(self.examined),
            tuple(dict.fromkeys(self.findings)),
            tuple(dict.fromkeys(self.unproven)),
            self.facts,
        )


def examinations_to(recorder: Recorder) -> Callable[[Examination], None]:
    """What leaves an examination in the evidence of the check that runs."""

    def record(examination: Examination) -> None:
        recorder.observe(
            examination.title,
            examined=len(examination.examined),
            names=list(examination.examined),
            findings=list(examination.findings),
            not_proven=list(examination.unproven),
            **examination.facts,
        )

    return record

"""What a check expects of an examination."""

from __future__ import annotations

from cutover.evidence.examination import Examination, NotProven

SHOWN = 20


def sound(examination: Examination) -> None:
    """Something was looked at, all of it to the end, and nothing is wrong.

    Raises `AssertionError` for findings, `NotProven` for holes.

    Findings go first: that something is broken matters more than that something else was not seen.
    """
    if examination.findings:
        raise AssertionError(_listed(examination.findings))
    if examination.unproven:
        raise NotProven(_listed(examination.unproven))
    if not examination.examined:
        raise NotProven(
            f"{examination.title}: there was nothing to look at, and that proves nothing"
        )


def _listed(sentences: tuple[str, ...]) -> str:
    more = [f"… and {len(sentences) - SHOWN} more"] if len(sentences) > SHOWN else []
    return "\n".join([*sentences[:SHOWN], *more])

"""One thing that a target may be declared not to do, or to do in its own way."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Capability:
    """A capability that a target may declare.

    `absence` says what is not asked of a target without it, `proven` what is proven all the same.
    `values` are the types of what else than false may be declared; there are none where the only
    question is whether it exists. `choices` are the texts that a list may hold (empty: any), and
    `meaning` says what a value means.
    """

    name: str
    absence: str
    proven: str = ""
    values: tuple[type, ...] = ()
    choices: tuple[str, ...] = ()
    meaning: str = ""

"""What judged: suite, plan, decisions, plugins, command line. A verdict says it of itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class LooseLimit:
    """A limit of the settings that proves less than its default.

    `is_size` is true of what only says how large a target is: a larger one is often simply true.
    """

    key: str
    value: str
    default: str
    is_size: bool = False

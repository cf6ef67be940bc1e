"""A dialect: a small hospital with another protocol, and the files by which it is judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.results import Verdict

Caught = Any
"""What a fault says of itself, as `tests.faults.fault.Fault` does: `item`, `also`, `seconds`."""
Judge = Callable[..., Verdict]
"""The verdict on the hospital with this fault (None: without one); settings and reports go to the
first folder, compiled Python to the second. Only files that follow are asked, where there are any.
"""


@dataclass(frozen=True)
class Dialect:
    """A hospital.

    `written` is what its team wrote for the suite. `faults` can be put into it, and the item of
    each must catch it.
    """

    name: str
    written: tuple[Path, ...]
    faults: Mapping[str, Caught]
    judged: Judge

    @property
    def lines(self) -> int:
        """Count the lines that its team wrote, without empty lines and comments."""
        written = [
            line.strip()
            for path in self.written
            for line in path.read_text(encoding="utf-8").splitlines()
        ]
        return sum(bool(line) and not line.startswith("#") for line in written)

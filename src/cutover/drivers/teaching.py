"""The words of a mapping's mistakes: one sentence that names the source, the key, the value given,
and what would be right.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from cutover.hospital import MappingError


def wrong(source: str, key: str, given: Any, teach: str) -> MappingError:
    """The one form of a mapping error: where, what was given, what to do."""
    shown = "" if given is None else f" = {given!r}"
    return MappingError(f"{source}: {key}{shown}: {teach}")


def nearest(given: str, allowed: Iterable[str]) -> str:
    """“did you mean …” when something is near, else the whole list."""
    names = sorted(map(str, allowed))
    near = difflib.get_close_matches(given, names, 1)
    return f"did you mean {near[0]!r}?" if near else f"allowed are {', '.join(names)}"

"""The place in an own driver's source where it raised an error of its own."""

from __future__ import annotations

import traceback
from pathlib import Path

_PACKAGE = Path(__file__).parents[2]


def locate_driver_error(error: Exception) -> str:
    """Return file, line and function of the last frame that is not ours; empty without one."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if _PACKAGE not in Path(frame.filename).parents and "site-packages" not in frame.filename
    ]
    if not frames:
        return ""
    last = frames[-1]
    return f"{Path(last.filename).name}, line {last.lineno}, {last.name}"

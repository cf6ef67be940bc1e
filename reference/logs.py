"""Request log: one JSON line for each request, without bodies, patients' names or tokens."""

from __future__ import annotations

import json
import sys
import threading
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO


class Log:
    """Writer of lines to a file, or to standard error."""

    def __init__(self, path: Path | None) -> None:
        self._stream: TextIO = path.open("a", encoding="utf-8") if path else sys.stderr
        self._lock = threading.Lock()

    def write(self, message: str, *, level: str = "info", **fields: object) -> None:
        """Write `{"time", "level", "message", …fields}` as one line, and flush it."""
        line = json.dumps(
            {
                "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "level": level,
                "message": message,
                **fields,
            }
        )
        with self._lock:
            print(line, file=self._stream, flush=True)

    def defect(self, error: BaseException, request_id: str) -> None:
        """Write the type and the place of an error.

        Its message is left out: it may quote a patient's data.
        """
        frames = [
            f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(error.__traceback__)
        ]
        self.write(
            "defect",
            level="error",
            error=type(error).__name__,
            frames=frames,
            request_id=request_id,
        )

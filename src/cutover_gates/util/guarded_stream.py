"""A terminal stream that may break: a closed pipe or a full disk must not cost a verdict."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO, cast

from cutover_gates.util.terminal_output import print_text


class GuardedStream(io.TextIOBase):
    """A stream around another one. Where that one breaks, what follows goes nowhere.

    `is_broken` tells so, and the text can be said elsewhere. Everything else is the inner stream's.
    """

    def __init__(self, stream: TextIO | None) -> None:
        """Guard a stream; None stands for one that was closed before Python started."""
        self.is_broken = stream is None
        # Never closed (SIM115): pytest and Python write to it until the process ends.
        self._stream = stream or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    @property
    def encoding(self) -> str:  # type: ignore[override]  # typeshed has a variable there
        """The encoding of the inner stream."""
        return self._stream.encoding or "utf-8"

    def write(self, text: str) -> int:
        """Write a text, or nothing where the stream is broken."""
        try:
            return self._stream.write(text)
        except (OSError, ValueError):  # ValueError: the stream was closed
            self.silence()
            return len(text)

    def flush(self) -> None:
        """Flush, or nothing where the stream is broken."""
        try:
            self._stream.flush()
        except (OSError, ValueError):
            self.silence()

    def fileno(self) -> int:
        """Return the file descriptor of the inner stream."""
        return self._stream.fileno()

    def isatty(self) -> bool:
        """Return whether the inner stream is a terminal."""
        return not self._stream.closed and self._stream.isatty()

    def writable(self) -> bool:
        """Return True: writing never fails."""
        return True

    def as_text_io(self) -> TextIO:
        """Return this stream as the type that callers name: it has all that they use."""
        return cast("TextIO", self)

    def silence(self) -> None:
        """Send everything into nothing from now on, also what is in the buffer.

        Python flushes the buffer at its end, and would end with status 120 where that fails.
        """
        self.is_broken = True
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)
            self._stream.flush()


def guard_terminal() -> tuple[GuardedStream, GuardedStream]:
    """Guard standard output and standard error of this process, and return both."""
    streams = []
    for name in ("stdout", "stderr"):
        stream = getattr(sys, f"__{name}__")
        guarded = stream if isinstance(stream, GuardedStream) else GuardedStream(stream)
        if getattr(sys, name) in (stream, None):
            setattr(sys, name, guarded)
        setattr(sys, f"__{name}__", guarded)
        streams.append(guarded)
    return streams[0], streams[1]


def print_on_stderr(sentence: str) -> None:
    """Print a sentence on standard error, or nowhere where that is closed."""
    out, err = guard_terminal()
    # What was printed before stands before it, also where both lead to one file.
    out.flush()
    print_text(sentence, err.as_text_io())

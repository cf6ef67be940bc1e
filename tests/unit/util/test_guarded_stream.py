"""A terminal that breaks."""

from __future__ import annotations

import io
import os
import sys

import pytest

from cutover_gates.util.guarded_stream import GuardedStream, guard_terminal, print_on_stderr


def broken_pipe() -> io.TextIOWrapper:
    """Return a stream into a pipe that nobody reads."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    return os.fdopen(write_end, "w", encoding="utf-8")


def test_a_stream_that_works_is_written_and_not_broken() -> None:
    inner = io.StringIO()
    stream = GuardedStream(inner)
    stream.write("GO\n")
    stream.flush()
    assert (inner.getvalue(), stream.is_broken) == ("GO\n", False)


def test_a_broken_pipe_takes_everything_and_says_so() -> None:
    """Also what stands in its buffer: Python flushes it at its end, and would fail."""
    with broken_pipe() as inner:
        stream = GuardedStream(inner)
        stream.write("GO\n")
        stream.flush()
        assert stream.is_broken
        stream.write("more\n")
        stream.flush()
        inner.flush()


def test_a_closed_stream_takes_everything() -> None:
    inner = io.StringIO()
    inner.close()
    stream = GuardedStream(inner)
    assert stream.write("GO\n") == 3
    assert stream.is_broken
    assert not stream.isatty()


def test_no_stream_at_all_takes_everything() -> None:
    stream = GuardedStream(None)
    assert stream.is_broken
    stream.write("GO\n")
    stream.flush()
    assert stream.encoding


def test_the_terminal_is_guarded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second call does not wrap the guard again, and a closed stream is replaced."""
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
        monkeypatch.setattr(sys, f"__{name}__", None)
    first, second = guard_terminal(), guard_terminal()
    assert first == second
    assert sys.stdout is first[0]
    print_on_stderr("GO")

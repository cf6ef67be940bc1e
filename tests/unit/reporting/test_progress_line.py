"""The line of progress."""

from __future__ import annotations

import io

import pytest

from cutover_gates.reporting.progress_line import MAX_LASTING_LINES, ProgressLine, shorten

LONG = "FAILED smoke/" + "folder/" * 30 + "test_patients.py::test_a_patient_is_found"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal of 80 columns."""
    monkeypatch.setenv("TERM", "xterm")
    return Terminal()


def run_for(seconds: int, out: io.StringIO) -> list[str]:
    """Show a line every half second, and return what was written."""
    now = [0.0]
    line = ProgressLine(out, lambda: now[0])
    for half in range(2 * seconds):
        now[0] = half / 2
        line.show(f"{half} checks")
    return out.getvalue().splitlines()


def test_on_a_terminal_each_text_takes_the_place_of_the_one_before(terminal: Terminal) -> None:
    """No text wraps or leaves a rest of a longer one, and no escape code is written."""
    line = ProgressLine(terminal)
    for text in (LONG, "2 of 3 checks", "a\nb\x1b[2J"):
        line.show(text)
    shown = terminal.getvalue().split("\r")[1:]
    assert {len(text) for text in shown} == {79}
    assert shown[1].rstrip() == "2 of 3 checks"
    assert not set("\n\x1b") & set(terminal.getvalue())


def test_a_failure_stays_on_the_terminal_in_one_line(terminal: Terminal) -> None:
    """Its end names the check."""
    ProgressLine(terminal).show_lasting(LONG)
    (first, rest) = terminal.getvalue().split("\n")
    assert rest == ""
    assert len(first) <= 80
    assert first.rstrip().endswith("::test_a_patient_is_found")


def test_a_file_gets_few_lines() -> None:
    """Soon after the start often enough to see that it runs, and not hundreds in half an hour."""
    assert len(run_for(60, io.StringIO())) >= 8
    assert len(run_for(1800, io.StringIO())) <= 60


def test_a_dumb_terminal_is_served_like_a_file(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot go back to the start of a line."""
    monkeypatch.setenv("TERM", "dumb")
    assert len(run_for(60, terminal)) <= 15
    assert "\r" not in terminal.getvalue()


def test_the_last_text_always_reaches_a_file() -> None:
    """Whoever reads the log sees that all checks ran."""
    out = io.StringIO()
    line = ProgressLine(out, lambda: 0.0)
    line.show("1 of 3")
    line.show("2 of 3")
    line.show("3 of 3", is_last=True)
    assert out.getvalue().splitlines() == ["1 of 3", "3 of 3"]


def test_a_hundred_failures_do_not_flood() -> None:
    """The first ones are shown, and one line says that the others are only counted."""
    out = io.StringIO()
    line = ProgressLine(out)
    for number in range(113):
        line.show_lasting(f"FAILED {number}")
    lines = out.getvalue().splitlines()
    assert len(lines) == MAX_LASTING_LINES + 1
    assert lines[MAX_LASTING_LINES - 1] == f"FAILED {MAX_LASTING_LINES - 1}"
    assert all(len(text) <= 80 for text in lines)


def test_a_text_is_cut_in_the_middle() -> None:
    """What happens and the name of the check stay."""
    assert shorten("short", 80) == "short"
    assert len(shorten(LONG, 80)) == 80
    assert shorten(LONG, 80).startswith("FAILED smoke/")

"""Texts made safe, short and readable."""

from __future__ import annotations

from cutover_gates.core.printable import strip_control_characters
from cutover_gates.util.text import (
    first_sentence,
    format_list,
    wrap_words,
)


def test_a_text_of_the_target_cannot_drive_the_terminal_or_the_runner() -> None:
    """Escape sequences, text direction and workflow commands lose their meaning."""
    assert "\x1b" not in strip_control_characters("a\x1b[2Jb\u202e")
    assert strip_control_characters("fine\n  ::stop-commands::x") == "fine\n  : :stop-commands::x"
    assert strip_control_characters("::error::x") == ": :error::x"
    assert strip_control_characters("smoke/test_a.py::test_b") == "smoke/test_a.py::test_b"


def test_a_sentence_ends_where_a_new_one_begins() -> None:
    """A version number or a host does not end it; a line does."""
    assert (
        first_sentence("\n Got 2.0.0 from a.example. Then more.\nLast")
        == "Got 2.0.0 from a.example."
    )
    assert len(first_sentence("x" * 500)) == 200
    assert first_sentence("") == ""
    assert format_list(["a", "b", "c"], most=2) == "a, b and 1 more"


def test_a_path_is_never_broken() -> None:
    """The words around it are wrapped."""
    path = "/srv/" + "deep-folder/" * 12
    lines = wrap_words(f"The evidence of the run is in {path} until it is removed.", 40, "- ", "  ")
    assert [line for line in lines if len(line) > 40] == [f"  {path}"]
    assert lines[0].startswith("- ")

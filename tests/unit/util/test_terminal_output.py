"""What a target says cannot drive a terminal, the log of a pipeline, or a page of Markdown."""

from __future__ import annotations

import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from cutover_gates.core.findings import THIS_CHECK, Finding, FindingsError, NotProven
from cutover_gates.core.printable import MAX_COMBINING, strip_control_characters
from cutover_gates.hospital import (
    Answer,
    MappingError,
    ProtocolViolation,
    Reason,
    Rejected,
    Unsupported,
)
from cutover_gates.reporting.markdown import escape_markdown
from cutover_gates.util.http import SourceUnavailable
from cutover_gates.util.terminal_output import (
    format_runner_command,
    print_runner_command,
    print_styled,
    print_text,
)

ATTACKS = (
    "\x1b[2J\x1b[1;1HGO",
    "\x1b]8;;https://evil.example\x1b\\verdict.html\x1b]8;;\x1b\\",
    "\x1b]0;title\x07",
    "\x9b31mred\x9b0m",
    "NO-GO\rGO   ",
    "NO-GO\b\b\b\b\bGO",
    "a\x00b\x07c\x7f",
    "\u202eOG\u202c",
    "\u2066isolated\u2069",
    "z\u200be\u200dr\u2060o\ufeff",
    "line\u2028separator\u2029paragraph\x85next",
    "tag\U000e0041\U000e0042",
    "soft\xadhyphen",
    "\ud800",
    "a" + "\u0301" * 50,
    "\n::error::all is well",
    "x ##[command]rm",
    "a##[error]b ##vso[task.complete] ##teamcity[x]",
)
MARKDOWN = (
    "| a | b |",
    "`code` ```fence",
    "<script>alert(1)</script><img src=x>",
    "[link](https://evil.example) ![image](x)",
    "@everyone <@U123> <!channel>",
    "# heading",
    "> quote",
    "1. list",
    "- item",
    "~~gone~~ **bold** _it_ __x__",
    "&#x202e;&lt;b&gt;",
    "a\r\n::error::x\n\n# heading",
)


def _is_harmless(text: str) -> bool:
    shown = text.replace("\n", "")
    lines = text.splitlines()
    is_command = any(line.strip().startswith("::") or "##[" in line for line in lines)
    return shown.isprintable() and not is_command


@pytest.mark.parametrize("attack", ATTACKS, ids=repr)
def test_every_way_to_a_terminal_makes_it_printable(attack: str) -> None:
    """Plain, in a style, and as a command for a runner."""
    plain, styled, command = io.StringIO(), io.StringIO(), io.StringIO()
    print_text(f"refused: {attack}", plain)
    print_styled(Console(file=styled, width=300), f"refused: {attack}", "bold")
    print_runner_command(format_runner_command("error", "x", attack), command)
    assert _is_harmless(plain.getvalue())
    assert _is_harmless(styled.getvalue())
    assert command.getvalue().count("\n") == 1
    assert _is_harmless(command.getvalue().removeprefix("::error title=x::"))


@pytest.mark.parametrize("attack", ATTACKS, ids=repr)
def test_an_error_that_pytest_prints_is_printable(attack: str) -> None:
    """Pytest writes the text of an exception to the terminal as it is."""
    errors = (
        Rejected(Reason.INVALID, attack, Answer(422, {}, b"")),
        ProtocolViolation(attack, mapping_line=attack, request_id=attack),
        FindingsError(Finding(THIS_CHECK, attack, attack, attack, attack)),
        NotProven(attack),
        MappingError(attack),
        Unsupported("move", attack),
        SourceUnavailable(attack),
    )
    assert [str(error) for error in errors if not _is_harmless(str(error))] == []


@given(st.text())
def test_no_text_leaves_anything_that_is_not_printable(text: str) -> None:
    """Nor does it change once it is harmless: masking twice is masking once."""
    shown = strip_control_characters(text)
    assert shown.replace("\n", "").isprintable()
    assert strip_control_characters(shown) == shown


@given(st.text(st.characters(categories=["L", "N", "P"], max_codepoint=0x24F)))
def test_ordinary_words_stay_as_they_are(text: str) -> None:
    """Names with accents, figures and punctuation."""
    if "::" not in text and "##" not in text:
        assert strip_control_characters(text) == text


def test_a_few_marks_on_a_letter_stay() -> None:
    """Vietnamese and Hebrew have three."""
    assert strip_control_characters("e\u0301\u0302\u0323") == "e\u0301\u0302\u0323"
    pile = strip_control_characters("e" + "\u0301" * 50)
    assert sum(map(bool, map(unicodedata.combining, pile))) == MAX_COMBINING


@pytest.mark.parametrize("attack", [*MARKDOWN, *ATTACKS], ids=repr)
def test_a_text_has_no_meaning_in_markdown(attack: str) -> None:
    """One line, no sign that opens markup without a backslash, and nobody is mentioned."""
    shown = escape_markdown(attack)
    assert shown.isprintable()
    assert not shown.startswith(("#", ">", "- ", "1. "))
    bare = shown.replace("\\\\", "")
    for sign in "`*[]|":
        assert bare.count(sign) == bare.count(f"\\{sign}"), shown
    assert "<s" not in bare.replace("\\<", "")
    assert "@" not in shown
    assert "&#" not in shown.replace("\\&", "")


@pytest.mark.parametrize(
    "text", ["p95 < 300 ms", "patient_id is missing", "ada@example.com", "2 of 3", "a - b", "AT&T"]
)
def test_ordinary_text_stays_readable_in_markdown(text: str) -> None:
    """It is read as plain text, too."""
    assert escape_markdown(text) == text


def test_a_stream_that_lacks_a_character_gets_another() -> None:
    """Where LANG=C, a name with an umlaut must not end the run."""
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    print_text("Müller → x", out)
    assert raw.getvalue() == b"M?ller ? x\n"
    print_text("nobody reads it", None)

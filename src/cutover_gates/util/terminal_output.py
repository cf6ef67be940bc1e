"""The one way to a terminal, a pipe or the log of a pipeline.

Nothing else in the package prints (`tests/unit/repository/test_terminal_output.py` holds it). Each
text is made printable here, since a target's own words may be in it: an escape sequence in a
refusal could rewrite the verdict on the screen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from cutover_gates.core.printable import strip_control_characters

if TYPE_CHECKING:
    from rich.console import Console


def print_text(text: str, out: TextIO | None, *, start: str = "", end: str = "\n") -> None:
    """Write a text to a stream, which is None where the process has none.

    `start` and `end` are the caller's own characters, such as a carriage return. Characters that
    the stream lacks are replaced.
    """
    if out is None:
        return
    out.write(f"{start}{_make_encodable(strip_control_characters(text), out.encoding)}{end}")
    out.flush()


def print_styled(console: Console, text: str = "", style: str = "", *, whole: bool = False) -> None:
    """Print one line in a style. `whole` keeps a line that is wider than the terminal."""
    line = _make_encodable(strip_control_characters(text), console.encoding)
    console.print(
        line,
        style=style,
        markup=False,
        emoji=False,
        highlight=False,
        no_wrap=True,
        overflow="ignore" if whole else "ellipsis",
        crop=not whole,
    )


def print_runner_command(command: str, out: TextIO) -> None:
    """Write a command for GitHub's runner, as `format_runner_command` returns it."""
    # Once more: nothing but the first two colons may have a meaning.
    rest = _escape_for_runner(command.removeprefix("::")).replace("%25", "%")
    out.write(f"::{_make_encodable(rest, out.encoding)}\n")
    out.flush()


def format_runner_command(level: str, title: str, message: str) -> str:
    """Return `::error title=…::…`.

    In a title ':' and ',' are escaped too, as the runner reads it.
    """
    escaped = _escape_for_runner(title).replace(":", "%3A").replace(",", "%2C")
    return f"::{level} title={escaped}::{_escape_for_runner(message)}"


def _escape_for_runner(text: str) -> str:
    safe = strip_control_characters(text)
    return safe.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _make_encodable(text: str, encoding: str | None) -> str:
    name = encoding or "utf-8"
    return text.encode(name, "replace").decode(name)

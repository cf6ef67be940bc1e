"""The verdict for a tired reader: the word, why, what to do now; then the checklist, what failed
and how to see it again, and where the evidence is.

Every line says in words what colour says too, and nothing but a `curl` is wider than the terminal:
that one stays whole, to be copied.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

from rich.console import Console
from rich.text import Text

from cutover.reporting.exhibits import last_curl
from cutover.reporting.text import lasting, printable, utc
from cutover.reporting.words import because, headline, next_step, tally
from cutover.verdict import HOLES, LADDER, CheckResult, Outcome, Verdict, Word

BANNER = {
    Word.GO: "bold white on dark_green",
    Word.GO_WITH_WAIVERS: "bold black on yellow",
    Word.NO_GO: "bold white on red3",
}
COLOUR = {
    Outcome.ERROR: "bold red",
    Outcome.FAILED: "bold red",
    Outcome.NOT_PROVEN: "red",
    Outcome.WAIVED: "yellow",
    Outcome.ATTESTED: "green",
    Outcome.PASSED: "green",
    Outcome.NOT_APPLICABLE: "dim",
}
MOST_CHECKS = 10
MOST_LINES = 12


def show(verdict: Verdict, console: Console, folder: Path) -> None:
    """Print the verdict.

    `folder` is where `write_all` put its files. Never raises for odd characters: they are replaced.
    """
    _banner(verdict, console)
    _paragraphs(console, "Why", because(verdict))
    _paragraphs(console, "Now", [next_step(verdict)])
    _checklist(verdict, console)
    _failures(verdict, console)
    _paragraphs(
        console,
        "Evidence",
        [
            f"{folder}{'/' if not str(folder).endswith('/') else ''}verdict.html (also"
            " verdict.json, status.md)"
        ],
    )


def _line(console: Console, text: str, style: str = "", *, whole: bool = False) -> None:
    """One line; `whole` keeps it in one piece even where it is wider than the terminal."""
    line = Text(text.encode(console.encoding, "replace").decode(console.encoding), style=style)
    if not whole:
        line.truncate(console.width, overflow="ellipsis")
    console.print(line, soft_wrap=True, highlight=False)


def _banner(verdict: Verdict, console: Console) -> None:
    """Three lines of colour on a terminal, where the word must be seen from afar; in a pipe the
    words alone.
    """
    lines = textwrap.wrap(headline(verdict), console.width - 2)
    if console.is_terminal:
        lines = ["", *lines, ""]
    for line in lines:
        _line(
            console,
            f" {line}".ljust(console.width) if console.is_terminal else line,
            BANNER[verdict.word],
        )
    span = lasting((verdict.finished - verdict.started).total_seconds())
    for line in textwrap.wrap(
        f"{tally(verdict)}. {utc(verdict.finished)}, after {span}.", console.width
    ):
        _line(console, line)


def _paragraphs(console: Console, title: str, paragraphs: list[str]) -> None:
    console.print()
    _line(console, title, "bold")
    bullet = "- " if len(paragraphs) > 1 else ""
    for paragraph in paragraphs:
        for line in textwrap.wrap(
            printable(paragraph),
            console.width - 2,
            initial_indent=f"  {bullet}",
            subsequent_indent="  " + " " * len(bullet),
            break_on_hyphens=False,
        ):
            _line(console, line)


def _checklist(verdict: Verdict, console: Console) -> None:
    console.print()
    _line(console, "Checklist", "bold")
    widest = max((len(result.item.id) for result in verdict.items), default=0)
    for result in verdict.items:
        word = result.outcome.value.upper() if result.outcome in HOLES else result.outcome.value
        title = printable(result.item.title).replace("\n", " ")
        _line(console, f"  {word:<14}  {result.item.id:<{widest}}  {title}", COLOUR[result.outcome])


def _failures(verdict: Verdict, console: Console) -> None:
    """Each broken or unproven check once, whatever number of items it is tied to."""
    checks = {
        check.check: check
        for result in verdict.items
        for check in result.checks
        if check.outcome in HOLES
    }
    if not checks:
        return
    console.print()
    _line(console, "What failed or was not proven, and how to see it again", "bold")
    worst_first = sorted(checks.values(), key=lambda check: LADDER.index(check.outcome))
    for check in worst_first[:MOST_CHECKS]:
        _failure(check, console)
    if len(checks) > MOST_CHECKS:
        _line(console, f"  and {len(checks) - MOST_CHECKS} more checks: see verdict.html")


def _failure(check: CheckResult, console: Console) -> None:
    for line in textwrap.wrap(
        f"{check.outcome.value}: {printable(check.check)}",
        console.width - 2,
        initial_indent="  ",
        subsequent_indent="    ",
    ):
        _line(console, line, COLOUR[check.outcome])
    said = [
        part
        for line in printable(check.why).splitlines()
        if line.strip()
        for part in textwrap.wrap(line, console.width - 8)
    ]
    for line in said[:MOST_LINES]:
        _line(console, f"    | {line}")
    if len(said) > MOST_LINES:
        _line(console, f"    | ... {len(said) - MOST_LINES} more lines in verdict.html")
    curl, exchanges = last_curl(check)
    if curl:
        _line(
            console,
            f"    the last of {exchanges} requests:" if exchanges > 1 else "    the request:",
        )
        _line(console, f"    {curl}", whole=True)

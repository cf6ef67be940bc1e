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

from cutover_gates.core.verdict import (
    OPEN_OUTCOMES,
    SEVERITY_ORDER,
    CheckResult,
    Outcome,
    Verdict,
    VerdictWord,
)
from cutover_gates.reporting.evidence_view import last_curl_command
from cutover_gates.reporting.verdict_summary import (
    count_outcomes,
    describe_next_step,
    headline,
    list_reasons,
)
from cutover_gates.util.text import format_duration, format_utc, strip_control_characters

BANNER_STYLES = {
    VerdictWord.GO: "bold white on dark_green",
    VerdictWord.GO_WITH_WAIVERS: "bold black on yellow",
    VerdictWord.NO_GO: "bold white on red3",
}
OUTCOME_COLOURS = {
    Outcome.ERROR: "bold red",
    Outcome.FAILED: "bold red",
    Outcome.NOT_PROVEN: "red",
    Outcome.WAIVED: "yellow",
    Outcome.ATTESTED: "green",
    Outcome.PASSED: "green",
    Outcome.NOT_APPLICABLE: "dim",
}
MAX_CHECKS = 10
MAX_LINES = 12


def print_verdict(verdict: Verdict, console: Console, folder: Path) -> None:
    """Print the verdict.

    `folder` is where `write_all` put its files. Never raises for odd characters: they are replaced.
    """
    _print_banner(verdict, console)
    _print_paragraphs(console, "Why", list_reasons(verdict))
    _print_paragraphs(console, "Now", [describe_next_step(verdict)])
    _print_checklist(verdict, console)
    _print_failures(verdict, console)
    _print_paragraphs(
        console,
        "Evidence",
        [
            f"{folder}{'/' if not str(folder).endswith('/') else ''}verdict.html (also"
            " verdict.json, status.md)"
        ],
    )


def _print_line(console: Console, text: str, style: str = "", *, whole: bool = False) -> None:
    """One line; `whole` keeps it in one piece even where it is wider than the terminal."""
    line = Text(text.encode(console.encoding, "replace").decode(console.encoding), style=style)
    if not whole:
        line.truncate(console.width, overflow="ellipsis")
    console.print(line, soft_wrap=True, highlight=False)


def _print_banner(verdict: Verdict, console: Console) -> None:
    """Three lines of colour on a terminal, where the word must be seen from afar; in a pipe the
    words alone.
    """
    lines = textwrap.wrap(headline(verdict), console.width - 2)
    if console.is_terminal:
        lines = ["", *lines, ""]
    for line in lines:
        _print_line(
            console,
            f" {line}".ljust(console.width) if console.is_terminal else line,
            BANNER_STYLES[verdict.word],
        )
    span = format_duration((verdict.finished - verdict.started).total_seconds())
    for line in textwrap.wrap(
        f"{count_outcomes(verdict)}. {format_utc(verdict.finished)}, after {span}.", console.width
    ):
        _print_line(console, line)


def _print_paragraphs(console: Console, title: str, paragraphs: list[str]) -> None:
    console.print()
    _print_line(console, title, "bold")
    bullet = "- " if len(paragraphs) > 1 else ""
    for paragraph in paragraphs:
        for line in textwrap.wrap(
            strip_control_characters(paragraph),
            console.width - 2,
            initial_indent=f"  {bullet}",
            subsequent_indent="  " + " " * len(bullet),
            break_on_hyphens=False,
        ):
            _print_line(console, line)


def _print_checklist(verdict: Verdict, console: Console) -> None:
    console.print()
    _print_line(console, "Checklist", "bold")
    widest = max((len(result.item.id) for result in verdict.items), default=0)
    for result in verdict.items:
        word = (
            result.outcome.value.upper()
            if result.outcome in OPEN_OUTCOMES
            else result.outcome.value
        )
        title = strip_control_characters(result.item.title).replace("\n", " ")
        _print_line(
            console,
            f"  {word:<14}  {result.item.id:<{widest}}  {title}",
            OUTCOME_COLOURS[result.outcome],
        )


def _print_failures(verdict: Verdict, console: Console) -> None:
    """Each broken or unproven check once, whatever number of items it is tied to."""
    checks = {
        check.check: check
        for result in verdict.items
        for check in result.checks
        if check.outcome in OPEN_OUTCOMES
    }
    if not checks:
        return
    console.print()
    _print_line(console, "What failed or was not proven, and how to see it again", "bold")
    worst_first = sorted(checks.values(), key=lambda check: SEVERITY_ORDER.index(check.outcome))
    for check in worst_first[:MAX_CHECKS]:
        _print_failure(check, console)
    if len(checks) > MAX_CHECKS:
        _print_line(console, f"  and {len(checks) - MAX_CHECKS} more checks: see verdict.html")


def _print_failure(check: CheckResult, console: Console) -> None:
    for line in textwrap.wrap(
        f"{check.outcome.value}: {strip_control_characters(check.check)}",
        console.width - 2,
        initial_indent="  ",
        subsequent_indent="    ",
    ):
        _print_line(console, line, OUTCOME_COLOURS[check.outcome])
    said = [
        part
        for line in strip_control_characters(check.why).splitlines()
        if line.strip()
        for part in textwrap.wrap(line, console.width - 8)
    ]
    for line in said[:MAX_LINES]:
        _print_line(console, f"    | {line}")
    if len(said) > MAX_LINES:
        _print_line(console, f"    | ... {len(said) - MAX_LINES} more lines in verdict.html")
    curl, exchanges = last_curl_command(check)
    if curl:
        _print_line(
            console,
            f"    the last of {exchanges} requests:" if exchanges > 1 else "    the request:",
        )
        _print_line(console, f"    {curl}", whole=True)

"""The verdict on a terminal: the word, why, what to do now, the checklist, how to see it again.

The word, the counts and the path of the page are also the last lines, since that is what a terminal
of 24 rows shows when the run ends. Every line says in words what its colour says. Commands and
paths are never wrapped, so that they can be copied.
"""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console

from cutover_gates.core.printable import strip_control_characters
from cutover_gates.core.verdict import OPEN_OUTCOMES, CheckResult, Outcome, Verdict, VerdictWord
from cutover_gates.reporting.causes import DISPLAY_ORDER
from cutover_gates.reporting.evidence_view import last_curl_command
from cutover_gates.reporting.judge_description import describe_judge
from cutover_gates.reporting.left_out import ReasonLine
from cutover_gates.reporting.measurements import collect_measurements
from cutover_gates.reporting.next_step import describe_fired_triggers, describe_next_step
from cutover_gates.reporting.reasons import list_reasons
from cutover_gates.reporting.verdict_summary import (
    describe_counts_and_time,
    describe_order,
    headline,
    list_order_lines,
    list_step_lines,
)
from cutover_gates.util.terminal_output import print_styled
from cutover_gates.util.text import wrap_words

BANNER_STYLES = {
    VerdictWord.GO: "bold white on dark_green",
    VerdictWord.GO_WITH_WAIVERS: "bold black on yellow",
    VerdictWord.NO_GO: "bold white on red3",
    VerdictWord.NOT_JUDGED: "bold white on red3",
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
LEAST_WIDTH = 20
"""Columns that are printed at least, whatever COLUMNS or the terminal say: 0 is possible."""
MAX_CHECKS = 10
MAX_MEASUREMENTS = 24


def print_verdict(
    verdict: Verdict, console: Console, folder: Path, notes: Iterable[str] = ()
) -> None:
    """Print the verdict.

    `folder` holds the files of the run. `notes` are sentences about the run, such as what it left
    on the target; they stand before the closing lines. Characters that the terminal lacks are
    replaced.
    """
    _print_order(verdict, console)
    _print_banner(verdict, console)
    _print_section(console, "Why", list_reasons(verdict))
    _print_section(console, "Now", [ReasonLine(describe_next_step(verdict))])
    if verdict.steps:
        _print_section(console, "Steps", [ReasonLine(line) for line in list_step_lines(verdict)])
    _print_measurements(verdict, console)
    _print_checklist(verdict, console)
    _print_open_checks(verdict, console)
    told = [ReasonLine(note) for note in (*verdict.notes, *notes)]
    if told:
        _print_section(console, "Notes", told)
    _print_closing_lines(verdict, console, folder)


def _width_of(console: Console) -> int:
    return max(console.width, LEAST_WIDTH)


def _print_line(console: Console, text: str, style: str = "", *, whole: bool = False) -> None:
    """Print one line. `whole` keeps it in one piece even where it is wider than the terminal."""
    print_styled(console, text, style, whole=whole)


def _print_wrapped(
    console: Console, text: str, first: str = "", rest: str = "", style: str = ""
) -> None:
    """Print a text in lines. A line with a path or an address stays whole where it is too wide."""
    for line in wrap_words(text, _width_of(console), first, rest):
        _print_line(console, line, style, whole="/" in line)


def _print_order(verdict: Verdict, console: Console) -> None:
    """Print the order to roll back before everything else, with its reasons and its steps."""
    for number, line in enumerate(list_order_lines(verdict)):
        _print_line(console, line, "" if number else "bold white on red3", whole=True)
    if verdict.rollback_order:
        print_styled(console)


def _print_banner(verdict: Verdict, console: Console) -> None:
    """Print the headline in three coloured lines, or in a pipe as a plain line."""
    lines = textwrap.wrap(headline(verdict), _width_of(console) - 2)
    style = BANNER_STYLES[verdict.word]
    if not console.is_terminal:
        for line in lines:
            _print_line(console, line)
    else:
        for line in ["", *lines, ""]:
            _print_line(console, f" {line}".ljust(console.width), style)
    _print_counts(verdict, console)


def _print_counts(verdict: Verdict, console: Console) -> None:
    """Print the counts, and what judged where that is not plain."""
    _print_wrapped(console, describe_counts_and_time(verdict))
    for line in describe_judge(verdict):
        _print_wrapped(console, line, rest="  ")


def _print_section(console: Console, title: str, reasons: list[ReasonLine]) -> None:
    print_styled(console)
    _print_line(console, title, "bold")
    bullet = "- " if len(reasons) > 1 else ""
    indent = "  " + " " * len(bullet)
    for reason in reasons:
        _print_wrapped(console, reason.text, f"  {bullet}", indent)
        for detail in reason.details:
            # A detail keeps its own indent: findings stand below the title of their rule.
            own = " " * (len(detail) - len(detail.lstrip()))
            _print_wrapped(console, detail.strip(), f"{indent}  {own}", f"{indent}    {own}")


def _print_measurements(verdict: Verdict, console: Console) -> None:
    """Print a line for each operation: its requests, its measured values and their limits."""
    measurements = collect_measurements(verdict)
    if measurements is None:
        return
    print_styled(console)
    _print_line(console, measurements.title, "bold")
    operations = measurements.by_operation()
    shown = operations[:MAX_MEASUREMENTS]
    widest = max(len(one.operation) for one in shown)
    digits = max(len(f"{one.requests:,}") for one in shown)
    for one in shown:
        name = f"  {one.operation:<{widest}}  {one.requests:>{digits},} requests"
        _print_wrapped(console, one.values, f"{name}  ", " " * len(name) + "  ")
    if more := len(operations) - len(shown):
        _print_line(console, f"  and {more} more operations: see verdict.html")


def _print_checklist(verdict: Verdict, console: Console) -> None:
    print_styled(console)
    _print_line(console, "Checklist", "bold")
    widest = max((len(result.item.id) for result in verdict.items), default=0)
    for result in verdict.items:
        word = result.outcome.value
        if result.outcome in OPEN_OUTCOMES:
            word = word.upper()
        title = strip_control_characters(result.item.title).replace("\n", " ")
        line = f"  {word:<14}  {result.item.id:<{widest}}  {title}"
        _print_line(console, line, OUTCOME_COLOURS[result.outcome])


def _print_open_checks(verdict: Verdict, console: Console) -> None:
    """Print each open check once, also those of waived items, with the command that repeats it."""
    checks = {
        check.check: check
        for result in verdict.items
        for check in result.checks
        if check.outcome in OPEN_OUTCOMES and result.outcome is not Outcome.NOT_APPLICABLE
    }
    if not checks:
        return
    print_styled(console)
    _print_line(console, "How to see it again", "bold")
    in_order = sorted(checks.values(), key=lambda check: DISPLAY_ORDER.index(check.outcome))
    for check in in_order[:MAX_CHECKS]:
        _print_open_check(check, console, verdict.subject.target)
    if len(checks) > MAX_CHECKS:
        _print_line(console, f"  and {len(checks) - MAX_CHECKS} more checks: see verdict.html")


def _print_open_check(check: CheckResult, console: Console, target: str) -> None:
    """Print a check with its last request, or without one with the command that runs it alone."""
    name = f"{check.outcome.value}: {strip_control_characters(check.check)}"
    _print_line(console, f"  {name}", OUTCOME_COLOURS[check.outcome], whole=True)
    curl, exchanges = last_curl_command(check)
    if not curl:
        node = shlex.quote(strip_control_characters(check.check))
        _print_line(console, f"    pytest {node} --target {target}", whole=True)
        return
    what = f"the last of {exchanges} requests" if exchanges > 1 else "the request"
    _print_line(console, f"    {what}:")
    _print_line(console, f"    {curl}", whole=True)


def _print_closing_lines(verdict: Verdict, console: Console, folder: Path) -> None:
    """Print the word, the counts and the path of the page; an order to roll back comes last."""
    print_styled(console)
    for line in textwrap.wrap(headline(verdict), _width_of(console)):
        _print_line(console, line, BANNER_STYLES[verdict.word])
    _print_counts(verdict, console)
    _print_line(console, f"{folder / 'verdict.html'}", whole=True)
    if fired := describe_fired_triggers(verdict):
        _print_wrapped(console, fired, style="bold red")
    if order := describe_order(verdict):
        _print_line(console, order, "bold white on red3", whole=True)

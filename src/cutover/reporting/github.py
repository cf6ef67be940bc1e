"""A verdict in a GitHub workflow: annotations in the log, and the step's summary.

Nothing happens anywhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from cutover.reporting.status import escaped, to_markdown
from cutover.reporting.text import first_sentence, printable
from cutover.reporting.words import headline
from cutover.verdict import HOLES, Outcome, Verdict

MOST = 10
"""GitHub shows ten annotations of a kind for a step and drops the others in silence."""
LEVELS = {
    Outcome.ERROR: "error",
    Outcome.FAILED: "error",
    Outcome.NOT_PROVEN: "error",
    Outcome.WAIVED: "warning",
}


def announce(verdict: Verdict, environment: Mapping[str, str], out: TextIO) -> None:
    """Print annotations to `out` and append the summary to the file named in `environment`, if this
    is a GitHub workflow. Raises `OSError`.
    """
    if environment.get("GITHUB_ACTIONS") != "true":
        return
    for line in commands(verdict):
        out.write(f"{line}\n")
    out.flush()
    if environment.get("GITHUB_STEP_SUMMARY"):
        with Path(environment["GITHUB_STEP_SUMMARY"]).open(
            "a", encoding="utf-8", errors="backslashreplace"
        ) as file:
            file.write(summary(verdict))


def commands(verdict: Verdict) -> list[str]:
    """Workflow commands, at most ten: an error for each fault of the run and each open item, a
    warning for each waived one, worst first.
    """
    lines = [_command("error", headline(verdict), hold) for hold in verdict.holds]
    for outcome, level in LEVELS.items():
        lines += [
            _command(
                level,
                f"{result.item.id}: {outcome.value}",
                f"{result.item.title}. {first_sentence(result.why)}",
            )
            for result in verdict.with_outcome(outcome)
        ]
    if len(lines) <= MOST:
        return lines
    more = f"{len(lines) - MOST + 1} more open or waived items: see the step summary"
    return [
        *lines[: MOST - 1],
        _command("warning" if verdict.is_go else "error", headline(verdict), more),
    ]


def _command(level: str, title: str, message: str) -> str:
    """`::error title=…::…`, escaped as the runner reads it back: in a property also ':' and ','."""
    return (
        f"::{level} title={_data(title).replace(':', '%3A').replace(',', '%2C')}::{_data(message)}"
    )


def _data(text: str) -> str:
    return printable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def summary(verdict: Verdict) -> str:
    """The status update, and below it every item with its outcome."""
    rows = [
        f"| {'**' if result.outcome in HOLES else ''}{result.outcome.value}{'**' if result.outcome in HOLES else ''}"
        f" | {_cell(result.item.id)} | {_cell(result.item.title)} |"
        f" {_cell(first_sentence(result.why))} |"
        for result in verdict.items
    ]
    return "\n".join(
        [
            to_markdown(verdict),
            "| outcome | item | what holds | why |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _cell(text: str) -> str:
    return escaped(text).replace("|", "\\|")

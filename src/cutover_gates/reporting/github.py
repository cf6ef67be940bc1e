"""The verdict in a GitHub workflow: annotations on the run, and the step summary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TextIO

from cutover_gates.core.verdict import OPEN_OUTCOMES, ItemResult, Outcome, Verdict
from cutover_gates.reporting.causes import DISPLAY_ORDER
from cutover_gates.reporting.markdown import escape_markdown, to_markdown
from cutover_gates.reporting.verdict_summary import headline
from cutover_gates.util.terminal_output import format_runner_command, print_runner_command
from cutover_gates.util.text import first_sentence

MAX_ANNOTATIONS = 10
"""GitHub shows ten annotations of a kind for a step and silently drops the others."""
ANNOTATION_LEVELS = dict.fromkeys(DISPLAY_ORDER, "error") | {Outcome.WAIVED: "warning"}


def report_to_github(verdict: Verdict, environment: Mapping[str, str], out: TextIO) -> None:
    """Print annotations to `out`, where `environment` is that of a GitHub workflow."""
    if not _is_workflow(environment):
        return
    for command in workflow_commands(verdict):
        print_runner_command(command, out)


def find_step_summary(environment: Mapping[str, str]) -> Path | None:
    """Return the file to which a step of a GitHub workflow appends its summary."""
    path = environment.get("GITHUB_STEP_SUMMARY")
    return Path(path) if path and _is_workflow(environment) else None


def encode_step_summary(verdicts: Iterable[Verdict]) -> bytes:
    """Return the step summary of several gates, as it is appended to the file."""
    return "".join(map(step_summary, verdicts)).encode(errors="backslashreplace")


def _is_workflow(environment: Mapping[str, str]) -> bool:
    return environment.get("GITHUB_ACTIONS") == "true"


def workflow_commands(verdict: Verdict) -> list[str]:
    """Return at most ten workflow commands, the most important first.

    Faults of the run and open items are errors, waived items are warnings.
    """
    lines = [
        format_runner_command("error", headline(verdict), error) for error in verdict.run_errors
    ]
    for outcome, level in ANNOTATION_LEVELS.items():
        lines += [_annotate_item(level, result) for result in verdict.with_outcome(outcome)]
    if len(lines) <= MAX_ANNOTATIONS:
        return lines
    kept = lines[: MAX_ANNOTATIONS - 1]
    more = f"{len(lines) - len(kept)} more open or waived items: see the step summary"
    level = "warning" if verdict.is_go else "error"
    return [*kept, format_runner_command(level, headline(verdict), more)]


def _annotate_item(level: str, result: ItemResult) -> str:
    title = f"{result.item.id}: {result.outcome.value}"
    return format_runner_command(level, title, f"{result.item.title}. {first_sentence(result.why)}")


def step_summary(verdict: Verdict) -> str:
    """Return the status update, and below it a table of every item with its outcome."""
    rows = [_format_row(result) for result in verdict.items]
    header = ["| outcome | item | what holds | why |", "|---|---|---|---|"]
    return "\n".join([to_markdown(verdict), *header, *rows, ""])


def _format_row(result: ItemResult) -> str:
    outcome = result.outcome.value
    if result.outcome in OPEN_OUTCOMES:
        outcome = f"**{outcome}**"
    texts = (result.item.id, result.item.title, first_sentence(result.why))
    cells = " | ".join(_escape_cell(text) for text in texts)
    return f"| {outcome} | {cells} |"


def _escape_cell(text: str) -> str:
    return escape_markdown(text)

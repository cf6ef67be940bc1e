"""The plan's status update, ready to paste into a channel or a mail: Markdown that also reads well
as plain text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from cutover_gates.core.verdict import OPEN_OUTCOMES, Outcome, Verdict, VerdictWord
from cutover_gates.reporting.gate_texts import texts_for_gate
from cutover_gates.reporting.verdict_summary import (
    count_outcomes,
    describe_next_step,
    describe_target,
    headline,
    list_reasons,
    list_waivers,
)
from cutover_gates.util.text import first_sentence, format_utc, strip_control_characters

WHITESPACE = re.compile(r"\s+")
MARKUP_CHARACTERS = re.compile(r"[`*\[\]\\]|<(?=[A-Za-z/!?])")


def escape_markdown(text: str) -> str:
    """The text on one line, and without a meaning in Markdown or HTML; `p95 < 300 ms` stays as it
    is.
    """
    return MARKUP_CHARACTERS.sub(lambda found: "\\" + found.group(), WHITESPACE.sub(" ", text))


def status_title(verdict: Verdict) -> str:
    """'T+60 min: Validation complete' in the plan's words; after NO-GO '… NOT complete', and
    anywhere but in production with the place before it.
    """
    words = texts_for_gate(verdict.gate)
    said = words.done_title if verdict.is_go else words.not_done_title
    waived = ", with waivers" if verdict.word is VerdictWord.GO_WITH_WAIVERS else ""
    before = (
        ""
        if verdict.subject.production and verdict.subject.kind != "embedded"
        else f"{describe_target(verdict.subject)} — "
    )
    return f"{before}{said}{waived}"


def to_markdown(verdict: Verdict) -> str:
    """The whole status update."""
    return "\n".join(
        [
            f"# {escape_markdown(status_title(verdict))}",
            "",
            (
                f"**{verdict.word.value}** for {escape_markdown(describe_target(verdict.subject))}, release"
                f" {escape_markdown(verdict.subject.release)}, {format_utc(verdict.finished)}."
            ),
            f"{count_outcomes(verdict)}.",
            "",
            *_format_section(
                "Why",
                (
                    [line for line in list_reasons(verdict) if line not in list_waivers(verdict)]
                    if not verdict.is_go
                    else []
                ),
            ),
            *_format_section(
                "Open",
                [
                    f"{result.item.title} ({result.item.id}): {result.outcome.value}"
                    for result in verdict.with_outcome(*OPEN_OUTCOMES)
                ],
            ),
            *_format_section("Waived", list_waivers(verdict)),
            f"**Next:** {_escape_around_commands(describe_next_step(verdict))}",
            "",
        ]
    )


def _format_section(name: str, lines: list[str]) -> list[str]:
    return (
        [f"**{name}**", "", *(f"- {escape_markdown(line)}" for line in lines), ""] if lines else []
    )


def _escape_around_commands(text: str) -> str:
    """The text escaped, but for its commands, which stand between backticks: they are our own words
    and stay code.
    """
    return "`".join(
        part if number % 2 else escape_markdown(part) for number, part in enumerate(text.split("`"))
    )


MAX_ANNOTATIONS = 10
"""GitHub shows ten annotations of a kind for a step and drops the others in silence."""
ANNOTATION_LEVELS = {
    Outcome.ERROR: "error",
    Outcome.FAILED: "error",
    Outcome.NOT_PROVEN: "error",
    Outcome.WAIVED: "warning",
}


def report_to_github(verdict: Verdict, environment: Mapping[str, str], out: TextIO) -> None:
    """Print annotations to `out` and append the summary to the file named in `environment`, if this
    is a GitHub workflow. Raises `OSError`.
    """
    if environment.get("GITHUB_ACTIONS") != "true":
        return
    for line in workflow_commands(verdict):
        out.write(f"{line}\n")
    out.flush()
    if environment.get("GITHUB_STEP_SUMMARY"):
        with Path(environment["GITHUB_STEP_SUMMARY"]).open(
            "a", encoding="utf-8", errors="backslashreplace"
        ) as file:
            file.write(step_summary(verdict))


def workflow_commands(verdict: Verdict) -> list[str]:
    """Workflow commands, at most ten: an error for each fault of the run and each open item, a
    warning for each waived one, worst first.
    """
    lines = [_format_command("error", headline(verdict), hold) for hold in verdict.run_errors]
    for outcome, level in ANNOTATION_LEVELS.items():
        lines += [
            _format_command(
                level,
                f"{result.item.id}: {outcome.value}",
                f"{result.item.title}. {first_sentence(result.why)}",
            )
            for result in verdict.with_outcome(outcome)
        ]
    if len(lines) <= MAX_ANNOTATIONS:
        return lines
    more = f"{len(lines) - MAX_ANNOTATIONS + 1} more open or waived items: see the step summary"
    return [
        *lines[: MAX_ANNOTATIONS - 1],
        _format_command("warning" if verdict.is_go else "error", headline(verdict), more),
    ]


def _format_command(level: str, title: str, message: str) -> str:
    """`::error title=…::…`, escaped as the runner reads it back: in a property also ':' and ','."""
    return f"::{level} title={_escape_data(title).replace(':', '%3A').replace(',', '%2C')}::{_escape_data(message)}"


def _escape_data(text: str) -> str:
    return (
        strip_control_characters(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    )


def step_summary(verdict: Verdict) -> str:
    """The status update, and below it every item with its outcome."""
    rows = [
        f"| {'**' if result.outcome in OPEN_OUTCOMES else ''}{result.outcome.value}{'**' if result.outcome in OPEN_OUTCOMES else ''}"
        f" | {_escape_cell(result.item.id)} | {_escape_cell(result.item.title)} |"
        f" {_escape_cell(first_sentence(result.why))} |"
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


def _escape_cell(text: str) -> str:
    return escape_markdown(text).replace("|", "\\|")

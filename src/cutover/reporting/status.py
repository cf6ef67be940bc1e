"""The plan's status update, ready to paste into a channel or a mail: Markdown that also reads well
as plain text.
"""

from __future__ import annotations

import re

from cutover.reporting.moments import moment
from cutover.reporting.text import utc
from cutover.reporting.words import because, next_step, place, tally, waivers
from cutover.verdict import HOLES, Verdict, Word

SPACE = re.compile(r"\s+")
MARKUP = re.compile(r"[`*\[\]\\]|<(?=[A-Za-z/!?])")


def escaped(text: str) -> str:
    """The text on one line, and without a meaning in Markdown or HTML; `p95 < 300 ms` stays as it
    is.
    """
    return MARKUP.sub(lambda found: "\\" + found.group(), SPACE.sub(" ", text))


def title(verdict: Verdict) -> str:
    """'T+60 min: Validation complete' in the plan's words; after NO-GO '… NOT complete', and
    anywhere but in production with the place before it.
    """
    words = moment(verdict.gate)
    said = words.done if verdict.is_go else words.not_done
    waived = ", with waivers" if verdict.word is Word.GO_WITH_WAIVERS else ""
    before = (
        ""
        if verdict.subject.production and verdict.subject.kind != "embedded"
        else f"{place(verdict.subject)} — "
    )
    return f"{before}{said}{waived}"


def to_markdown(verdict: Verdict) -> str:
    """The whole status update."""
    return "\n".join(
        [
            f"# {escaped(title(verdict))}",
            "",
            (
                f"**{verdict.word.value}** for {escaped(place(verdict.subject))}, release"
                f" {escaped(verdict.subject.release)}, {utc(verdict.finished)}."
            ),
            f"{tally(verdict)}.",
            "",
            *_part(
                "Why",
                (
                    [line for line in because(verdict) if line not in waivers(verdict)]
                    if not verdict.is_go
                    else []
                ),
            ),
            *_part(
                "Open",
                [
                    f"{result.item.title} ({result.item.id}): {result.outcome.value}"
                    for result in verdict.with_outcome(*HOLES)
                ],
            ),
            *_part("Waived", waivers(verdict)),
            f"**Next:** {_with_commands(next_step(verdict))}",
            "",
        ]
    )


def _part(name: str, lines: list[str]) -> list[str]:
    return [f"**{name}**", "", *(f"- {escaped(line)}" for line in lines), ""] if lines else []


def _with_commands(text: str) -> str:
    """The text escaped, but for its commands, which stand between backticks: they are our own words
    and stay code.
    """
    return "`".join(
        part if number % 2 else escaped(part) for number, part in enumerate(text.split("`"))
    )

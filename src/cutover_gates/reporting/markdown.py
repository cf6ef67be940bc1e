"""The plan's status update, ready to paste: Markdown that also reads well as plain text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from cutover_gates.core.printable import strip_control_characters
from cutover_gates.core.verdict import OPEN_OUTCOMES, Verdict, VerdictWord
from cutover_gates.reporting.gate_texts import texts_for_gate
from cutover_gates.reporting.judge_description import describe_judge
from cutover_gates.reporting.left_out import (
    ReasonLine,
    list_accepted,
    list_declared,
    list_waivers,
)
from cutover_gates.reporting.measurements import collect_measurements
from cutover_gates.reporting.next_step import describe_next_step
from cutover_gates.reporting.reasons import list_reasons
from cutover_gates.reporting.verdict_summary import (
    count_outcomes,
    describe_order,
    describe_signature,
    describe_target,
    describe_word,
    list_order_lines,
    list_step_lines,
)
from cutover_gates.util.text import format_utc

WHITESPACE = re.compile(r"\s+")
MARKUP_CHARACTERS = re.compile(
    r"[`*\[\]\\|]|~(?=~)|<(?=[A-Za-z/!?@#])|&(?=#|\w+;)|(?<!\w)_|_(?!\w)"
    r"|^ ?[#>+=~-]|^ ?\d+(?=[.)] )"
)
MENTION = re.compile(r"(?<![\w.])@(?=\w)")


def escape_markdown(text: str) -> str:
    """Return the text on one line, printable, and without a meaning in Markdown or HTML.

    `p95 < 300 ms` stays as it is: a sign that opens no tag is harmless. An @ that would mention a
    person becomes the wide one, since a backslash does not keep GitHub from sending the message.
    """
    one_line = WHITESPACE.sub(" ", strip_control_characters(text))
    escaped = MARKUP_CHARACTERS.sub(_escape_sign, one_line)
    return MENTION.sub("\N{FULLWIDTH COMMERCIAL AT}", escaped)


def _escape_sign(match: re.Match[str]) -> str:
    sign = match.group().lstrip()
    blank = match.group().removesuffix(sign)
    return f"{blank}{sign}\\" if sign.isdecimal() else f"{blank}\\{sign}"


def status_title(verdict: Verdict) -> str:
    """Return the plan's own title, such as 'T+60 min: Validation complete'.

    After NO-GO it says 'NOT complete'. Anywhere but in production the target stands before it.
    """
    if verdict.word is VerdictWord.NOT_JUDGED:
        return f"{describe_target(verdict.subject)} — NOT JUDGED"
    texts = texts_for_gate(verdict.gate)
    title = texts.done_title if verdict.is_go else texts.not_done_title
    if verdict.word is VerdictWord.GO_WITH_WAIVERS:
        title = f"{title}, with waivers"
    if verdict.subject.production and verdict.subject.kind != "embedded":
        return title
    return f"{describe_target(verdict.subject)} — {title}"


def to_markdown(verdict: Verdict) -> str:
    """Return the whole status update."""
    target = escape_markdown(describe_target(verdict.subject))
    release = escape_markdown(verdict.subject.release)
    when = format_utc(verdict.finished)
    order = escape_markdown(describe_order(verdict))
    lines = [
        *_format_order(verdict),
        f"# {escape_markdown(status_title(verdict))}",
        "",
        f"**{describe_word(verdict)}** for {target}, release {release}, {when}.",
        f"{count_outcomes(verdict)}. Evidence: {describe_signature(verdict.subject)}.",
        "",
        *_format_section("Judged by", [ReasonLine(line) for line in describe_judge(verdict)]),
        *_format_section("Why", _reasons_for_no_go(verdict)),
        *_format_section("Open", [ReasonLine(line) for line in _list_open_items(verdict)]),
        *_format_section("Steps", [ReasonLine(line) for line in list_step_lines(verdict)]),
        *_format_section("Waived", list_waivers(verdict)),
        *_format_section("Accepted", list_accepted(verdict)),
        *_format_section("Absent", list_declared(verdict)),
        *_format_measurements(verdict),
        f"**Next:** {_escape_around_commands(describe_next_step(verdict))}",
        *(["", f"**{order}**"] if order else []),
        "",
    ]
    return "\n".join(lines)


def _format_order(verdict: Verdict) -> list[str]:
    """Return the order to roll back as a title, with its reasons and its steps below it."""
    first, *others = list_order_lines(verdict) or [""]
    if not first:
        return []
    return [
        f"# {escape_markdown(first)}",
        "",
        *(f"- {escape_markdown(line)}" for line in others),
        "",
    ]


def _reasons_for_no_go(verdict: Verdict) -> list[ReasonLine]:
    """Return the reasons without what has a section of its own."""
    if verdict.is_go:
        return []
    elsewhere = [*list_waivers(verdict), *list_accepted(verdict), *list_declared(verdict)]
    return [reason for reason in list_reasons(verdict) if reason not in elsewhere]


def _list_open_items(verdict: Verdict) -> list[str]:
    return [
        f"{result.item.title} ({result.item.id}): {result.outcome.value}"
        for result in verdict.with_outcome(*OPEN_OUTCOMES)
    ]


def _format_section(name: str, reasons: Iterable[ReasonLine]) -> list[str]:
    lines = [line for reason in reasons for line in _format_reason(reason)]
    return [f"**{name}**", "", *lines, ""] if lines else []


def _format_reason(reason: ReasonLine) -> Iterator[str]:
    yield f"- {escape_markdown(reason.text)}"
    for detail in reason.details:
        yield f"  - {escape_markdown(detail.strip())}"


def _format_measurements(verdict: Verdict) -> list[str]:
    measurements = collect_measurements(verdict)
    if measurements is None:
        return []
    lines = [
        ReasonLine(f"{one.operation}, {one.requests:,} requests: {one.values}")
        for one in measurements.by_operation()
    ]
    return _format_section(measurements.title, lines)


def _escape_around_commands(text: str) -> str:
    """Return the text escaped, but for its commands between backticks, which are our own words."""
    parts = text.split("`")
    escaped = [part if number % 2 else escape_markdown(part) for number, part in enumerate(parts)]
    return "`".join(escaped)

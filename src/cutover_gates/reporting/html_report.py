"""The verdict as one HTML page that needs nothing else: no script, font, picture or network.

The template escapes everything that it shows.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from cutover_gates.core.printable import strip_control_characters
from cutover_gates.core.verdict import OPEN_OUTCOMES, ItemResult, Outcome, Verdict
from cutover_gates.reporting.causes import title_of
from cutover_gates.reporting.evidence_view import collect_illustrated_evidence
from cutover_gates.reporting.judge_description import describe_judge, list_judge_facts
from cutover_gates.reporting.left_out import EXEMPT, covered_checks
from cutover_gates.reporting.measurements import collect_measurements
from cutover_gates.reporting.next_step import describe_next_step
from cutover_gates.reporting.reasons import list_reasons
from cutover_gates.reporting.verdict_summary import (
    count_outcomes,
    describe_signature,
    describe_target,
    describe_word,
    headline,
    list_order_lines,
)
from cutover_gates.util.text import format_duration, format_utc

TEMPLATES = Path(__file__).parent / "templates"
OUTCOME_SYMBOLS = {
    Outcome.ERROR: "✗",
    Outcome.FAILED: "✗",
    Outcome.NOT_PROVEN: "?",
    Outcome.WAIVED: "!",
    Outcome.ATTESTED: "✓",
    Outcome.PASSED: "✓",
    Outcome.NOT_APPLICABLE: "-",
}


def to_html(verdict: Verdict) -> str:
    """Return the whole page."""
    style = (TEMPLATES / "verdict.css").read_text(encoding="utf-8")
    waived = [result for result in verdict.with_outcome(Outcome.WAIVED) if result.decision]
    template = _create_environment().get_template("verdict.html.j2")
    return template.render(
        verdict=verdict,
        headline=headline(verdict),
        order=list_order_lines(verdict),
        target=describe_target(verdict.subject),
        word=describe_word(verdict),
        counts=count_outcomes(verdict),
        reasons=list_reasons(verdict),
        next_step=_split_commands(describe_next_step(verdict)),
        measurements=collect_measurements(verdict),
        sections=_group_by_section(verdict),
        first_shown_in=_assign_evidence_to_items(verdict),
        waived=waived,
        exempt=EXEMPT,
        facts=[*_verdict_facts(verdict), *list_judge_facts(verdict)],
        judge=describe_judge(verdict),
        symbols=OUTCOME_SYMBOLS,
        open_outcomes=OPEN_OUTCOMES,
        style=Markup(style),  # a file of this package, not data
        policy=_content_security_policy(style),
    )


@cache
def _create_environment() -> Environment:
    # It keeps the compiled templates (40 ms): a run writes a page at its start and at its end.
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "printable": strip_control_characters,
        "utc": format_utc,
        "duration": format_duration,
        "evidence": collect_illustrated_evidence,
        "check_title": title_of,
        "covered": covered_checks,
    }
    return environment


def _content_security_policy(style: str) -> str:
    """Return a policy that loads and runs nothing, and allows the one stylesheet by its hash.

    With the hash, not even an injected `style` counts.
    """
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _group_by_section(verdict: Verdict) -> dict[str, list[ItemResult]]:
    """Return the items under their headings, both in the order of the plan."""
    sections: dict[str, list[ItemResult]] = {}
    for result in verdict.items:
        sections.setdefault(result.item.section, []).append(result)
    return sections


def _assign_evidence_to_items(verdict: Verdict) -> dict[str, str]:
    """Return for each check the first item that has it: that one shows its evidence.

    The other items of the check point there.
    """
    first: dict[str, str] = {}
    for result in verdict.items:
        for check in result.checks:
            first.setdefault(check.check, result.item.id)
    return first


def _split_commands(text: str) -> list[tuple[bool, str]]:
    """Return the parts of a text, and for each whether it is a command (between backticks)."""
    return [(number % 2 == 1, part) for number, part in enumerate(text.split("`"))]


def _verdict_facts(verdict: Verdict) -> list[tuple[str, str]]:
    """Return what the verdict is bound to, for the foot of the page."""
    subject = verdict.subject
    return [
        ("Gate", verdict.gate),
        ("Target", f"{subject.target}, {subject.kind}"),
        ("Where", describe_target(subject)),
        ("Address", subject.address),
        ("Release under judgement", subject.release),
        ("Release that the target reported", subject.reported_release or "none reported"),
        *(
            (f"Asked {answers.asked} times {answers.moment}", answers.describe() or "none reported")
            for answers in subject.release_answers
        ),
        ("Migration version", subject.migration or "none reported"),
        ("Suite", f"{subject.suite_version}, commit {subject.suite_commit}"),
        ("What was asked, SHA-256", subject.settings),
        ("Run on host", subject.host),
        ("Evidence", describe_signature(subject)),
        ("Started", format_utc(verdict.started)),
        ("Finished", format_utc(verdict.finished)),
    ]

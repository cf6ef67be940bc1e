"""The verdict as one HTML page that needs nothing else: no script, no font, no picture, no network.

Everything shown is escaped by the template.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from cutover_gates.core.verdict import OPEN_OUTCOMES, ItemResult, Outcome, Verdict
from cutover_gates.reporting.evidence_view import collect_illustrated_evidence
from cutover_gates.reporting.verdict_summary import (
    count_outcomes,
    describe_next_step,
    describe_target,
    headline,
    list_reasons,
)
from cutover_gates.util.text import format_duration, format_utc, strip_control_characters

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
    """The whole page."""
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
        "lasting": format_duration,
        "illustrated": collect_illustrated_evidence,
    }
    style = (TEMPLATES / "verdict.css").read_text(encoding="utf-8")
    return environment.get_template("verdict.html.j2").render(
        verdict=verdict,
        headline=headline(verdict),
        place=describe_target(verdict.subject),
        tally=count_outcomes(verdict),
        because=list_reasons(verdict),
        next_step=_split_commands(describe_next_step(verdict)),
        sections=_group_by_section(verdict),
        first_shown_in=_assign_evidence_to_items(verdict),
        waived=[result for result in verdict.with_outcome(Outcome.WAIVED) if result.decision],
        facts=_verdict_facts(verdict),
        marks=OUTCOME_SYMBOLS,
        holes=OPEN_OUTCOMES,
        style=Markup(style),  # a file of this package, not data
        policy=_content_security_policy(style),
    )


def _content_security_policy(style: str) -> str:
    """Nothing may be loaded or run; the one stylesheet is allowed by its hash, so that not even an
    injected `style` would count.
    """
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _group_by_section(verdict: Verdict) -> dict[str, list[ItemResult]]:
    """The items under their headings, both in the plan's order."""
    sections: dict[str, list[ItemResult]] = {}
    for result in verdict.items:
        sections.setdefault(result.item.section, []).append(result)
    return sections


def _assign_evidence_to_items(verdict: Verdict) -> dict[str, str]:
    """For each check the item that shows its evidence: the first.

    The others that it is tied to point there.
    """
    first: dict[str, str] = {}
    for result in verdict.items:
        for check in result.checks:
            first.setdefault(check.check, result.item.id)
    return first


def _split_commands(text: str) -> list[tuple[bool, str]]:
    """(is it a command, the text) in order: commands stand between backticks."""
    return [(number % 2 == 1, part) for number, part in enumerate(text.split("`"))]


def _verdict_facts(verdict: Verdict) -> list[tuple[str, Any]]:
    """What the verdict is bound to, for the foot of the page."""
    subject = verdict.subject
    return [
        ("Gate", verdict.gate),
        ("Target", f"{subject.target}, {subject.kind}"),
        ("Where", describe_target(subject)),
        ("Address", subject.address),
        ("Release under judgement", subject.release),
        ("Release that the target reported", subject.reported_release or "none reported"),
        ("Migration version", subject.migration or "none reported"),
        ("Suite", f"{subject.suite_version}, commit {subject.suite_commit}"),
        ("Settings, SHA-256", subject.settings),
        ("Run on host", subject.host),
        ("Started", format_utc(verdict.started)),
        ("Finished", format_utc(verdict.finished)),
    ]

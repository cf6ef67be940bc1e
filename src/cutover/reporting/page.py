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

from cutover.reporting.exhibits import illustrated
from cutover.reporting.text import lasting, printable, utc
from cutover.reporting.words import because, headline, next_step, place, tally
from cutover.verdict import HOLES, ItemResult, Outcome, Verdict

TEMPLATES = Path(__file__).parent / "templates"
MARKS = {
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
        "printable": printable,
        "utc": utc,
        "lasting": lasting,
        "illustrated": illustrated,
    }
    style = (TEMPLATES / "verdict.css").read_text(encoding="utf-8")
    return environment.get_template("verdict.html.j2").render(
        verdict=verdict,
        headline=headline(verdict),
        place=place(verdict.subject),
        tally=tally(verdict),
        because=because(verdict),
        next_step=_commands_apart(next_step(verdict)),
        sections=_sections(verdict),
        first_shown_in=_first_shown_in(verdict),
        waived=[result for result in verdict.with_outcome(Outcome.WAIVED) if result.decision],
        facts=_facts(verdict),
        marks=MARKS,
        holes=HOLES,
        style=Markup(style),  # a file of this package, not data
        policy=_policy(style),
    )


def _policy(style: str) -> str:
    """Nothing may be loaded or run; the one stylesheet is allowed by its hash, so that not even an
    injected `style` would count.
    """
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _sections(verdict: Verdict) -> dict[str, list[ItemResult]]:
    """The items under their headings, both in the plan's order."""
    sections: dict[str, list[ItemResult]] = {}
    for result in verdict.items:
        sections.setdefault(result.item.section, []).append(result)
    return sections


def _first_shown_in(verdict: Verdict) -> dict[str, str]:
    """For each check the item that shows its evidence: the first.

    The others that it is tied to point there.
    """
    first: dict[str, str] = {}
    for result in verdict.items:
        for check in result.checks:
            first.setdefault(check.check, result.item.id)
    return first


def _commands_apart(text: str) -> list[tuple[bool, str]]:
    """(is it a command, the text) in order: commands stand between backticks."""
    return [(number % 2 == 1, part) for number, part in enumerate(text.split("`"))]


def _facts(verdict: Verdict) -> list[tuple[str, Any]]:
    """What the verdict is bound to, for the foot of the page."""
    subject = verdict.subject
    return [
        ("Gate", verdict.gate),
        ("Target", f"{subject.target}, {subject.kind}"),
        ("Where", place(subject)),
        ("Address", subject.address),
        ("Release under judgement", subject.release),
        ("Release that the target reported", subject.reported_release or "none reported"),
        ("Migration version", subject.migration or "none reported"),
        ("Suite", f"{subject.suite_version}, commit {subject.suite_commit}"),
        ("Settings, SHA-256", subject.settings),
        ("Run on host", subject.host),
        ("Started", utc(verdict.started)),
        ("Finished", utc(verdict.finished)),
    ]

"""Each rule has one id, says why it matters and what to do, and stands in `docs/rules/`."""

from __future__ import annotations

import re
from pathlib import Path

from cutover_gates.reporting.rule_catalog import load_rules
from docs.rule_pages import rule_pages

PAGES = Path(__file__).resolve().parents[3] / "docs" / "rules"
ID = re.compile(r"[A-Z][A-Z0-9]+-\d{3}")


def test_every_rule_has_an_id_and_says_what_it_means() -> None:
    for rule in load_rules().values():
        assert ID.fullmatch(rule.id), rule
        assert all((rule.title, rule.why, rule.fix)), rule
        assert not rule.title.endswith("."), rule


def test_the_pages_of_the_rules_are_those_that_the_code_makes() -> None:
    """`python -m docs.generate` writes them; whoever changes a rule runs that."""
    pages = rule_pages()
    for name, page in pages.items():
        assert (PAGES / name).read_text(encoding="utf-8") == page, name
    assert {path.name for path in PAGES.glob("*.md")} == set(pages)

"""An order to roll back is the first and the last line of every form of a verdict."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from rich.console import Console

from cutover_gates.core.verdict import Verdict
from cutover_gates.reporting.html_report import to_html
from cutover_gates.reporting.markdown import to_markdown
from cutover_gates.reporting.next_step import describe_next_step
from cutover_gates.reporting.terminal import print_verdict
from cutover_gates.reporting.verdict_json import to_json
from tests.unit.reporting.sample_verdicts import sample_verdict

FIRST = (
    "ROLL BACK NOW: error-rate of new: 10 of 200 requests (5.00%) failed (limit: more than 1.00%)"
)
ORDER = f"{FIRST}\n  Value: 10 of 200.\n1. Stop traffic: kubectl scale\x1b[31m\n{FIRST}\n"
SCHEMA = Path(__file__).resolve().parents[3] / "reports/verdict.schema.json"


@pytest.fixture
def ordered() -> Verdict:
    """Provide a verdict with an order."""
    return replace(sample_verdict(gate="phase3"), rollback_order=ORDER)


def test_on_the_terminal(ordered: Verdict) -> None:
    out = io.StringIO()
    print_verdict(ordered, Console(file=out, width=60), Path("reports/runs/x"))
    lines = [line for line in out.getvalue().splitlines() if line.strip()]
    assert lines[0] == lines[-1] == FIRST
    assert lines[2].startswith("1. Stop traffic")
    assert "\x1b" not in out.getvalue()


def test_in_the_status_update(ordered: Verdict) -> None:
    lines = [line for line in to_markdown(ordered).splitlines() if line.strip()]
    assert lines[0] == f"# {FIRST}"
    assert lines[-1] == f"**{FIRST}**"


def test_on_the_page(ordered: Verdict) -> None:
    body = to_html(ordered).partition("<body>")[2]
    assert body.index(FIRST) < body.index("<header")
    assert body.rindex(FIRST) > body.index("</footer>")


def test_in_the_document(ordered: Verdict) -> None:
    document = to_json(ordered)
    jsonschema.validate(document, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert document["rollback_order"] == ORDER
    assert "rollback_order" not in to_json(sample_verdict(gate="phase3"))


def test_the_next_step_is_the_rollback(ordered: Verdict) -> None:
    assert describe_next_step(ordered).startswith("Roll back now")
    assert "pytest -m rollback" in describe_next_step(ordered)

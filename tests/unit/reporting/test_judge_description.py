"""What judged, in words: nothing near the word of a plain run, and a line for each other thing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cutover_gates.core.judged_by import (
    ChangedFile,
    HashedFile,
    Invocation,
    JudgedBy,
    LooseLimit,
    PluginOrigin,
    SettingsSources,
    SuiteOrigin,
    SuiteState,
)
from cutover_gates.core.verdict import Verdict
from cutover_gates.reporting.html_report import to_html
from cutover_gates.reporting.judge_description import describe_judge, list_judge_facts
from cutover_gates.reporting.markdown import to_markdown
from tests.unit.reporting.sample_verdicts import sample_verdict

SUITE = SuiteOrigin(SuiteState.SHIPPED, "abc", "1" * 64)
PLAN = HashedFile("plan", "plan.toml", "3" * 64, 24)
PLAIN = JudgedBy(
    SUITE,
    files=(PLAN, HashedFile("migration script", "V1.sql", "4" * 64)),
    invocation=Invocation(words=("-m", "phase3"), environment={"PYTHONUNBUFFERED": "1"}),
    settings=SettingsSources(("target", "release"), ("target",), ("targets.x.database.dsn",)),
    loose_limits=(LooseLimit("performance.resources.cpu_cores", "4", "1", is_size=True),),
)


def verdict(**changed: Any) -> Verdict:
    """Return a GO of a plain run, with some parts of what judged changed."""
    made = sample_verdict()
    return replace(made, subject=replace(made.subject, judged_by=replace(PLAIN, **changed)))


def suite(state: SuiteState, **changed: Any) -> SuiteOrigin:
    return replace(SUITE, state=state, **changed)


def test_a_plain_run_says_nothing_near_the_word() -> None:
    assert describe_judge(verdict()) == []
    assert describe_judge(sample_verdict()) == []
    assert "Judged by" not in to_markdown(verdict())


MANY = tuple(f"smoke/test_own.py::test_{number}" for number in range(7))


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        (
            {"suite": suite(SuiteState.WITH_OWN, own_checks=MANY[:1])},
            "Suite: the shipped suite with 1 own check: smoke/test_own.py::test_0.",
        ),
        (
            {"suite": suite(SuiteState.OWN_ONLY, own_checks=MANY)},
            f"Suite: 7 own checks only, no shipped one: {', '.join(MANY[:5])} and 2 more"
            " (verdict.json).",
        ),
        (
            {
                "suite": suite(
                    SuiteState.CHANGED,
                    own_checks=MANY[:2],
                    changed=(ChangedFile("smoke/test_visits.py", "changed"),),
                )
            },
            "Suite: a shipped file was changed: smoke/test_visits.py (changed); and 2 own checks.",
        ),
        (
            {"suite": suite(SuiteState.UNKNOWN)},
            "Suite: the shipped files cannot be compared with what was shipped.",
        ),
        (
            {"own_plan": True},
            "Plan: not the shipped one, but plan.toml (24 items, SHA-256 333333333333).",
        ),
        (
            {"plugins": (PluginOrigin("pytest-x", "1.2", "/x", "distribution"),)},
            "Plugins beyond the usual: pytest-x 1.2.",
        ),
        (
            {"invocation": Invocation(overrides=("a=1",), environment={"PYTEST_ADDOPTS": "-k x"})},
            "Called with: PYTEST_ADDOPTS=-k x, -o a=1.",
        ),
        (
            {
                "invocation": Invocation(
                    words=("-p", "evil", "-p", "no:x", "--rootdir=/a", "-c", "b")
                )
            },
            "Called with: -p evil, --rootdir=/a, -c b.",
        ),
        (
            {"files": (PLAN, HashedFile("own module", "httpx.py", "5" * 64))},
            "Modules that are of no library: httpx.py.",
        ),
        (
            {"settings": SettingsSources(("release", "targets.x.url"))},
            "Settings from the environment: targets.x.url.",
        ),
        (
            {"loose_limits": (LooseLimit("performance.error_rate", "0.01", "0.001"),)},
            "Limits looser than the defaults: performance.error_rate = 0.01 (default 0.001).",
        ),
    ],
)
def test_whatever_is_not_plain_has_its_line(changed: dict[str, Any], line: str) -> None:
    assert describe_judge(verdict(**changed)) == [line]
    assert "**Judged by**" in to_markdown(verdict(**changed))


def test_a_name_cannot_write_on_the_terminal_or_the_page() -> None:
    evil = verdict(plugins=(PluginOrigin("\x1b[2Jevil<script>", "", "/x", "module"),))
    (line,) = describe_judge(evil)
    assert "\x1b" not in line
    assert "<script>" not in to_html(evil)


def test_the_foot_of_the_page_has_everything() -> None:
    facts = dict(list_judge_facts(verdict()))
    assert facts["Judged by"] == "the shipped suite"
    assert facts["Plan"] == f"plan.toml, SHA-256 {'3' * 64}"
    assert facts["Migration scripts"] == "1"
    assert facts["Command line"] == "pytest -m phase3"
    assert facts["Secrets from the environment"] == "targets.x.database.dsn"
    assert facts["Limits looser than the defaults"] == "performance.resources.cpu_cores = 4"
